import { median, percentile } from './statistics.js';
import type { Measured, SwitchoverOptions, Switched } from './switchover-run.js';
import { durationsRow, fixed, tableText, verdict } from './table.js';

/** Milliseconds. */
const routedTarget = 12;
const gapTarget = 30;
/** Times the p99 of one replicated commit. */
const tailTarget = 5;
/** Round trips between the data centres while nobody can write. */
const tripsTarget = 4;

export function switchoverText(measured: Measured, { version, rate, roundTrip }: SwitchoverOptions): string {
  const { switched, failed, replicated, fsync } = measured;
  const of = (what: keyof Omit<Switched, 'to' | 'steps'>) => switched.map((one) => one[what]);
  const tail = tailTarget * percentile(replicated, 99);
  const lines = [
    `${version}: ${switched.length} switchovers between two of three servers, durable settings, ${rate} writes per second wanted and ${fixed(measured.rate, 0)} acknowledged over 8 connections${roundTrip > 0 ? `, ${roundTrip} ms between the data centres` : ''}`,
    '',
    tableText(
      ['', 'median', 'p99', 'worst'],
      [
        durationsRow('freeze to routed, by Lockstep', of('routed')),
        durationsRow('freeze to promoted, by Lockstep', of('promoted')),
        ...Object.keys(switched[0]?.steps ?? {}).map((step) =>
          durationsRow(
            `  step ${step}`,
            switched.map(({ steps }) => steps[step] ?? NaN),
          ),
        ),
        durationsRow('  the commit record', of('record')),
        durationsRow('no write taken, by the servers', of('still')),
        durationsRow('gap of a client through HAProxy', of('proxied')),
        durationsRow('gap of a client that goes around', of('direct')),
        durationsRow('the whole run', of('run')),
        durationsRow('one replicated commit', replicated),
        durationsRow('one fdatasync of 4 kB', fsync),
      ],
    ),
    '',
    `writes: ${measured.acked} acknowledged, ${measured.lost} lost; switchovers that did not succeed: ${failed.length}`,
    ...failed.map((why) => `  ${why}`),
    '',
    verdict('acknowledged writes that were lost', measured.lost, 0),
  ];
  if (roundTrip > 0) {
    const trips = of('promoted').map((one) => one / roundTrip);
    return [...lines, verdict('round trips from freeze to promoted, median', median(trips), tripsTarget)].join('\n');
  }
  return [
    ...lines,
    verdict('freeze to routed, median', median(of('routed')), routedTarget, ' ms'),
    verdict('freeze to routed, p99 (five replicated commits of p99)', percentile(of('routed'), 99), tail, ' ms'),
    verdict('gap through HAProxy, median', median(of('proxied')), gapTarget, ' ms'),
    verdict('gap through HAProxy, p99 (five replicated commits of p99)', percentile(of('proxied'), 99), tail, ' ms'),
  ].join('\n');
}
