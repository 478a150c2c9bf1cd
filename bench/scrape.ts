import { parseArgs } from 'node:util';
import { Scope } from '../src/base/scope.js';
import { createCluster } from '../src/sandbox/cluster.js';
import { untilCaughtUp } from '../src/sandbox/replication.js';
import type { SandboxServer } from '../src/sandbox/server.js';
import { versionNamed, type VersionName } from '../src/sandbox/versions.js';
import { pairings, proves, startContenders, writeHeartbeat, type Contender, type Pairing } from './contenders.js';
import { machineText } from './machine.js';
import { usageOf } from './process-usage.js';
import { countOf, say, withScope } from './run.js';
import { report, type Measured } from './scrape-report.js';
import { Scraper } from './scraper.js';
import { between, countersOf, type Counters } from './server-counters.js';

/** How many scrapes of each contender alone the server counts. */
const counted = 100;

const usage = `Scrapes one replica by Lockstep and by prometheus-mysqld-exporter, side by side.

  npm run bench:scrape -- [--server VERSION]... [--scrapes COUNT] [--lockstep FILE]

  --server    mariadb-10.5, mariadb-10.11, mariadb-11.8 or mysql-9.7; may stand several times
              (default: mariadb-10.11, then mysql-9.7)
  --scrapes   how many of each contender are timed, after as many as a third of that to warm up (default 500)
  --lockstep  the program to measure (default dist/main.js)`;

const { values } = parseArgs({
  options: {
    server: { type: 'string', multiple: true, default: ['mariadb-10.11', 'mysql-9.7'] },
    scrapes: { type: 'string', default: '500' },
    lockstep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(`${usage}\n`);
else
  await withScope(async (scope, signal) => {
    const scrapes = countOf(values.scrapes);
    for (const server of values.server) {
      const version = versionNamed(server).name;
      const machine = machineText();
      const { measured, first } = await measure(scope, version, scrapes, values.lockstep, signal);
      process.stdout.write(`${report(version, scrapes, measured, first)}\n\n${machine}\n\n`);
    }
  });

async function measure(
  outer: Scope,
  version: VersionName,
  scrapes: number,
  program: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly measured: readonly Measured[]; readonly first: Counters }> {
  const scope = outer.own(new Scope(), (own) => own.end());
  try {
    say(`booting ${version}: a primary and a replica over TLS`);
    const cluster = scope.own(await createCluster({ version, replicas: 1, durable: true, signal }), (own) =>
      own.stop(),
    );
    await writeHeartbeat(cluster.primary);
    const replica = cluster.server('db2');
    await untilCaughtUp(replica, cluster.primary);
    const contenders = await startContenders(scope, cluster, replica, { program });
    const first = await firstScrape(contenders[0], replica);
    const measured: Measured[] = [];
    for (const pairing of pairings) measured.push(...(await pair(contenders, pairing, replica, scrapes, signal)));
    return { measured, first };
  } finally {
    await scope.end();
  }
}

/** The scrape that logs in, and asks what is asked seldom: what a renewal costs comes on top of an ordinary scrape. */
async function firstScrape(lockstep: Contender, replica: SandboxServer): Promise<Counters> {
  const scraper = new Scraper();
  try {
    const before = await countersOf(replica);
    await scraper.scrape(lockstep.urls.everything);
    return between(before, await countersOf(replica));
  } finally {
    scraper.close();
  }
}

async function pair(
  contenders: readonly Contender[],
  pairing: Pairing,
  replica: SandboxServer,
  scrapes: number,
  signal: AbortSignal,
): Promise<Measured[]> {
  const scraper = new Scraper();
  try {
    say(`${pairing}: warming up`);
    await alternate(contenders, pairing, scraper, Math.ceil(scrapes / 3), signal);
    say(`${pairing}: ${scrapes} scrapes of each, alternating`);
    const before = contenders.map(({ pid }) => usageOf(pid));
    const times = await alternate(contenders, pairing, scraper, scrapes, signal);
    const after = contenders.map(({ pid }) => usageOf(pid));
    const measured: Measured[] = [];
    for (const [index, contender] of contenders.entries()) {
      const counted = await count(contender, pairing, scraper, replica);
      const [start, end] = [before[index], after[index]];
      measured.push({
        contender: contender.name,
        pairing,
        milliseconds: times[index] ?? [],
        cpuMilliseconds: (((end?.cpuSeconds ?? NaN) - (start?.cpuSeconds ?? NaN)) * 1000) / scrapes,
        residentBytes: end?.residentBytes ?? NaN,
        ...counted,
      });
    }
    return measured;
  } finally {
    scraper.close();
  }
}

/** One scrape of each in turn, so that whatever else the machine does meets all alike. */
async function alternate(
  contenders: readonly Contender[],
  pairing: Pairing,
  scraper: Scraper,
  scrapes: number,
  signal: AbortSignal,
): Promise<number[][]> {
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < scrapes; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      signal.throwIfAborted();
      // Who comes first changes from round to round.
      const index = (round + turn) % contenders.length;
      const contender = contenders[index];
      if (contender === undefined) continue;
      const { status, milliseconds } = await scraper.scrape(contender.urls[pairing]);
      if (status !== 200) throw new Error(`${contender.name} answered ${status}`);
      times[index]?.push(milliseconds);
    }
  }
  return times;
}

/** Scrapes of one contender alone, so that what the server counts is its doing. */
async function count(contender: Contender, pairing: Pairing, scraper: Scraper, replica: SandboxServer) {
  const url = contender.urls[pairing];
  const { body } = await scraper.scrape(url);
  const before = await countersOf(replica);
  for (let scrape = 0; scrape < counted; scrape += 1) await scraper.scrape(url);
  const { statements, connections } = between(before, await countersOf(replica));
  return {
    statements: statements / counted,
    connections: connections / counted,
    bodyBytes: body.length,
    complete: proves(contender, pairing, body),
  };
}
