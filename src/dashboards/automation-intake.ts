import { toCluster, toRunbook } from './links.js';
import { inDowntime } from './automation-now.js';
import { neutral, noneIsBest } from './looks.js';
import { bars } from './panels.js';
import { grown, ofLockstep } from './query.js';
import { noIsGood } from './states.js';
import { filled, table } from './table.js';

export function alertsTaken() {
  return bars(
    {
      title: 'Alerts that came in',
      description:
        'Alerts that the webhook took in the time shown, by what became of them: accepted opened an episode, repeated belongs to an open one, ignored has no policy, rejected names nothing that is configured.',
      nothing: 'None came in',
    },
    'none',
    neutral,
    { name: '{{result}}', expr: `sort_desc(${grown('lockstep_webhook_alerts_total', ['result'])})` },
  );
}

export function requestsRefused() {
  return bars(
    {
      title: 'Requests turned away',
      description:
        'Requests to the webhook that were turned away in the time shown, with all their alerts, by reason: orange from the first.',
      nothing: 'None was turned away',
    },
    'none',
    noneIsBest,
    { name: '{{reason}}', expr: `sort_desc(${grown('lockstep_webhook_rejected_total', ['reason'])})` },
  );
}

export function journal() {
  return table(
    {
      title: 'Heads of the journals',
      description:
        'The newest record of each journal and its hash. `lockstep runs verify --expect NUMBER:HASH` with a pair from here, kept from earlier, finds a journal that was cut off.',
      nothing: 'No journal',
    },
    [
      { label: 'instance', title: 'Lockstep' },
      { label: 'sequence', title: 'Record' },
      { label: 'hash', title: 'Hash' },
    ],
    [
      {
        title: 'Not writable',
        expr: `1 - ${ofLockstep('lockstep_journal_writable')}`,
        looks: noIsGood,
        link: toRunbook('JournalNotWritable'),
      },
      { expr: ofLockstep('lockstep_journal_head_info', { keep: ['sequence', 'hash'] }) },
    ],
  );
}

export function pauses() {
  const since = `min by (cluster) (${ofLockstep('lockstep_paused_since_timestamp_seconds')})`;
  return table(
    {
      title: 'Paused',
      description: 'Clusters for which alerts and schedules start nothing, and since when.',
      nothing: 'Nothing is paused',
    },
    [{ label: 'cluster', title: 'Cluster' }],
    [
      {
        title: 'Since',
        expr: `1000 * ${filled(since, 'cluster', 'all clusters')}`,
        unit: 'dateTimeAsIso',
        link: toRunbook('PausedLong'),
      },
    ],
    [{ by: 'Since' }],
  );
}

export function downtimes() {
  return table(
    {
      title: 'Servers in downtime',
      description: 'Servers whose alerts are quiet and on which nothing starts by itself, and until when.',
      nothing: 'No server is in downtime',
    },
    [
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'server', title: 'Server' },
    ],
    [{ title: 'Until', expr: `1000 * ${inDowntime}`, unit: 'dateTimeAsIso' }],
    [{ by: 'Until' }],
  );
}
