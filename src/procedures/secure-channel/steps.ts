import { executedColumns } from '../../dialects/channels.js';
import {
  changeSource,
  channelStatus,
  startReplica,
  stopReplica,
  type ChannelTls,
  type Start,
} from '../../dialects/replication-statements.js';
import type { LoginAction, Statement } from '../../domain/action.js';
import { isFurther } from '../../domain/log-position.js';
import type { Channel, LogPosition } from '../../domain/snapshot.js';
import type { Seen, Step, Undo } from '../../engine/procedure.js';
import { change, received } from '../actions.js';
import { viewOf } from '../view.js';
import { endHalfApplied } from '../primary/end-sessions.js';
import { hasTls } from '../primary/channel-tls.js';
import type { Subject } from './subject.js';

/** Where it stands in a plan of more than this one channel. */
export interface Placed {
  /** Before its steps' names and its notes. Default none. */
  readonly prefix?: string;
  /** Whether the plan has passed its commit point before this. Default false: its CHANGE is that point. */
  readonly committed?: boolean;
}

/**
 * Until the CHANGE is seen everything is taken back; from then on it only goes forward: a channel that is safe and
 * does not replicate is for a human, for the way back would be plaintext. Every `done` before it also holds once the
 * channel is secured, so that a run that goes on beyond it does none of them again.
 */
export function stepsFor(subject: Subject, tls: ChannelTls, placed: Placed = {}): readonly Step[] {
  const { runs, way, rehearsal } = subject;
  const { prefix = '', committed = false } = placed;
  const notes = notesOf(prefix);
  const steps = [
    ...(rehearsal === 'full' ? [rehearse(subject, tls, notes)] : []),
    ...(way === 'drained' ? [drain(subject, tls, notes)] : []),
    stop(subject, tls, notes),
    repoint(subject, tls, notes),
    ...(runs.io || runs.sql ? [start(subject)] : []),
    ...(runs.io ? [verify(subject, tls)] : []),
  ];
  return steps.map(({ commits, section, ...step }) => ({
    ...step,
    id: `${prefix}${step.id}`,
    ...(section === undefined ? {} : { section: `${prefix}${section}` }),
    ...(commits === true && !committed ? { commits } : {}),
  }));
}

function notesOf(prefix: string) {
  return {
    rehearsed: `${prefix}rehearsed`,
    file: `${prefix}executed-file`,
    position: `${prefix}executed-position`,
    drained: { file: `${prefix}received-file`, position: `${prefix}received-position` },
  };
}

type Names = ReturnType<typeof notesOf>;

function rehearse({ words, channel, sourceWords, replica }: Subject, tls: ChannelTls, { rehearsed }: Names): Step {
  const { host, port, user } = channel.source;
  const { caFile, certFile, keyFile, verify: name } = tls;
  const login: LoginAction = {
    kind: 'login',
    to: { host, port },
    user,
    password: 'replication',
    filesOf: replica.name,
    tls: { caFile, certFile, keyFile, verify: name },
    noteAs: rehearsed,
  };
  return {
    id: 'rehearse',
    title: `Log in to ${sourceWords} as ${words} will, with the same files`,
    plan: [login],
    done: ({ notes }) => notes[rehearsed] !== undefined,
  };
}

/** Of the last transaction it may have received only half: that is fetched anew, and nobody waits for it. */
function drain(subject: Subject, tls: ChannelTls, { drained }: Names): Step {
  const { words, channel, column, replica } = subject;
  const applied = (now: Channel, notes: Seen['notes']) => {
    const [file, position] = [notes[drained.file], notes[drained.position]];
    if (file === undefined) return false;
    const end = { file, position: Number(position) };
    return same(now.executed, end) || isFurther(now.executed, end);
  };
  return {
    id: 'drain',
    title: `Stop receiving on ${words}, and wait until it has applied what it received`,
    plan: [
      change(replica.name, stopReplica(column, channel.name, 'io')),
      received(replica.name, column, channel.name, drained),
    ],
    done: seenOn(subject, (now, { notes }) => hasTls(now, tls) || (now.io === 'stopped' && applied(now, notes))),
    undo: startedAgain(subject),
    within: 120,
  };
}

