import type { Column } from '../../dialects/capabilities.js';
import { channelStatus, resetReplica, startReplica, stopReplica } from '../../dialects/replication-statements.js';
import {
  coordinatesOf,
  notedCoordinates,
  notedGtid,
  waitForCoordinates,
  waitForGtid,
  type PositionNotes,
} from '../../dialects/primary-statements.js';
import { receivedColumns } from '../../dialects/channels.js';
import { domainsElsewhere, type Candidate } from '../../domain/candidates.js';
import { deathOf } from '../../domain/death.js';
import { plainSql, sql, type Statement } from '../../domain/action.js';
import type { Site } from '../../domain/scene.js';
import type { Channel, ServerName, ServerSnapshot } from '../../domain/snapshot.js';
import { lastSignOfLife, pauseNotes } from '../../domain/write-pause.js';
import type { Notes, Seen, Step, Undo } from '../../engine/procedure.js';
import { change, received } from '../actions.js';
import { announce, announced, announcing } from '../primary/announce.js';
import { endHalfApplied } from '../primary/end-sessions.js';
import { follow, isFollowing } from '../primary/follow.js';
import { mark } from '../primary/mark.js';
import { notedPosition, opened } from '../primary/positions.js';
import { isOpen, promote } from '../primary/promote.js';
import { waitingOf, waitingStatements, type Waiting } from '../primary/semi-sync.js';
import { columnOf, viewOf } from '../view.js';
import { keepClosed, stillStands } from './returned.js';
import { evidenceOf, type Sight } from './sight.js';

/** How long what was received may take to be applied, seconds. */
const drainWithin = 600;
/** In one section, so that nothing comes between the last look at the dead and the promotion but what it takes. */
const section = 'promote';

/**
 * Until the promotion is seen everything is taken back: replicas receive again, clients go on. Then it only goes
 * forward. Every step before it counts as done once the new primary is open.
 */
export function stepsFor(sight: Sight, candidate: Candidate, site: Site, unfenced: boolean): readonly Step[] {
  const { primary, replicas, others, returned } = sight;
  const fence = unfenced ? undefined : fenceCommand(sight, site);
  return [
    ...hold(sight, candidate, site),
    ...(returned === undefined
      ? [
          ...(fence === undefined ? [] : [fenceStep(primary, fence, candidate.server)]),
          stillGone(sight, candidate.server, fence !== undefined),
        ]
      : [keepClosed(sight, candidate)]),
    ...replicas.map((replica) => stopReceiving(replica.server.name, columnOfReplica(replica), replica.channel, candidate.server)), // prettier-ignore
    drain(sight, candidate),
    ...(replicas.length > 1 ? [contain(sight, candidate)] : []),
    stopApplying(candidate),
    ...(returned === undefined ? [] : [stillStands(sight, candidate, section)]),
    promoteStep(sight, candidate),
    ...announce(site, serverOf(sight, candidate.server)),
    ...others.moved.flatMap((following) => follow(following)),
    verify(sight, candidate),
    forget(candidate),
    mark(candidate.server, columnOf(candidate.facts), others.moved, drainWithin),
    ...announced(site, serverOf(sight, candidate.server)),
  ];
}

/** Clients are kept waiting, where announcers can, for a time that ends by itself; what fails there stops no failover. */
function hold(sight: Sight, candidate: Candidate, site: Site): readonly Step[] {
  const gone = serverOf(sight, sight.primary);
  const plan = announcing(site, 'hold', gone, { noteAs: 'held', mayFail: true });
  if (plan.length === 0) return [];
  return [
    {
      id: 'hold',
      title: `Keep clients waiting (${plan.flatMap(({ announcers }) => announcers).join(', ')})`,
      plan,
      done: (seen) => seen.notes['held'] !== undefined || isOpen(seen, candidate.server),
      undo: {
        plan: announcing(site, 'restore', gone),
        done: ({ announcements = [] }) => !announcements.some(({ holding }) => holding),
      },
    },
  ];
}

/** The command that stops the dead one's server on its machine. */
export function fenceCommand({ rules, primary }: Sight, site: Site): readonly string[] | undefined {
  const server = site.servers.find(({ name }) => name === primary);
  if (rules.fence === undefined || server?.host === undefined) return undefined;
  const words: Readonly<Record<string, string>> = { '{server}': server.name, '{host}': server.address.host };
  return rules.fence.map((word) => word.replaceAll(/\{(?:server|host)\}/g, (found) => words[found] ?? found));
}

function fenceStep(primary: ServerName, argv: readonly string[], candidate: ServerName): Step {
  return {
    id: 'fence',
    title: `Stop the server of ${primary} on its machine, so that it cannot come back and acknowledge`,
    plan: [{ kind: 'program', on: primary, argv, noteAs: 'fenced' }],
    done: (seen) => seen.notes['fenced'] === '0' || isOpen(seen, candidate),
    within: 60,
  };
}

