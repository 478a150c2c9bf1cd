import { problemNames } from '../domain/problems.js';
import { board, type Board, type Piece } from './board.js';
import {
  expiryInWords,
  expirySteps,
  isCritical,
  lagInWords,
  lagSteps,
  neutral,
  noneIsBest,
  noneIsGood,
  problemLooks,
} from './looks.js';
import { lagBeyondDelay } from './lag-query.js';
import { runsNeedingHuman, runsWaiting } from './automation-now.js';
import { toCluster, toRunbookOfProblem, uids } from './links.js';
import { notAfter } from './certificates.js';
import { bars, numbers, timeline } from './panels.js';
import { fact } from './query.js';
import { roles } from './states.js';
import { table } from './table.js';

/** All clusters at a glance: what is wrong, where, and since when. */
export function fleet(): Board {
  return board({
    uid: uids.fleet,
    title: 'Lockstep / Fleet',
    description: 'All clusters that Lockstep watches, the worst first.',
    sections: [
      { title: 'Now', pieces: [...figures(), { panel: clusters(), width: 24, height: 9 }] },
      {
        title: 'Problems',
        pieces: [
          { panel: problemsByName(), width: 9, height: 9 },
          { panel: problemsNow(), width: 15, height: 9 },
        ],
      },
      { title: 'Roles', pieces: [{ panel: roleHistory(), width: 24, height: 9 }] },
    ],
  });
}

/** Which server had which role when; on the board of a cluster too. */
export function roleHistory() {
  return timeline(
    {
      title: 'Role history',
      description:
        'The role of each server over time: one primary to a cluster, the others replicas. A server that is down stays primary while its replicas follow it. Where a role changed there is a mark on every board.',
    },
    '{{cluster}} / {{server}}',
    roles(),
  );
}

const problemsOf = `sum by (cluster) (${fact('mysql_cluster_problems', { keep: ['problem'] })})`;
const isAsync = `(${fact('mysql_cluster_topology', { where: { topology: 'async' } })} == 1)`;
const writable = `(${fact('mysql_cluster_writable_servers')} and on (cluster) ${isAsync})`;
const down = `(${fact('mysql_cluster_servers')} - ${fact('mysql_cluster_servers_up')})`;
const lag = lagBeyondDelay();

function figures(): readonly Piece[] {
  const panels = [
    numbers(
      {
        title: 'Clusters healthy',
        description:
          'Clusters in which Lockstep finds no problem, and those in which it finds any: red from the first.',
      },
      'none',
      { name: 'healthy', expr: `sum(${problemsOf} == bool 0)`, steps: neutral },
      { name: 'with problems', expr: `sum(${problemsOf} > bool 0)`, steps: noneIsGood },
    ),
    numbers(
      {
        title: 'Servers up',
        description: 'Servers that answered the newest look, and those that did not: red from the first.',
      },
      'none',
      { name: 'up', expr: `sum(${fact('mysql_cluster_servers_up')})`, steps: neutral },
      { name: 'down', expr: `sum(${down})`, steps: noneIsGood },
    ),
    numbers(
      {
        title: 'One writable server each',
        description:
          'Clusters that have exactly one writable server, and those that have none or several: red from the first. Only asynchronous clusters are judged; Galera, Group Replication, rings and managed servers open their servers themselves.',
        nothing: 'none judged',
      },
      'none',
      { name: 'right', expr: `sum(${writable} == bool 1)`, steps: neutral },
      { name: 'wrong', expr: `sum(${writable} != bool 1)`, steps: noneIsGood },
    ),
    numbers(
      {
        title: 'Worst lag',
        description: `The replica that is furthest behind, a configured delay apart: ${lagInWords}; beside it how many channels have a lag that nobody knows, as when replication is stopped: red from the first.`,
      },
      's',
      { name: '{{cluster}} / {{server}} {{channel}}', expr: `topk(1, ${lag})`, steps: lagSteps },
      {
        name: 'channels unknown',
        expr: `sum(${fact('mysql_replica_lag_known')} == bool 0)`,
        steps: noneIsGood,
        unit: 'none',
      },
    ),
    numbers(
      {
        title: 'Soonest expiry',
        description: `The certificate that expires next, of a server, a replica as a client, or an authority: ${expiryInWords}.`,
      },
      's',
      { name: '{{cluster}} / {{server}} {{role}}', expr: `bottomk(1, ${notAfter} - time())`, steps: expirySteps },
    ),
    numbers(
      {
        title: 'Runs that need a human',
        description:
          'Runs that stand where only a person can go on, red from the first: nothing starts by itself on their clusters until then. Beside it the runs that wait, for an approval or another guard: orange from the first.',
        nothing: 'no automation',
      },
      'none',
      { name: 'need a human', expr: runsNeedingHuman, steps: noneIsGood },
      { name: 'waiting', expr: runsWaiting, steps: noneIsBest },
    ),
  ];
  return panels.map((panel) => ({ panel, width: 4, height: 4 }));
}

function clusters() {
  const critical = problemNames.filter(isCritical).join('|');
  const criticalOnly = fact('mysql_cluster_problems', { where: { problem: { like: critical } }, keep: ['problem'] });
  return table(
    {
      title: 'Clusters, worst first',
      description:
        'Each cluster with how many of its problems are critical, how many there are in all, and the facts behind most of them. Writable is right when it is 1. A name opens the board of its cluster.',
    },
    [{ label: 'cluster', title: 'Cluster', link: toCluster }],
    [
      { title: 'Critical problems', expr: `sum by (cluster) (${criticalOnly})`, steps: noneIsGood },
      { title: 'Problems', expr: problemsOf, steps: noneIsBest },
      { title: 'Servers', expr: fact('mysql_cluster_servers') },
      { title: 'Down', expr: down, steps: noneIsGood },
      { title: 'Writable', expr: writable, steps: ['red', [1, 'green'], [2, 'red']] },
      { title: 'Replicas', expr: fact('mysql_cluster_replicas_configured') },
      {
        title: 'Not replicating',
        expr: `${fact('mysql_cluster_replicas_configured')} - ${fact('mysql_cluster_replicas_healthy')}`,
        steps: noneIsGood,
      },
      { title: 'Worst lag', expr: `max by (cluster) (${lag})`, unit: 's', steps: lagSteps },
      { title: 'Soonest expiry', expr: `min by (cluster) (${notAfter}) - time()`, unit: 's', steps: expirySteps },
    ],
    [
      { by: 'Critical problems', descending: true },
      { by: 'Problems', descending: true },
    ],
  );
}

function problemsByName() {
  const found = `sum by (problem) (${fact('mysql_cluster_problems', { keep: ['problem'] })})`;
  return bars(
    {
      title: 'Problems by name',
      description: 'How many problems of each name all chosen clusters have now. Names without any are left out.',
      nothing: 'No problems',
    },
    'none',
    noneIsBest,
    { name: '{{problem}}', expr: `sort_desc(${found} > 0)` },
  );
}

function problemsNow() {
  const found = fact('mysql_cluster_problem', { keep: ['problem'] });
  return table(
    {
      title: 'Where they are',
      description:
        'Each problem with the server and channel that have it, red where it is critical. Its name opens the runbooks.',
      nothing: 'No problems',
    },
    [
      { label: 'problem', title: 'Problem', looks: problemLooks(), link: toRunbookOfProblem },
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'server', title: 'Server' },
      { label: 'channel', title: 'Channel' },
    ],
    [{ expr: found }],
    [{ by: 'Cluster' }, { by: 'Server' }],
  );
}
