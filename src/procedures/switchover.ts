import type { Parameters, Scene } from '../domain/scene.js';
import type { Need, Procedure, Step } from '../engine/procedure.js';
import { frozen } from './primary/positions.js';
import { promote } from './primary/promote.js';
import { objectionsTo } from './switchover/checks.js';
import { freezeSteps, section } from './switchover/freeze.js';
import { readySteps } from './switchover/ready.js';
import { nextStartWishes } from './switchover/next-start.js';
import { asksOf, remarksOf } from './switchover/remarks.js';
import { releaseSteps, settleSteps } from './switchover/settle.js';
import { byGtid, futureLinks, needsCoordinates, subjectOf, type Subject } from './switchover/subject.js';
import { given, identityPremise, viewOf } from './view.js';

/**
 * Another server becomes the primary, and the primary its replica. All that takes time comes first; then writes stand
 * still for a few round trips, in which the new primary gets all that was ever acknowledged. If Lockstep dies before
 * the commit point, the old primary takes writes again by itself within seconds; never do two.
 */
export const switchover: Procedure = {
  name: 'switchover',
  purpose:
    'Make another server the primary, losing nothing that was acknowledged, and let all others follow it over TLS',
  parameters: [
    { name: 'to', kind: 'server', required: true, help: 'the server that is to become the primary' },
    { name: 'from', kind: 'server', required: false, help: 'the server that is the primary now: with any other it is refused. Default whoever it is' }, // prettier-ignore
    {
      name: 'long-running',
      kind: 'choice',
      values: ['wait', 'ask', 'end'],
      required: false,
      default: 'ask',
      help: 'changes that have been running for 5 s: wait for them, at most 10 minutes; ask: a person approves that they are ended; end them',
    },
    {
      name: 'sessions',
      kind: 'choice',
      values: ['end', 'keep'],
      required: false,
      default: 'end',
      help: 'sessions on the old primary, once the new one is open: end them, so that they connect anew, or keep them',
    },
    {
      name: 'rehearsal',
      kind: 'choice',
      values: ['full', 'partial'],
      required: false,
      help: 'full: log in to the new primary with the files of every server that will follow it; partial: go without. Default full for those that `hosts` reaches',
    },
  ],
  locks: 'cluster',
  opens: true,
  nextStarts: (scene, parameters) => nextStartWishes(subjectOf(scene, parameters)),
  needed,
  refusals: objectionsTo,
  asks: (scene, parameters) => {
    const subject = subjectOf(scene, parameters);
    const reasons = subject === undefined ? [] : asksOf(subject);
    return reasons.length === 0 ? undefined : reasons.join('; and ');
  },
  premises,
  steps,
  remarks: (scene, parameters) => {
    const subject = subjectOf(scene, parameters);
    return subject === undefined ? [] : remarksOf(subject);
  },
};

function needed(scene: Scene, parameters: Parameters): Need {
  const to = given(parameters, 'to');
  const view = viewOf(scene);
  const { primary } = view.topology;
  if (primary === undefined) return { observed: 'unknown', why: `${scene.snapshot.cluster} has no single primary that could be seen` }; // prettier-ignore
  if (primary === to) return { observed: 'no', why: `${to} is the primary` };
  for (const name of [primary, to]) {
    const server = view.server(name);
    if (server?.facts?.state === undefined || server.facts.channels === undefined)
      return { observed: 'unknown', why: `${name} cannot be asked: ${server?.failure?.message ?? 'no answer'}` };
  }
  return { observed: 'yes', why: `${primary} is the primary` };
}

/** Who everybody is, from whom they replicate and how, and who is told; never positions, lag or what runs. */
function premises(scene: Scene, parameters: Parameters): unknown {
  const subject = subjectOf(scene, parameters);
  if (subject === undefined) return undefined;
  const { old, to, others, site } = subject;
  return {
    primary: old.name,
    servers: [old, to, ...others].map(({ name, facts, server }) => ({
      name,
      address: server.address,
      identity: identityPremise(facts.identity),
      readOnly: facts.state?.readOnly,
      semiSync: [facts.semiSync?.source?.enabled, facts.semiSync?.replica?.enabled],
    })),
    channels: [to, ...others].map(({ name, channel }) => ({
      server: name,
      channel: channel.name,
      source: { host: channel.source.host, port: channel.source.port, user: channel.source.user },
      gtid: channel.gtid.mode,
      delay: channel.delaySeconds,
      heartbeat: channel.heartbeatPeriodSeconds,
      tls: channel.tls,
    })),
    links: futureLinks(subject).map(({ replica, tls, rehearsal }) => ({ replica: replica.name, tls, rehearsal })),
    account: site.accounts.replication,
    announcers: site.announcers ?? [],
  };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const subject = subjectOf(scene, parameters);
  if (subject === undefined) return [];
  return [...readySteps(subject), ...freezeSteps(subject), opening(subject), ...releaseSteps(subject), ...settleSteps(subject)]; // prettier-ignore
}

function opening(subject: Subject): Step {
  const { old, to } = subject;
  const waits = old.facts.semiSync?.source?.enabled === true;
  const own = to.facts.semiSync?.source;
  const semiSync = waits && own !== undefined ? (own.prefix ?? to.column.semiSync[0]?.source) : undefined;
  const end = needsCoordinates(subject) ? frozen : undefined;
  return promote({
    server: to.name,
    column: to.column,
    former: { name: old.name, end, byGtid: byGtid(to) },
    semiSync,
    section,
  });
}
