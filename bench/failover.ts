import { parseArgs } from 'node:util';
import { versionNamed } from '../src/sandbox/versions.js';
import { measureFailovers, type FailoverOptions, type MeasuredFailovers } from './failover-run.js';
import { machineText } from './machine.js';
import { countOf, withScope } from './run.js';
import { median, percentile } from './statistics.js';
import { fixed, tableText, verdict } from './table.js';

const usage = `Kills the primary under load, and measures how long it takes until another server is open.

  npm run bench:failover -- [--server VERSION] [--failovers COUNT] [--rate COUNT] [--evidence SECONDS] [--quick] [--lockstep FILE]

  --server     mariadb-10.5, mariadb-10.11, mariadb-11.8 or mysql-9.7 (default mariadb-10.11, then mysql-9.7)
  --failovers  how many (default 30)
  --rate       writes per second (default 200)
  --evidence   how long it must have been silent before it counts as dead (default 2)
  --quick      2 failovers at 50 writes per second: shows that the benchmark works, not how fast anything is
  --lockstep   the program to measure (default dist/main.js)`;

/** Beyond the evidence, milliseconds. */
const target = 1000;

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    failovers: { type: 'string', default: '30' },
    rate: { type: 'string', default: '200' },
    evidence: { type: 'string', default: '2' },
    quick: { type: 'boolean', default: false },
    lockstep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(`${usage}\n`);
else
  await withScope(async (_scope, signal) => {
    const servers = values.server === undefined ? ['mariadb-10.11', 'mysql-9.7'] : [values.server];
    for (const server of servers) {
      const options: FailoverOptions = {
        version: versionNamed(server).name,
        program: values.lockstep,
        failovers: values.quick ? 2 : countOf(values.failovers),
        rate: values.quick ? 50 : countOf(values.rate),
        evidence: countOf(values.evidence),
        signal,
      };
      const machine = machineText();
      process.stdout.write(`${failoverText(await measureFailovers(options), options)}\n\n${machine}\n\n`);
    }
  });

function failoverText(measured: MeasuredFailovers, { version, rate, evidence }: FailoverOptions): string {
  const { done, failed, acked, lost, rebuilt } = measured;
  const row = (title: string, values: readonly number[]) => [
    title,
    `${fixed(median(values), 0)} ms`,
    `${fixed(percentile(values, 99), 0)} ms`,
    `${fixed(Math.max(...values), 0)} ms`,
  ];
  const beyond = done.map(({ promoted }) => promoted - evidence * 1000);
  return [
    `${version}: ${done.length} deaths of the primary, semi-synchronous replication, ${rate} writes per second wanted, dead after ${evidence} s of silence`,
    '',
    tableText(
      ['', 'median', 'p99', 'worst'],
      [
        row('SIGKILL to promoted', done.map(({ promoted }) => promoted)), // prettier-ignore
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
