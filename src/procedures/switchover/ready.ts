import { countLongRunning, longRunningSessions } from '../../dialects/application-sessions.js';
import {
  coordinatesOf,
  notedCoordinates,
  notedGtid,
  waitForCoordinates,
  waitForGtid,
} from '../../dialects/primary-statements.js';
import type { Action, LoginAction } from '../../domain/action.js';
import { plainSql } from '../../domain/action.js';
import type { Seen, Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { announcing } from '../primary/announce.js';
import { ownUsers } from '../primary/end-sessions.js';
import { isOpen } from '../primary/promote.js';
import { byGtid, futureLinks, longNow, longSeconds, type Subject } from './subject.js';

const near = { gtid: 'near', file: 'near-file', position: 'near-position' };
/** How long the candidate may take to have what the primary had a moment ago, seconds. */
const nearWithin = 8;

/** All that takes time, while writes go on. None of it changes anything; once promoted, none of it is done again. */
export function readySteps(subject: Subject): readonly Step[] {
  const steps = [...rehearse(subject), ...prepare(subject), ...longRunning(subject), drawNear(subject), open(subject)];
  return steps.map((step) => ({ ...step, done: (seen) => isOpen(seen, subject.to.name) || step.done(seen) }));
}

/** Every link that there will be, with the very files of who will use it. */
function rehearse(subject: Subject): readonly Step[] {
  const { to } = subject;
  const logins = futureLinks(subject).flatMap(({ replica, user, tls, rehearsal }): LoginAction[] => {
    if (rehearsal === 'partial' || tls === undefined || user === undefined) return [];
    const { caFile, certFile, keyFile, verify } = tls;
    return [
      {
        kind: 'login',
        to: to.server.address,
        user,
        password: 'replication',
        filesOf: replica.name,
        tls: { caFile, certFile, keyFile, verify },
        noteAs: `rehearsed-${replica.name}`,
      },
    ];
  });
  if (logins.length === 0) return [];
  const names = logins.map(({ filesOf }) => filesOf).join(' and ');
  return [
    {
      id: 'rehearse',
      title: `Log in to ${to.name} as ${names} will, with the same files`,
      plan: logins,
      done: ({ notes }) => logins.every(({ noteAs }) => notes[noteAs] !== undefined),
      within: 60,
    },
  ];
}

function prepare({ site, to }: Subject): readonly Step[] {
  const plan = announcing(site, 'prepare', to.server, { noteAs: 'prepared' });
  if (plan.length === 0) return [];
  return [
    {
      id: 'prepare',
      title: 'Make ready to tell the applications, and change nothing yet',
      plan,
      done: ({ notes }) => notes['prepared'] !== undefined,
      within: 60,
    },
  ];
}

/** A freeze waits for what writes, and whoever wants to write waits behind it: so that is dealt with before. */
function longRunning(subject: Subject): readonly Step[] {
  const { old, site, longRunning: way } = subject;
  if (way === 'ask' && (longNow(subject) ?? 0) === 0) return [];
  const ours = ownUsers(site);
  const count = { ...countLongRunning(ours, longSeconds), expect: 0, notes: { sessions: 'long-running' } };
  const kill: Action = {
    kind: 'kill',
    on: old.name,
    session: 'control',
    select: longRunningSessions(ours, longSeconds),
    whose: `sessions with a change that has been running for ${longSeconds} s`,
  };
  return [
    {
      id: 'long-running',
      title:
        way === 'wait'
          ? `Wait until no change on ${old.name} has been running for ${longSeconds} s`
          : `End what has been changing ${old.name} for ${longSeconds} s`,
      plan: [...(way === 'wait' ? [] : [kill]), change(old.name, count)],
      done: ({ notes }) => notes['long-running'] === '0',
      // With pauses of at most 16 s: ten minutes, and for what was told to end about half a minute.
      attempts: way === 'wait' ? 40 : 6,
    },
  ];
}

function drawNear(subject: Subject): Step {
  const { old, to } = subject;
  const gtid = byGtid(to);
  return {
    id: 'draw-near',
    title: `Wait until ${to.name} has what ${old.name} had a moment ago`,
    plan: [
      change(old.name, gtid ? notedGtid(old.column, near) : notedCoordinates(old.column, near)),
      change(
        to.name,
        gtid
          ? waitForGtid(to.column, { note: near.gtid }, nearWithin)
          : waitForCoordinates(to.column, to.channel.name, coordinatesOf(near), nearWithin),
      ),
    ],
    done: ({ notes }) => notes[gtid ? near.gtid : near.file] !== undefined,
    within: nearWithin + 5,
  };
}

/** Logging in takes longer than all of the freeze. */
function open({ old }: Subject): Step {
  return {
    id: 'sessions',
    title: `Open the session that will freeze ${old.name}`,
    plan: [{ kind: 'sql', on: old.name, session: 'lock', statements: [plainSql('DO 0')] }],
    done: (seen: Seen) => seen.held.has(`${old.name}/lock`),
    // Whoever stood still meanwhile finds it gone, and begins anew.
    within: 5,
  };
}
