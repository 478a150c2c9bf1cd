import { parseArgs } from 'node:util';
import { onServers } from './on-servers.js';
import { countOf } from './run.js';
import { switchoverText } from './switchover-report.js';
import { measureSwitchovers } from './switchover-run.js';

const usage = `Changes the primary to and fro under load, and measures how long writes stand still.

  npm run bench:switchover -- [--server VERSION] [--switchovers COUNT] [--rate COUNT] [--rtt MILLISECONDS] [--quick] [--lockstep FILE]

  --server       mariadb-10.5, mariadb-10.11, mariadb-11.8 or mysql-9.7 (default mariadb-10.11, then mysql-9.7)
  --switchovers  how many (default 300)
  --rate         writes per second (default 1000)
  --rtt          simulated round trip between two data centres, db2 alone in the other (default 0: none)
  --quick        4 switchovers at 100 writes per second: shows that the benchmark works, not how fast anything is
  --lockstep     the program to measure (default dist/main.js)`;

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    switchovers: { type: 'string', default: '300' },
    rate: { type: 'string', default: '1000' },
    rtt: { type: 'string', default: '0' },
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
      switchovers: values.quick ? 4 : countOf(values.switchovers),
      rate: values.quick ? 100 : countOf(values.rate),
      roundTrip: countOf(values.rtt, 0),
      signal,
    };
    return switchoverText(await measureSwitchovers(options), options);
  });
