import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Scope } from '../src/base/scope.js';
import { Secret } from '../src/base/secret.js';
import { LoginError, openSession } from '../src/mysql/session.js';
import { enableTls } from '../src/procedures/certificates/enable-tls.js';
import { Admin } from '../src/sandbox/admin.js';
import { createCluster, type SandboxCluster } from '../src/sandbox/cluster.js';
import { certificatesKept } from '../src/sandbox/configuration.js';
import { untilCaughtUp, untilReplicating } from '../src/sandbox/replication.js';
import type { SandboxServer } from '../src/sandbox/server.js';
import { serviceOf } from '../src/sandbox/service.js';
import type { VersionName } from '../src/sandbox/versions.js';
import { Workbench } from '../test/live/workbench.js';
import { onServers } from './on-servers.js';
import { countOf, say } from './run.js';
import { median } from './statistics.js';
import { fixed, tableText } from './table.js';

const usage = `Turns TLS on by enable-tls where only a restart does it, on a replica under writes, again and again: how long is it away?

  npm run bench:restart -- [--server VERSION] [--rounds COUNT] [--quick]

  --server  mariadb-10.5, mariadb-10.11, mariadb-11.8 or mysql-9.7 (default mariadb-10.11, then mysql-9.7)
  --rounds  restarts (default 20)
  --quick   twice: shows that the benchmark works, not how long anything takes`;

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    rounds: { type: 'string', default: '20' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** A shutdown that takes longer is no restart any more, milliseconds. */
const shutdownWithin = 60_000;
/** Between two looks at the replica, and two writes on its source, milliseconds. */
const every = 5;
/** What was written so long ago and is not there is missed, milliseconds. */
const late = 200;

if (values.help) process.stdout.write(`${usage}\n`);
else
  await onServers(values.server, async (version) => {
    const scope = new Scope();
    try {
      return await measured(scope, version, values.quick ? 2 : countOf(values.rounds));
    } finally {
      await scope.end();
    }
  });

/** Milliseconds of one round. */
interface Away {
  /** Between two greetings of the server. */
  readonly server: number;
  /** Until the replica had what its source had written again. */
  readonly replication: number;
  /** The whole run of the procedure. */
  readonly run: number;
}

async function measured(scope: Scope, version: VersionName, rounds: number): Promise<string> {
  const cluster = await createCluster({ version, replicas: 1, durable: true });
  scope.defer(() => cluster.stop());
  const replica = cluster.server('db2');
  const service = await serviceOf(scope, replica, () => replica.restart(shutdownWithin));
  const bench = await Workbench.open(scope, cluster, certificatesKept(cluster, {}, { db2: service }));
  await cluster.primary.run([
    'CREATE DATABASE bench',
    'CREATE TABLE bench.beat (id INT PRIMARY KEY, at DOUBLE NOT NULL)',
    'INSERT INTO bench.beat VALUES (1, 0)',
  ]);
  const all: Away[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await withoutTls(replica);
    const writer = beats(cluster.primary.socketPath);
    const watch = watched(cluster, replica);
    const began = performance.now();
    const ran = await bench.run(enableTls, bench.parameters({ server: 'db2' }));
    const run = performance.now() - began;
    if (ran.outcome !== 'succeeded') throw new Error(`enable-tls ${ran.outcome}: ${ran.why}`);
    await untilCaughtUp(replica, cluster.primary);
    const away = { ...(await watch.end()), run };
    await writer.end();
    say(`${version}, round ${round}: the server away for ${away.server.toFixed(0)} ms, replication for ${away.replication.toFixed(0)} ms`); // prettier-ignore
    all.push(away);
  }
  const row = (title: string, what: keyof Away) => {
    const times = all.map((one) => one[what]);
    return [title, `${fixed(median(times), 0)} ms`, `${fixed(Math.max(...times), 0)} ms`];
  };
  return [
    `${cluster.version.title}, enable-tls by a restart of a replica under writes, ${rounds} times; hardly any data`,
    '',
    tableText(
      ['', 'median', 'worst'],
      [row('the server answers nobody', 'server'), row('what is written does not arrive', 'replication'), row('the whole run', 'run')], // prettier-ignore
    ),
  ].join('\n');
}

async function withoutTls(replica: SandboxServer): Promise<void> {
  for (const name of await readdir(replica.includeDirectory)) await rm(path.join(replica.includeDirectory, name));
  replica.setTls('off');
  await replica.restart(shutdownWithin);
  await untilReplicating(replica);
}

/** The moment, written over and over. */
function beats(socketPath: string) {
  const session = new Admin(socketPath);
  const over = new AbortController();
  const done = (async () => {
    while (!over.signal.aborted) {
      await session.query(`UPDATE bench.beat SET at = ${Date.now()} WHERE id = 1`);
      await pause(every);
    }
    await session.close();
  })();
  return {
    end: () => {
      over.abort();
      return done;
    },
  };
}

/** The longest time without a greeting, and the longest without what was just written. */
function watched({ accounts }: SandboxCluster, replica: SandboxServer) {
  let over = false;
  let [greeted, fresh] = [performance.now(), performance.now()];
  const longest = { server: 0, replication: 0 };
  const greetings = async () => {
    while (!over) {
      if (await greets(replica)) {
        longest.server = Math.max(longest.server, performance.now() - greeted);
        greeted = performance.now();
      }
      await pause(every);
    }
  };
  const reads = async () => {
    while (!over) {
      const [row] = await replica.sql('SELECT at FROM bench.beat').catch(() => []);
      if (Date.now() - Number(row?.['at'] ?? 0) < late) {
        longest.replication = Math.max(longest.replication, performance.now() - fresh);
        fresh = performance.now();
      }
      await pause(every);
    }
  };
  const jobs = [greetings(), reads()];
  return {
    async end(): Promise<typeof longest> {
      // What has caught up by now is seen once more.
      await pause(late);
      over = true;
      await Promise.all(jobs);
      return longest;
    },
  };

  async function greets({ address }: SandboxServer): Promise<boolean> {
    const { user } = accounts.monitor;
    const target = { address, user, password: () => Promise.resolve(new Secret('')), tls: undefined };
    return openSession(target, { signal: AbortSignal.timeout(1000) }).then(
      async (session) => session.end().then(() => true),
      (cause: unknown) => cause instanceof LoginError && cause.handshake !== undefined,
    );
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
