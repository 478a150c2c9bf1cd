import type { FailoverOptions, MeasuredFailovers } from './failover-run.js';
import { median } from './statistics.js';
import { durationsRow, tableText, verdict } from './table.js';

/** Beyond the evidence, milliseconds. */
const target = 1000;

export function failoverText(measured: MeasuredFailovers, { version, rate, evidence }: FailoverOptions): string {
  const { done, failed, acked, lost, rebuilt } = measured;
  const promoted = done.map((one) => one.promoted);
  const beyond = promoted.map((milliseconds) => milliseconds - evidence * 1000);
  const row = (title: string, values: readonly number[]) => durationsRow(title, values, 0);
  return [
    `${version}: ${done.length} deaths of the primary, semi-synchronous replication, ${rate} writes per second wanted, dead after ${evidence} s of silence`,
    '',
    tableText(
      ['', 'median', 'p99', 'worst'],
      [
        row('SIGKILL to promoted', promoted),
        row('  beyond the evidence', beyond),
        row('SIGKILL to routed', done.map(({ routed }) => routed)), // prettier-ignore
        row('no write taken, by the servers', done.map(({ still }) => still)), // prettier-ignore
        row('gap of a client through HAProxy', done.map(({ proxied }) => proxied)), // prettier-ignore
      ],
    ),
    '',
    `writes: ${acked} acknowledged, ${lost} lost; old primaries built anew: ${rebuilt}; failovers that did not succeed: ${failed.length}`,
    ...failed.map((why) => `  ${why}`),
    '',
    verdict('acknowledged writes that were lost', lost, 0),
    verdict('beyond the evidence, median', median(beyond), target, ' ms'),
  ].join('\n');
}
