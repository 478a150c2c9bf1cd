import { parseArgs } from 'node:util';
import { curveText, fleetText } from './fleet-report.js';
import { runFleet, type FleetOptions, type Window } from './fleet-run.js';
import { machineText } from './machine.js';
import { record, type Recording } from './recording.js';
import { countOf, say, withScope } from './run.js';

const usage = `Probes many simulated servers through one Lockstep, as Prometheus would.

  npm run bench:fleet -- [--servers COUNT] [--seconds COUNT] [--no-curve] [--quick] [--lockstep FILE]

  --servers   how many, two to a cluster (default 1000)
  --seconds   how long a window is measured (default 60; the growth curve takes half of it)
  --no-curve  without the growth curve at 250, 500, 1000 and 2000 servers
  --quick     40 servers, every second, 2 s a window: shows that the benchmark works, not how fast anything is
  --lockstep  the program to measure (default dist/main.js)`;

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
    curve: { type: 'boolean', default: true },
    quick: { type: 'boolean', default: false },
    lockstep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
  allowNegative: true,
});

const curve = [250, 500, 1000, 2000];

if (values.help) process.stdout.write(`${usage}\n`);
else
  await withScope(async (_scope, signal) => {
    const servers = values.quick ? 40 : countOf(values.servers, 10);
    const options: FleetOptions = {
      program: values.lockstep,
      interval: values.quick ? 1 : 15,
      seconds: values.quick ? 2 : Math.max(1, Number(values.seconds) || 0),
      extent: 'whole',
      signal,
    };
    const machine = machineText();
    say('recording what real servers answer');
    const recording = await record(values.lockstep, signal);
    const windows = await runFleet(servers, recording, options);
    process.stdout.write(`${fleetText(servers, options.interval, windows)}\n`);
    if (values.curve && !values.quick) process.stdout.write(`\n${await growth(recording, options)}\n`);
    process.stdout.write(`\n${machine}\n`);
  });

async function growth(recording: Recording, options: FleetOptions): Promise<string> {
  const windows: Window[] = [];
  for (const servers of curve)
    windows.push(
      ...(await runFleet(servers, recording, { ...options, seconds: options.seconds / 2, extent: 'curve' })),
    );
  return curveText(windows);
}
