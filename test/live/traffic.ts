import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Secret } from '../../src/base/secret.js';
import { openSession, type Target } from '../../src/mysql/session.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import { channelStatus, untilCaughtUp } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';

/** What happened while something was changed. */
export interface Traffic {
  readonly writes: number;
  readonly failedWrites: readonly string[];
  readonly logins: number;
  /** New connections, each with the server's certificate verified, that were refused, by whichever side. */
  readonly refusedLogins: readonly string[];
  /** Looks at the replicas that found a thread not running, of how many. */
  readonly standing: readonly string[];
  readonly looks: number;
}

/** Between two turns of a session, milliseconds: what is changed is to have some of the machine, too. */
const pace = { writes: 5, logins: 20, looks: 20 };

/** What the application writes into, and its account, on every server. */
export async function layTable({ primary, replicas, accounts }: SandboxCluster): Promise<void> {
  await primary.run([
    'CREATE DATABASE app',
    'CREATE TABLE app.lines (id INT PRIMARY KEY AUTO_INCREMENT, n INT NOT NULL)',
    `CREATE USER app@'%' IDENTIFIED BY '${accounts.monitor.password.reveal()}' REQUIRE X509`,
    "GRANT SELECT, INSERT ON app.* TO app@'%'",
  ]);
  for (const replica of replicas) await untilCaughtUp(replica, primary);
}

/**
 * An application while something goes on: one session writes to the primary, new ones come to every server all the
 * time and verify its certificate and name, and replicas are asked whether both of their threads run.
 */
export async function traffic(sandbox: SandboxCluster, work: () => Promise<void>): Promise<Traffic> {
  const over = new AbortController();
  const seen = { writes: 0, logins: 0, looks: 0 };
  const [failedWrites, refusedLogins, standing]: [string[], string[], string[]] = [[], [], []];
  const until = async (turn: () => Promise<void>, every: number, faults: string[]) => {
    while (!over.signal.aborted) {
      await turn().catch((cause: unknown) => faults.push(`${new Date().toISOString()} ${String(cause)}`));
      await pause(every);
    }
  };
  const application = await openSession(targetOf(sandbox, sandbox.primary, 'root'), { signal: within(10_000) });
  const jobs = [
    until(
      async () => {
        await application.query(`INSERT INTO app.lines (n) VALUES (1)`, { signal: within(10_000) });
        seen.writes += 1;
      },
      pace.writes,
      failedWrites,
    ),
    ...sandbox.servers.map((server) =>
      until(
        async () => {
          const session = await openSession(targetOf(sandbox, server), { signal: within(10_000) });
          await session.end();
          seen.logins += 1;
        },
        pace.logins,
        refusedLogins,
      ),
    ),
    until(
      async () => {
        for (const replica of sandbox.replicas) {
          const status = await channelStatus(replica);
          seen.looks += 1;
          if (status?.io !== 'Yes' || status.sql !== 'Yes') standing.push(`${replica.name} ${JSON.stringify(status)}`);
        }
      },
      pace.looks,
      standing,
    ),
  ];
  try {
    await work();
  } finally {
    over.abort();
    await Promise.all(jobs);
    await application.end();
  }
  return { ...seen, failedWrites, refusedLogins, standing };
}

/** Files are read at each login, the pair as a whole: the certificate is the same before and after its key was read. */
function targetOf(sandbox: SandboxCluster, server: SandboxServer, as: 'root' | 'monitor' = 'monitor'): Target {
  const { client, accounts } = sandbox;
  const read = () => [client.ca, client.cert, client.key, client.cert].map((file) => readFileSync(file, 'utf8'));
  let [ca = '', cert = '', key = '', again = ''] = read();
  while (again !== cert) [ca = '', cert = '', key = '', again = ''] = read();
  const { user, password } = as === 'monitor' ? accounts.monitor : { user: 'app', password: accounts.monitor.password };
  return {
    address: server.address,
    user,
    password: () => Promise.resolve(password),
    tls: { verify: 'identity', ca, cert, key: new Secret(key) },
  };
}

function within(milliseconds: number): AbortSignal {
  return AbortSignal.timeout(milliseconds);
}