/** Looked at, and nothing sent: one that gives any sign of life, to whomever, is not replaced. */
function stillGone({ primary, rules }: Sight, candidate: ServerName, fenced: boolean): Step {
  return {
    id: 'still-gone',
    title: `See that ${primary} ${fenced ? 'is stopped' : 'still gives no sign of life'}`,
    plan: [],
    done: (seen) => isOpen(seen, candidate) || deathOf(seen, primary, evidenceOf(rules)).verdict !== 'alive',
    within: 5,
  };
}

function stopReceiving(server: ServerName, column: Column, channel: Channel, candidate: ServerName): Step {
  const notes = receivedBy(server);
  const byGtid = channel.gtid.mode !== 'off';
  return {
    id: `stop-receiving-${server}`,
    section,
    title: `Stop receiving on ${server}, and note how far it has received`,
    plan: [
      change(
        server,
        stopReplica(column, channel.name, 'io'),
        ...(byGtid ? [receivedGtid(column, channel, notes)] : []),
      ),
      ...(byGtid ? [] : [received(server, column, channel.name, notes)]),
    ],
    done: (seen) =>
      isOpen(seen, candidate) ||
      (viewOf(seen).channel(server, channel.name)?.io === 'stopped' && notes.file in seen.notes),
    ...(channel.io === 'stopped' ? {} : { undo: receiveAgain(server, column, channel) }),
  };
}

/**
 * As it was before, it may have been trying still: a source that came back with less than the replica has refuses it for
 * good (1236), and then it has stopped again before anybody looks. Started is all that it can be.
 */
function receiveAgain(server: ServerName, column: Column, channel: Channel): Undo {
  const note = `receives-again-${server}`;
  const started: Statement = { ...plainSql("SELECT 'yes' AS started"), notes: { started: note } };
  return {
    plan: [change(server, startReplica(column, channel.name, 'io'), started)],
    done: (seen) => {
      const now = viewOf(seen).channel(server, channel.name);
      return now?.io !== 'stopped' || (seen.notes[note] !== undefined && now.ioError !== undefined);
    },
  };
}

/** Gtid_IO_Pos and Retrieved_Gtid_Set hold whole transactions only. */
function receivedGtid(column: Column, { name }: Channel, notes: PositionNotes): Statement {
  const columns = receivedColumns(column);
  return {
    ...channelStatus(column, name),
    notes: { [columns.file]: notes.file, [columns.position]: notes.position, [columns.gtid]: notes.gtid },
  };
}

/** By file and position those that are moved must stand at the same place as the candidate, too. */
function drain({ others }: Sight, { server, facts, channel }: Candidate): Step {
  const column = columnOf(facts);
  const byPosition = channel.gtid.mode === 'off';
  const own = receivedBy(server);
  const wait = (on: ServerName, through: string, at: PositionNotes) =>
    change(on, { ...waitForCoordinates(column, through, coordinatesOf(at), drainWithin - 10), notes: { reached: 'drained' } }); // prettier-ignore
  return {
    id: 'drain',
    section,
    title: `Wait until ${[server, ...(byPosition ? others.moved.map(({ replica }) => replica) : [])].join(' and ')} has applied what was received`,
    plan: byPosition
      ? [wait(server, channel.name, own), ...others.moved.map((one) => wait(one.replica, one.channel, receivedBy(one.replica)))] // prettier-ignore
      : [
          change(server, {
            ...waitForGtid(column, { note: own.gtid }, drainWithin - 10),
            notes: { missed: 'drained' },
          }),
        ],
    done: (seen) => isOpen(seen, server) || seen.notes['drained'] !== undefined,
    within: drainWithin,
  };
}

/** Nobody may have received what the new primary has not: it ends here, with nothing changed, and plans again. */
function contain({ replicas, others }: Sight, candidate: Candidate): Step {
  const { server, facts, channel } = candidate;
  const column = columnOf(facts);
  const own = receivedBy(server);
  const statements = replicas
    .filter((replica) => replica.server.name !== server)
    .map((replica): Statement => {
      const theirs = receivedBy(replica.server.name);
      if (channel.gtid.mode !== 'off' && replica.channel.gtid.mode !== 'off') {
        // MariaDB counts domains of other sources to what it has received; MySQL does not.
        const elsewhere = replica.server.facts === undefined ? [] : domainsElsewhere(candidate, { server: replica.server.name, facts: replica.server.facts, channel: replica.channel }); // prettier-ignore
        return { ...waitForGtid(column, { note: theirs.gtid }, 2, elsewhere), notes: { missed: 'contained' } };
      }
      const exactly = others.moved.some(({ replica: name }) => name === replica.server.name);
      return { ...notAhead(theirs, own, exactly), notes: { held: 'contained' } };
    });
  return {
    id: 'contain',
    section,
    title: `See that ${server} has all that the others have received`,
    plan: [change(server, ...statements)],
    done: (seen) => isOpen(seen, server) || seen.notes['contained'] !== undefined,
    within: 15,
  };
}

