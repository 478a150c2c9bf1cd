import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Secret } from '../../src/base/secret.js';
import { openSession, type Session, type Target } from '../../src/mysql/session.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import type { SandboxServer } from '../../src/sandbox/server.js';

const account = { user: 'app', password: new Secret('a-word') };

/** What writers got an answer for, and when. */
export interface Written {
  readonly acknowledged: readonly number[];
  /** The longest time between two acknowledgements of all writers together, milliseconds. */
  readonly gap: number;
}

/**
 * Applications: each writes row after row over TLS, every id once, to whichever server takes it, and remembers what was
 * acknowledged. Whoever asks stops them.
 */
export class Writers {
  readonly #stop = new AbortController();
  readonly #acknowledged: number[] = [];
  readonly #at: number[] = [];
  #next = 0;
  #done: Promise<unknown> = Promise.resolve();

  private constructor(readonly sandbox: SandboxCluster) {}

  /** Once for a cluster: the table, and the account on every server. */
  static async prepare(sandbox: SandboxCluster): Promise<void> {
    await sandbox.primary.run([
      'CREATE DATABASE app',
      'CREATE TABLE app.written (id INT PRIMARY KEY, server INT NOT NULL)',
      `CREATE USER ${account.user}@'%' IDENTIFIED BY '${account.password.reveal()}' REQUIRE SSL`,
      `GRANT ALL ON app.* TO ${account.user}@'%'`,
    ]);
  }

  static async start(sandbox: SandboxCluster, count = 3): Promise<Writers> {
    const writers = new Writers(sandbox);
    const [row] = await sandbox.primary.sql('SELECT COALESCE(MAX(id), 0) AS newest FROM app.written');
    writers.#next = Number(row?.['newest'] ?? 0) + 1000;
    writers.#done = Promise.all(Array.from({ length: count }, (_, index) => writers.#write(index)));
    return writers;
  }

  get count(): number {
    return this.#acknowledged.length;
  }

  async stop(): Promise<Written> {
    this.#stop.abort();
    await this.#done;
    const gaps = this.#at.slice(1).map((at, index) => at - (this.#at[index] ?? at));
    return { acknowledged: this.#acknowledged, gap: Math.max(0, ...gaps) };
  }

  #stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #write(index: number): Promise<void> {
    const { servers } = this.sandbox;
    for (let at = index; !this.#stopped(); at += 1) {
      const server = servers[at % servers.length];
      const session = server && (await appSession(this.sandbox, server).catch(() => undefined));
      if (session === undefined) {
        await pause(5);
        continue;
      }
      try {
        while (!this.#stopped()) {
          const id = (this.#next += 1);
          await session.query(`INSERT INTO app.written VALUES (${id}, @@server_id)`, { signal: AbortSignal.timeout(20_000) }); // prettier-ignore
          this.#acknowledged.push(id);
          this.#at.push(performance.now());
          await pause(1);
        }
      } catch {
        await pause(2); // read-only, or gone: the next server
      } finally {
        session.close();
      }
    }
  }
}

/** A session of an application. */
export async function appSession(sandbox: SandboxCluster, server: SandboxServer): Promise<Session> {
  const target: Target = {
    address: server.address,
    user: account.user,
    password: () => Promise.resolve(account.password),
    tls: { verify: 'identity', ca: await readFile(sandbox.client.ca) },
  };
  return openSession(target, { signal: AbortSignal.timeout(5000) });
}

/** Ids that were acknowledged and are not on that server. */
export async function lostOn(server: SandboxServer, acknowledged: readonly number[]): Promise<readonly number[]> {
  const rows = await server.sql('SELECT id FROM app.written');
  const there = new Set(rows.map((row) => Number(row['id'])));
  return acknowledged.filter((id) => !there.has(id));
}
