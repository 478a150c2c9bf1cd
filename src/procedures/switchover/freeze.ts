import {
  coordinatesOf,
  deadManSwitch,
  gtidPosition,
  isAsleep,
  killSession,
  notedCoordinates,
  notedGtid,
  openServer,
  ownLock,
  ownNumber,
  ownSessions,
  ownUnlock,
  sameCoordinates,
  waitForCoordinates,
  waitForGtid,
} from '../../dialects/primary-statements.js';
import { strongest } from '../../dialects/read-only.js';
import { startReplica, stopReplica } from '../../dialects/replication-statements.js';
import {
  plainSql,
  sql,
  type Action,
  type KillAction,
  type SessionName,
  type SqlAction,
  type Statement,
} from '../../domain/action.js';
import { pauseNotes } from '../../domain/write-pause.js';
import type { Seen, Step, Undo } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { announcing } from '../primary/announce.js';
import { isShut } from '../primary/close.js';
import { channelOf } from '../primary/follow.js';
import { frozen, hasApplied, hasExecuted, notedPosition, opened } from '../primary/positions.js';
import { isOpen } from '../primary/promote.js';
import { viewOf } from '../view.js';
import { byGtid, needsCoordinates, type Subject } from './subject.js';

export const section = 'switch';
/** The session that stands by to end a freeze. */
const watcher = { note: 'watcher', as: 'number' } as const;

/** How long a freeze waits for each lock that it needs, seconds; whoever wants to write waits behind it. */
const lockWait = 1;
/** How long the candidate may take inside the freeze, seconds: all of it is to be over before the freeze ends by itself. */
const catchUpWithin = 2;
/** After so many seconds without a word of ours a freeze ends by itself. */
const lockLives = 4;
const sleeps = 3;
/** Once it is closed for good the lock waits for the announcers, as long as any session that still speaks now and then, seconds. */
const closedLives = 15;

/** Up to the commit point: four round trips from the first statement that stops writes to the one that lets them go on. */
export function freezeSteps(subject: Subject): readonly Step[] {
  return [freeze(subject), catchUp(subject), close(subject)];
}

export function lockOn({ old }: Subject, ...statements: readonly Statement[]): SqlAction {
  return { kind: 'sql', on: old.name, session: 'lock', statements };
}

function freeze(subject: Subject): Step {
  const { old } = subject;
  const locks = old.column.flavour === 'mariadb';
  const position = [
    notedGtid(old.column, frozen),
    ...(needsCoordinates(subject) ? [notedCoordinates(old.column, frozen)] : []),
  ];
  const wait = sql`SET SESSION lock_wait_timeout = ${lockWait}`;
  const before = locks ? [] : arm(subject);
  const stops = locks
    ? [sql`SET SESSION wait_timeout = ${lockLives}`, plainSql('FLUSH TABLES WITH READ LOCK')]
    : [plainSql(`SET GLOBAL ${strongest(old.column)}`)];
  const plan: readonly Action[] = [
    ...before,
    ...announcing(subject.site, 'hold', old.server, { noteAs: 'held', mayFail: true }),
    lockOn(subject, wait, ...stops, ...position),
  ];
  return {
    id: 'freeze',
    section,
    title: locks
      ? `Lock all writes of ${old.name}, and note where it stopped: the lock ends with its session`
      : `Make ${old.name} read-only, and note where it stopped: after ${sleeps} s it would open itself again`,
    plan,
    done: ({ notes }) => notes[frozen.gtid] !== undefined,
    undo: thaw(subject),
    // Who is held waits from then on.
    moments: { before: { action: before.length, note: pauseNotes.began } },
    within: 10,
    attempts: 2,
  };
}

/** MySQL's freeze outlives its session: a second one that opens the server again stands by before it begins. */
function arm(subject: Subject): readonly Action[] {
  const { old } = subject;
  const watch = (statements: readonly Statement[]) =>
    ({ kind: 'sql', on: old.name, session: 'watch', statements }) as const;
  return [
    ...endOwn(subject, 'watch'),
    watch([{ ...ownNumber(), notes: { id: watcher.note } }]),
    { ...watch(deadManSwitch(old.column, sleeps)), detached: true },
    change(old.name, isAsleep(watcher)),
  ];
}