/** @param exactly whether it must be at the very place, and not merely no further */
function notAhead(theirs: PositionNotes, own: PositionNotes, exactly: boolean): Statement {
  const [file, ownFile] = [{ note: theirs.file }, { note: own.file }];
  const [at, ownAt] = [{ note: theirs.position, as: 'number' } as const, { note: own.position, as: 'number' } as const];
  const compared = exactly
    ? sql`SELECT ${file} = ${ownFile} AND ${at} = ${ownAt} AS held`
    : sql`SELECT LENGTH(${file}) < LENGTH(${ownFile}) OR (LENGTH(${file}) = LENGTH(${ownFile}) AND (${file} < ${ownFile} OR (${file} = ${ownFile} AND ${at} <= ${ownAt}))) AS held`;
  return { ...compared, expect: 1 };
}

/** That may take longer than the promotion can wait; and where its own log ends is known before the commit record: whoever resumes needs it. */
function stopApplying({ server, facts, channel }: Candidate): Step {
  const column = columnOf(facts);
  return {
    id: 'stop-applying',
    section,
    title: `Stop applying on ${server}, and note where its own log ends`,
    plan: [
      ...endHalfApplied(server, column, channel.name),
      change(server, stopReplica(column, channel.name), notedGtid(column, opened), notedCoordinates(column, opened)),
    ],
    done: (seen) =>
      isOpen(seen, server) ||
      (viewOf(seen).channel(server, channel.name)?.sql === 'stopped' &&
        notedPosition(seen.notes, opened) !== undefined),
    ...(channel.sql === 'stopped'
      ? {}
      : {
          undo: {
            plan: [change(server, startReplica(column, channel.name, 'sql'))],
            done: (seen: Seen) => viewOf(seen).channel(server, channel.name)?.sql === 'running',
          },
        }),
    within: 90,
  };
}

function promoteStep(sight: Sight, { server, facts, channel }: Candidate): Step {
  const column = columnOf(facts);
  const own = receivedBy(server);
  const semiSync = semiSyncOf(sight, { facts });
  const step = promote({
    server,
    column,
    former: { name: sight.primary, end: own, byGtid: channel.gtid.mode !== 'off' },
    semiSync: semiSync.on ? semiSync.prefix : undefined,
    before: semiSync.off ? waitingStatements(semiSync) : [],
    section,
  });
  return { ...step, remembers: (seen) => noted(pauseNotes.began, lastSignOfLife(seen, sight.primary)) };
}

function noted(note: string, moment: number | undefined): Notes {
  return moment === undefined ? {} : { [note]: String(moment) };
}

/** As before, where enough of those that are re-pointed acknowledge. */
export function semiSyncOf({ before, others, view }: Sight, { facts }: Pick<Candidate, 'facts'>): Waiting {
  const followers = others.moved.flatMap(({ replica }) => view.server(replica)?.facts ?? []);
  const seen = before.doubt === undefined ? before.last?.facts : undefined;
  return waitingOf(facts, followers, seen && seen.semiSync?.source?.enabled === true);
}

/** MariaDB's RESET waits for commits under way, and those may wait for a replica: not before there is one again. */
function forget({ server, facts, channel }: Candidate): Step {
  return {
    id: 'forget',
    title: `Let ${server} forget that it was a replica`,
    plan: [change(server, resetReplica(columnOf(facts), channel.name))],
    done: (seen) => {
      const channels = viewOf(seen).server(server)?.facts?.channels;
      return channels?.every(({ name }) => name !== channel.name) === true;
    },
    attempts: 3,
  };
}

/** On both ends, as far as they tell. */
function verify({ others }: Sight, { server }: Candidate): Step {
  return {
    id: 'verify',
    title: `See ${server} accept writes${others.moved.length === 0 ? '' : `, and ${others.moved.map(({ replica }) => replica).join(' and ')} replicate from it over TLS`}`,
    plan: [],
    done: (seen) => isOpen(seen, server) && others.moved.every((following) => isFollowing(seen, following)),
    within: 90,
  };
}

/** Notes of how far a replica had received when it was told to stop. */
function receivedBy(server: ServerName): PositionNotes {
  return { gtid: `received-${server}`, file: `received-${server}-file`, position: `received-${server}-position` };
}

function serverOf({ view }: Sight, name: ServerName): ServerSnapshot {
  const server = view.server(name);
  if (server === undefined) throw new Error(`${name} is not configured`);
  return server;
}

function columnOfReplica({ server }: Sight['replicas'][number]): ReturnType<typeof columnOf> {
  if (server.facts === undefined) throw new Error(`${server.name} was not asked`);
  return columnOf(server.facts);
}
