import { parseArgs } from 'node:util';
import { failoverText } from './failover-report.js';
import { measureFailovers } from './failover-run.js';
import { onServers } from './on-servers.js';
import { countOf } from './run.js';

const usage = `Kills the primary under load, and measures how long it takes until another server is open.

  npm run bench:failover -- [--server VERSION] [--failovers COUNT] [--rate COUNT] [--evidence SECONDS] [--quick] [--lockstep FILE]

  --server     mariadb-10.5, mariadb-10.11, mariadb-11.8 or mysql-9.7 (default mariadb-10.11, then mysql-9.7)
  --failovers  how many (default 30)
  --rate       writes per second (default 200)
  --evidence   how long it must have been silent before it counts as dead (default 2)
  --quick      2 failovers at 50 writes per second: shows that the benchmark works, not how fast anything is
  --lockstep   the program to measure (default dist/main.js)`;

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
  await onServers(values.server, async (version, signal) => {
    const options = {
      version,
      program: values.lockstep,
      failovers: values.quick ? 2 : countOf(values.failovers),
      rate: values.quick ? 50 : countOf(values.rate),
      evidence: countOf(values.evidence),
      signal,
    };
    return failoverText(await measureFailovers(options), options);
  });
