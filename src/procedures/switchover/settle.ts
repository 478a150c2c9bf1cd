import { applicationSessions } from '../../dialects/application-sessions.js';
import type { Column } from '../../dialects/capabilities.js';
import {
  coordinatesOf,
  gtidPosition,
  sameCoordinates,
  setSemiSync,
  waitForCoordinates,
} from '../../dialects/primary-statements.js';
import { resetReplica, startReplica, stopReplica } from '../../dialects/replication-statements.js';
import type { Action, Statement } from '../../domain/action.js';
import type { ServerFacts } from '../../domain/snapshot.js';
import type { Seen, Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { announce, announced } from '../primary/announce.js';
import { bypassersLeft, endApplications, endBypassing, ownUsers } from '../primary/end-sessions.js';
import { channelOf, follow, isFollowing, newChannelRetry, type Following } from '../primary/follow.js';
import { close } from '../primary/close.js';
import { mark } from '../primary/mark.js';
import { frozen, opened } from '../primary/positions.js';
import { composed } from '../../dialects/compose.js';
import { viewOf } from '../view.js';
import { section } from './freeze.js';
import { futureLinks, needsCoordinates, type FutureLink, type Subject } from './subject.js';

/** How long a replica may take to have all that the old primary had, by file and position, seconds. */
const othersWithin = 60;

/** In the section of the freeze, behind the commit point: nobody waits any longer than he must. */
export function releaseSteps(subject: Subject): readonly Step[] {
  const { old } = subject;
  return [
    ...announce(subject.site, subject.to.server, section),
    ...endSessions(subject),
    ...(old.column.flavour === 'mariadb'
      ? [
          {
            id: 'release',
            section,
            title: `Let go of the lock on ${old.name}`,
            plan: [{ kind: 'release', on: old.name, session: 'lock' } as const],
            done: (seen: Seen) => !seen.held.has(`${old.name}/lock`),
          },
        ]
      : []),
  ];
}

export function settleSteps(subject: Subject): readonly Step[] {
  const { old } = subject;
  const followings = followingsOf(subject);
  return [
    close(old.name, old.column),
    leave(subject),
    ...followings.flatMap((following) => follow(following)),
    verify(subject, followings),
    mark(subject.to.name, subject.to.column, followings),
    forget(subject),
    ...announced(subject.site, subject.to.server),
  ];
}

function endSessions({ old, site, sessions }: Subject): readonly Step[] {
  const ours = ownUsers(site);
  const bypass = old.column.readOnlyBypass.length > 0;
  if (!bypass && sessions === 'keep') return [];
  const count: Statement = { ...composed('SELECT COUNT(*) AS sessions FROM (', applicationSessions(ours), ') others'), notes: { sessions: 'applications-left' } }; // prettier-ignore
  return [
    {
      id: 'end-sessions',
      section,
      title:
        sessions === 'end'
          ? `End the sessions left on ${old.name}: they would only be refused`
          : `End the sessions on ${old.name} that may write although it is read-only`,
      plan: [
        ...(bypass ? endBypassing(old.name, ours) : []),
        ...(sessions === 'end' ? [endApplications(old.name, ours), change(old.name, count)] : []),
      ],
      done: ({ notes }) =>
        (!bypass || notes[bypassersLeft] === '0') && (sessions === 'keep' || notes['applications-left'] !== undefined),
      within: 15,
    },
  ];
}

/** The new primary stops reading from the old one. Its channel is forgotten last, so that the way back stays short. */
function leave(subject: Subject): Step {
  const { to, old } = subject;
  const role = roleChange(to.facts, old.facts, to.column, 'replica');
  return {
    id: `leave-${to.name}`,
    title: `Let ${to.name} read from ${old.name} no more`,
    plan: [change(to.name, stopReplica(to.column, to.channel.name), ...role.statements)],
    done: (seen) => {
      const now = channelOf(seen, { replica: to.name, channel: to.channel.name });
      return (now === undefined || (now.io === 'stopped' && now.sql === 'stopped')) && role.done(seen, to.name);
    },
  };
}

function followingsOf(subject: Subject): readonly Following[] {
  return futureLinks(subject).flatMap((link) => {
    const one = followingOf(subject, link);
    return one === undefined ? [] : [one];
  });
}

function followingOf(subject: Subject, { replica, channel, name, user, tls, rehearsal }: FutureLink) {
  const { to } = subject;
  if (tls === undefined) return undefined;
  const mode = (channel ?? to.channel).gtid.mode;
  const from = mode === 'off' ? coordinatesOf(opened) : mode === 'current_pos' ? 'current_pos' : 'gtid';
  const common = {
    replica: replica.name,
    column: replica.column,
    channel: name,
    source: { name: to.name, address: to.server.address },
    from,
    tls,
    section: 'follow',
    heartbeatPeriodSeconds: (channel ?? to.channel).heartbeatPeriodSeconds,
  } as const;
  if (channel === undefined)
    return {
      ...common,
      exists: false,
      login: user,
      from: from === 'current_pos' ? 'gtid' : from,
      wrote: true,
      connectRetrySeconds: newChannelRetry,
      before: demotion(subject),
    } satisfies Following;
  return {
    ...common,
    exists: true,
    // What was rehearsed is what it gets; what was not stays.
    login: rehearsal === 'full' ? user : undefined,
    wrote: false,
    before:
      mode === 'off'
        ? [
            change(
              replica.name,
              startReplica(replica.column, name),
              waitForCoordinates(replica.column, name, coordinatesOf(frozen), othersWithin),
            ),
          ]
        : [],
  } satisfies Following;
}

/** It must have written nothing since it was frozen: that would be lost, and a person has to know. */
function demotion(subject: Subject): readonly Action[] {
  const { old, to } = subject;
  const untouched: readonly Statement[] = [
    { ...gtidPosition(old.column), expect: { note: frozen.gtid } },
    ...(needsCoordinates(subject) ? [sameCoordinates(old.column, frozen)] : []),
  ];
  const statements = [
    ...roleChange(old.facts, to.facts, old.column, 'source').statements,
    ...roleChange(old.facts, to.facts, old.column, 'replica').statements,
  ];
  return [change(old.name, ...untouched), ...(statements.length === 0 ? [] : [change(old.name, ...statements)])];
}

/** A side of semi-synchronous replication becomes what the other server had, where both have it. */
function roleChange(own: ServerFacts, other: ServerFacts, column: Column, side: 'source' | 'replica') {
  const [now, wanted] = [own.semiSync?.[side], other.semiSync?.[side]];
  if (now === undefined || wanted === undefined || now.enabled === wanted.enabled)
    return { statements: [], done: () => true };
  const prefix = now.prefix ?? column.semiSync[0]?.[side] ?? '';
  return {
    statements: [setSemiSync(prefix, wanted.enabled)],
    done: (seen: Seen, name: string) => viewOf(seen).server(name)?.facts?.semiSync?.[side]?.enabled === wanted.enabled,
  };
}

/** From both ends of every link, and all servers. */
function verify({ to, old }: Subject, followings: readonly Following[]): Step {
  const waits = old.facts.semiSync?.source?.active === true;
  return {
    id: 'verify',
    title: `See ${followings.map(({ replica }) => replica).join(' and ')} follow ${to.name} over TLS, and ${to.name} alone accept writes`,
    plan: [],
    done: (seen) => {
      const { view, writable } = { view: viewOf(seen), writable: viewOf(seen).topology.writable };
      return (
        followings.every((following) => isFollowing(seen, following)) &&
        writable.length === 1 &&
        writable[0] === to.name &&
        (!waits || view.server(to.name)?.facts?.semiSync?.source?.active === true)
      );
    },
    within: 90,
  };
}

function forget({ to, old }: Subject): Step {
  const channel = to.channel.name;
  return {
    id: `forget-${to.name}`,
    title: `Forget the channel of ${to.name} that read from ${old.name}`,
    plan: [change(to.name, resetReplica(to.column, channel))],
    done: (seen) =>
      viewOf(seen).server(to.name)?.facts?.channels !== undefined &&
      channelOf(seen, { replica: to.name, channel }) === undefined,
  };
}