/** In file and position mode it learns where the applier stands: a CHANGE that names the host begins anew without it. */
function stop(subject: Subject, tls: ChannelTls, { file, position }: Names): Step {
  const { words, channel, column, replica, way } = subject;
  const beside = way === 'beside';
  const columns = executedColumns(column);
  const where: Statement = {
    ...channelStatus(column, channel.name),
    notes: { [columns.file]: file, [columns.position]: position },
  };
  const standing = seenOn(
    subject,
    (now, { notes }) =>
      hasTls(now, tls) ||
      (now.io === 'stopped' && (beside || now.sql === 'stopped') && (!byPosition(channel) || file in notes)),
  );
  return {
    id: 'stop',
    section: 'repoint',
    title: beside
      ? `Stop receiving on ${words}; it goes on applying`
      : `Stop ${words}${byPosition(channel) ? ', and note how far it has applied' : ''}`,
    plan: [
      ...(beside ? [] : endHalfApplied(replica.name, column, channel.name)),
      change(
        replica.name,
        stopReplica(column, channel.name, beside ? 'io' : undefined),
        ...(byPosition(channel) ? [where] : []),
      ),
    ],
    done: standing,
    undo: startedAgain(subject),
    within: 90,
  };
}

function repoint(subject: Subject, tls: ChannelTls, notes: Names): Step {
  const { words, channel, column, replica, rehearsal } = subject;
  const { host, port, user } = channel.source;
  const statement = changeSource(column, channel.name, {
    host,
    port,
    // What was rehearsed is what it gets; what was not stays.
    login: rehearsal === 'full' ? { user, password: { secret: 'replication' } } : undefined,
    from: startOf(subject, notes),
    tls,
    ...(channel.heartbeatPeriodSeconds === undefined ? {} : { heartbeatPeriodSeconds: channel.heartbeatPeriodSeconds }),
  });
  return {
    id: 'repoint',
    section: 'repoint',
    title: `Let ${words} read from ${host}:${port} over TLS alone${tls.verify ? ', and verify that it is that server' : ''}`,
    plan: [change(replica.name, statement)],
    done: seenOn(subject, (now) => hasTls(now, tls)),
    commits: true,
  };
}

function start(subject: Subject): Step {
  const { words, runs } = subject;
  return {
    id: 'start',
    title: runs.io && runs.sql ? `Start ${words}` : `Start the ${runs.io ? 'IO' : 'SQL'} thread of ${words}`,
    plan: [change(subject.replica.name, started(subject))],
    done: seenOn(subject, (now) => (!runs.io || now.io !== 'stopped') && (!runs.sql || now.sql === 'running')),
    attempts: 3,
  };
}

/** From both sides: what the replica is configured for and what the source sees of the stream, where it can tell. */
function verify(subject: Subject, tls: ChannelTls): Step {
  const { words, runs, replica, channel } = subject;
  return {
    id: 'verify',
    title: `See ${words} replicate over TLS, on both ends`,
    plan: [],
    done: seenOn(
      subject,
      (now, seen) =>
        hasTls(now, tls) &&
        now.io === 'running' &&
        (!runs.sql || now.sql === 'running') &&
        viewOf(seen).channelRelation(replica.name, channel.name)?.tls.negotiated === true,
    ),
    within: 90,
  };
}

function startedAgain(subject: Subject): Undo {
  const { runs } = subject;
  return {
    plan: runs.io || runs.sql ? [change(subject.replica.name, started(subject))] : [],
    done: seenOn(subject, (now) => (!runs.io || now.io !== 'stopped') && (!runs.sql || now.sql === 'running')),
  };
}

/** Those threads that ran before, or would have. */
function started({ column, channel, runs }: Subject): Statement {
  return startReplica(column, channel.name, runs.io && runs.sql ? undefined : runs.io ? 'io' : 'sql');
}

function startOf({ channel, way }: Subject, { file, position }: Names): Start {
  switch (channel.gtid.mode) {
    case 'off':
      return { file: { note: file }, position: { note: position, as: 'number' } };
    case 'current_pos':
      return 'current_pos';
    case 'slave_pos':
      return 'gtid';
    case 'auto':
      return way === 'beside' ? 'kept' : 'gtid';
  }
}

function byPosition({ gtid }: Channel): boolean {
  return gtid.mode === 'off';
}

function seenOn({ replica, channel }: Subject, test: (now: Channel, seen: Seen) => boolean): (seen: Seen) => boolean {
  return (seen) => {
    const now = viewOf(seen).channel(replica.name, channel.name);
    return now !== undefined && test(now, seen);
  };
}

function same(one: LogPosition, other: LogPosition): boolean {
  return one.file === other.file && one.position === other.position;
}
