import { parseArgs } from 'node:util';
import { machineText } from './machine.js';
import { record } from './recording.js';
import { countOf, say, withScope } from './run.js';
import { webhookText } from './webhook-report.js';
import { runStorm, type WebhookOptions } from './webhook-run.js';

const usage = `Sends a storm of alerts to the webhook of one Lockstep, as many Alertmanagers would.

  npm run bench:webhook -- [--rate COUNT] [--group COUNT] [--seconds COUNT] [--episodes COUNT] [--quick] [--lockstep FILE]

  --rate      alerts per second (default 1000)
  --group     alerts in one request (default 1, as deploy/alertmanager.yml groups them)
  --seconds   how long (default 60)
  --episodes  how many different things they are about, one cluster of two servers each (default 100)
  --quick     100 alerts per second about 10 things, for 3 s: shows that the benchmark works, not how fast anything is
  --lockstep  the program to measure (default dist/main.js)`;

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '1000' },
    group: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    episodes: { type: 'string', default: '100' },
    quick: { type: 'boolean', default: false },
    lockstep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(`${usage}\n`);
else
  await withScope(async (_scope, signal) => {
    const options: WebhookOptions = {
      program: values.lockstep,
      rate: values.quick ? 100 : countOf(values.rate),
      group: countOf(values.group),
      seconds: values.quick ? 3 : countOf(values.seconds),
      episodes: values.quick ? 10 : countOf(values.episodes),
      signal,
    };
    const machine = machineText();
    say('recording what real servers answer');
    const recording = await record(values.lockstep, signal, { stopped: true });
    const weathered = await runStorm(recording, options);
    process.stdout.write(`${webhookText(weathered, options)}\n\n${machine}\n`);
  });
