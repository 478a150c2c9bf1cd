import { toCluster, toRunbook } from './links.js';
import type { Piece } from './board.js';
import { neutral, noneIsBest, noneIsGood } from './looks.js';
import { numbers } from './panels.js';
import { fact, grown, ofLockstep } from './query.js';
import { table } from './table.js';

/** 0 wherever there is automation: it always says of each cluster whether it is paused. */
const nothing = `0 * sum(${ofLockstep('lockstep_paused')})`;
const open = (state: string) => ofLockstep('lockstep_runs_open', { where: { state }, keep: ['procedure'] });
const running = `sum(${ofLockstep('lockstep_runs_open', { where: { state: { like: 'running|undoing' } }, keep: ['procedure', 'state'] })})`;

export const runsNeedingHuman = `sum(${open('needs-human')}) or ${nothing}`;
export const runsWaiting = `sum(${open('waiting')}) or ${nothing}`;

/** Until when, of those that are in one. */
export const inDowntime = `(${fact('lockstep_server_downtime_until_timestamp_seconds')} > time())`;
const watchdogLimit = 300;

/** Six numbers. */
export function figures(): readonly Piece[] {
  const ago = (
    name: 'lockstep_webhook_last_received_timestamp_seconds' | 'lockstep_watchdog_last_received_timestamp_seconds',
  ) => `time() - min(${ofLockstep(name)})`;
  const panels = [
    numbers(
      {
        title: 'Runs that need a human',
        description:
          'Runs that stand where only a person can go on, red from the first: nothing starts by itself on their clusters until then. Beside it the runs that wait, for an approval or another guard: orange from the first.',
      },
      'none',
      { name: 'need a human', expr: runsNeedingHuman, steps: noneIsGood },
      { name: 'waiting', expr: runsWaiting, steps: noneIsBest },
    ),
    numbers(
      {
        title: 'Runs at work',
        description: 'Runs that change something now: that go forward, or undo what they had done.',
      },
      'none',
      { name: 'at work', expr: `${running} or ${nothing}`, steps: neutral },
    ),
    numbers(
      {
        title: 'Held back on purpose',
        description:
          'Clusters whose automation is paused, all of them together counted as one, and servers in downtime, whose alerts are quiet: orange from the first pause.',
      },
      'none',
      { name: 'pauses', expr: `sum(${fact('lockstep_paused')})`, steps: noneIsBest },
      { name: 'downtimes', expr: `count(${inDowntime}) or ${nothing}`, steps: neutral },
    ),
    numbers(
      {
        title: 'Last heard',
        description: `Since when no alert of any kind, and no Watchdog, has come in, at the Lockstep that has waited longest: the Watchdog should come every minute or two, orange from ${watchdogLimit} s.`,
        nothing: 'never',
      },
      's',
      { name: 'any alert', expr: ago('lockstep_webhook_last_received_timestamp_seconds'), steps: neutral },
      {
        name: 'the Watchdog',
        expr: ago('lockstep_watchdog_last_received_timestamp_seconds'),
        steps: ['green', [watchdogLimit, 'orange']],
      },
    ),
    numbers(
      {
        title: 'Journals that take nothing',
        description: 'Locksteps whose journal cannot be written, and which therefore do nothing: red from the first.',
      },
      'none',
      {
        name: 'not writable',
        expr: `sum(${ofLockstep('lockstep_journal_writable')} == bool 0)`,
        steps: noneIsGood,
      },
    ),
    numbers(
      {
        title: 'Durable within',
        description:
          'The time within which 99 of 100 records of the journal were durable, over the time shown: orange from 100 ms, as of a disk that is too busy.',
        nothing: 'no record',
      },
      's',
      {
        name: 'p99',
        expr: `histogram_quantile(0.99, ${grown('lockstep_journal_append_duration_seconds', ['le'], 'bucket')})`,
        steps: ['green', [0.1, 'orange'], [1, 'red']],
      },
    ),
  ];
  return panels.map((panel) => ({ panel, width: 4, height: 4 }));
}

export function openRuns() {
  const of = (state: string) => `sum by (cluster, procedure) (${open(state)})`;
  const guards = `sum by (cluster, procedure, guard) (${ofLockstep('lockstep_runs_waiting', { keep: ['procedure', 'guard'] })})`;
  const since = `min by (cluster, procedure) (${ofLockstep('lockstep_run_waiting_since_timestamp_seconds', { keep: ['procedure'] })})`;
  return table(
    {
      title: 'Open runs',
      description:
        'Runs that have not ended, by cluster and procedure: how many are where, for which guard they wait, and since when the first of them does.',
      nothing: 'No open runs',
    },
    [
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'procedure', title: 'Procedure' },
      { label: 'guard', title: 'Waits for' },
    ],
    [
      { title: 'Needs a human', expr: of('needs-human'), steps: noneIsGood, link: toRunbook('RunNeedsHuman') },
      { title: 'Waiting', expr: of('waiting'), steps: noneIsBest, link: toRunbook('RunWaitingLong') },
      { title: 'Running', expr: of('running') },
      { title: 'Undoing', expr: of('undoing'), steps: noneIsBest },
      { title: 'Waits since', expr: `1000 * ${since}`, unit: 'dateTimeAsIso' },
      { expr: guards },
    ],
    [{ by: 'Needs a human', descending: true }, { by: 'Waits since' }],
  );
}