/** Ended on the server, not only left: what they were at work on is over. */
function endOwn({ old }: Subject, ...names: readonly ('lock' | 'watch')[]): readonly Action[] {
  const kill: KillAction = {
    kind: 'kill',
    on: old.name,
    session: 'control',
    select: ownSessions(...names),
    whose: `our own session${names.length === 1 ? '' : 's'} ${names.map((name) => `"${name}"`).join(' and ')}`,
  };
  return [kill, ...names.map((session): Action => ({ kind: 'release', on: old.name, session }))];
}

function thaw(subject: Subject): Undo {
  const { old, site } = subject;
  const locks = old.column.flavour === 'mariadb';
  const restore = announcing(site, 'hold', old.server).length === 0 ? [] : announcing(site, 'restore', old.server);
  const free = (seen: Seen, ...names: readonly SessionName[]) =>
    names.every((name) => !seen.held.has(`${old.name}/${name}`)) && seen.announcements?.some(({ holding }) => holding) !== true; // prettier-ignore
  if (locks)
    return {
      plan: [{ kind: 'release', on: old.name, session: 'lock' }, ...restore],
      done: (seen) => free(seen, 'lock'),
    };
  const reopen = change(
    old.name,
    ownLock('watch', 5),
    ownLock('lock', 5),
    ...openServer(old.column),
    ownUnlock('lock'),
    ownUnlock('watch'),
  );
  return {
    plan: [...endOwn(subject, 'watch', 'lock'), reopen, ...restore],
    done: (seen) => isOpen(seen, old.name) && free(seen, 'lock', 'watch'),
  };
}

function catchUp(subject: Subject): Step {
  const { old, to } = subject;
  const { name, column, channel } = to;
  const at = { replica: name, channel: channel.name };
  const gtid = byGtid(to);
  const stops = needsCoordinates(subject);
  const wait = gtid
    ? waitForGtid(column, { note: frozen.gtid }, catchUpWithin)
    : waitForCoordinates(column, channel.name, coordinatesOf(frozen), catchUpWithin);
  const step: Step = {
    id: 'catch-up',
    section,
    title: `Wait until ${name} has all of ${old.name}${stops ? ', stop it there, and note where its own log ends' : ''}`,
    plan: [change(name, wait, ...(stops ? [stopReplica(column, channel.name), notedCoordinates(column, opened)] : []))],
    done: (seen) =>
      gtid
        ? hasApplied(viewOf(seen).server(name)?.facts, seen.notes[frozen.gtid])
        : hasExecuted(channelOf(seen, at), notedPosition(seen.notes, frozen)),
    within: catchUpWithin + 3,
  };
  if (!stops) return step;
  return {
    ...step,
    undo: {
      plan: [change(name, startReplica(column, channel.name))],
      done: (seen) => {
        const now = channelOf(seen, at);
        return now !== undefined && now.io !== 'stopped' && now.sql === 'running';
      },
    },
  };
}

/** Behind the commit record: from here on nothing reopens the old primary by itself, and the proof that it held all along. */
function close(subject: Subject): Step {
  const { old } = subject;
  const position: readonly Statement[] = [
    { ...gtidPosition(old.column), expect: { note: frozen.gtid } },
    ...(needsCoordinates(subject) ? [sameCoordinates(old.column, frozen)] : []),
  ];
  // One that had started again was read-only before its freeze, and no less to be disarmed.
  const done = (seen: Seen) => seen.notes[frozen.gtid] !== undefined && isShut(seen, old.name);
  const step = { id: 'close', section, afterRecord: true, done, within: 5 } as const;
  if (old.column.flavour === 'mariadb')
    return {
      ...step,
      title: `Close ${old.name} under its lock; it must stand where it stopped`,
      plan: [
        {
          ...lockOn(
            subject,
            plainSql(`SET GLOBAL ${strongest(old.column)}`),
            ...position,
            sql`SET SESSION wait_timeout = ${closedLives}`,
          ),
          sameSession: true,
        },
      ],
      undo: {
        plan: [
          ...endOwn(subject, 'lock'),
          change(old.name, ownLock('lock', 5), ...openServer(old.column), ownUnlock('lock')),
        ],
        done: (seen) => isOpen(seen, old.name),
      },
    };
  return {
    ...step,
    title: `Disarm what would open ${old.name} again; it must be closed still, and stand where it stopped`,
    plan: [
      change(
        old.name,
        killSession(watcher),
        ownLock('watch', 1),
        { ...plainSql('SELECT @@GLOBAL.super_read_only AS closed'), expect: 1 },
        ...position,
      ),
    ],
  };
}
