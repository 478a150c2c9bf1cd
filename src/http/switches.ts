import { z } from 'zod';
import type { Automation } from '../engine/automation.js';
import { route } from './api.js';
import { component, moment, reason } from './components.js';
import type { HttpPorts } from './ports.js';
import { Problem, quoted } from './problem.js';

/** No longer, so that nobody forgets one; give it again. Seconds. */
const longestDowntime = 31 * 86_400;

const pause = component(
  'Pause',
  'While it lasts nothing starts, whoever asks for it.',
  z.object({
    cluster: z.string().optional().describe('Absent: every cluster.'),
    by: z.string(),
    reason: z.string(),
    since: moment,
  }),
);
const pauseState = component(
  'PauseState',
  'Whether something is paused, and every pause that holds.',
  z.object({ paused: z.boolean(), pauses: z.array(pause) }),
);
const pauseWanted = component(
  'PauseWanted',
  'To pause, with a reason; or not to.',
  z.discriminatedUnion('paused', [
    z.strictObject({ paused: z.literal(true), reason }),
    z.strictObject({ paused: z.literal(false) }),
  ]),
);
const downtime = component(
  'Downtime',
  'Until then no run touches the server by itself, and its alerts are inhibited.',
  z.object({
    cluster: z.string(),
    server: z.string(),
    until: moment,
    by: z.string(),
    reason: z.string(),
    since: moment,
  }),
);
const downtimeList = component('DowntimeList', 'Every downtime.', z.object({ downtimes: z.array(downtime) }));
const downtimeState = component(
  'DowntimeState',
  'Whether the server is in downtime.',
  z.object({ down: z.boolean(), downtime: downtime.optional() }),
);
const withdrawalList = component(
  'WithdrawalList',
  'Servers that applications are not to read from, until return-replica or the run that withdrew them returns them.',
  z.object({
    withdrawals: z.array(
      z.object({
        cluster: z.string(),
        server: z.string(),
        since: moment,
        run: z.string(),
        procedure: z.string(),
      }),
    ),
  }),
);
const downtimeWanted = component(
  'DowntimeWanted',
  'To begin or prolong a downtime, from now on; or to end it.',
  z.discriminatedUnion('down', [
    z.strictObject({
      down: z.literal(true),
      seconds: z.int().min(1).max(longestDowntime).describe('How long, from now.'),
      reason,
    }),
    z.strictObject({ down: z.literal(false) }),
  ]),
);

const pauses = (cluster: boolean) => {
  const path = cluster ? '/api/v1/pause/{cluster}' : '/api/v1/pause';
  const what = cluster ? 'a cluster' : 'everything';
  const answers = { 200: { description: 'How it stands.', schema: pauseState } };
  const problems = cluster ? (['cluster-unknown'] as const) : [];
  return [
    route({
      method: 'get',
      path,
      operation: cluster ? 'getClusterPause' : 'getPause',
      summary: `Whether ${what} is paused`,
      who: 'operator',
      automation: true,
      answers,
      problems,
      handle: ({ automation, ports, parameters }) => ({
        body: pauseStateOf(automation, clusterOf(ports, parameters)),
      }),
    }),
    route({
      method: 'put',
      path,
      operation: cluster ? 'setClusterPause' : 'setPause',
      summary: `Pause ${what}, or go on`,
      who: 'operator',
      automation: true,
      body: pauseWanted,
      answers,
      problems,
      async handle({ automation, ports, parameters, body, identity }) {
        const named = clusterOf(ports, parameters);
        if (body.paused) await automation.pause(named, identity.name, body.reason);
        else await automation.unpause(named, identity.name);
        return { body: pauseStateOf(automation, named) };
      },
    }),
  ];
};

export const switchRoutes = [
  ...pauses(false),
  ...pauses(true),
  route({
    method: 'get',
    path: '/api/v1/downtime',
    operation: 'listDowntimes',
    summary: 'Every downtime',
    who: 'operator',
    automation: true,
    answers: { 200: { description: 'The downtimes.', schema: downtimeList } },
    handle: ({ automation }) => ({ body: { downtimes: automation.downtimes() } }),
  }),
  route({
    method: 'get',
    path: '/api/v1/withdrawals',
    operation: 'listWithdrawals',
    summary: 'Every server that a run took out of what applications read from',
    who: 'viewer',
    automation: true,
    answers: { 200: { description: 'The withdrawals.', schema: withdrawalList } },
    handle: ({ automation }) => ({ body: { withdrawals: automation.withdrawals() } }),
  }),
  route({
    method: 'get',
    path: '/api/v1/downtime/{cluster}/{server}',
    operation: 'getDowntime',
    summary: 'Whether a server is in downtime',
    who: 'operator',
    automation: true,
    answers: { 200: { description: 'How it stands.', schema: downtimeState } },
    problems: ['server-unknown'],
    handle: ({ automation, ports, parameters }) => ({
      body: downtimeStateOf(automation, targetOf(ports, parameters)),
    }),
  }),
  route({
    method: 'put',
    path: '/api/v1/downtime/{cluster}/{server}',
    operation: 'setDowntime',
    summary: 'Put a server into downtime, or end it',
    who: 'operator',
    automation: true,
    body: downtimeWanted,
    answers: { 200: { description: 'How it stands.', schema: downtimeState } },
    problems: ['server-unknown'],
    async handle({ automation, ports, parameters, body, identity, now }) {
      const target = targetOf(ports, parameters);
      const until = body.down ? now() + body.seconds * 1000 : undefined;
      await automation.downtime(target.cluster, target.server, until, identity.name, body.down ? body.reason : '');
      return { body: downtimeStateOf(automation, target) };
    },
  }),
];

/** A pause of everything pauses each cluster too. */
function pauseStateOf(automation: Automation, cluster: string | undefined) {
  const all = automation.pauses();
  const holding = all.filter((each) => each.cluster === undefined || each.cluster === cluster);
  return { paused: holding.length > 0, pauses: cluster === undefined ? all : holding };
}

function downtimeStateOf(automation: Automation, { cluster, server }: { cluster: string; server: string }) {
  const found = automation.downtimes().find((each) => each.cluster === cluster && each.server === server);
  return { down: found !== undefined, downtime: found };
}

/** @throws Problem `cluster-unknown` */
export function knownCluster(ports: HttpPorts, given: string): string {
  if (ports.targets().some(({ cluster }) => cluster === given)) return given;
  throw new Problem('cluster-unknown', `there is no cluster ${quoted(given)}`);
}

function clusterOf(ports: HttpPorts, { cluster }: Readonly<Record<string, string>>): string | undefined {
  return cluster === undefined ? undefined : knownCluster(ports, cluster);
}

function targetOf(ports: HttpPorts, { cluster = '', server = '' }: Readonly<Record<string, string>>) {
  const found = ports.targets().find((each) => each.cluster === cluster && each.server === server);
  if (found !== undefined) return found;
  throw new Problem('server-unknown', `there is no server ${quoted(`${cluster}/${server}`)}`);
}
