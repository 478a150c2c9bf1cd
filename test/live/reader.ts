import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import type { Address } from '../../src/domain/snapshot.js';
import { openSession, type Target } from '../../src/mysql/session.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import { until } from '../../src/sandbox/until.js';

/** Between two reads, milliseconds. */
const pace = 5;

/** One question, and who answered it by its own word. */
export interface Read {
  /** When its connection was begun, milliseconds since the Unix epoch. */
  readonly began: number;
  readonly server: string;
}

/** An application that reads all the time, each time over a new connection and TLS, by way of HAProxy. */
export class Reader {
  readonly reads: Read[] = [];
  /** What was not answered, and why. */
  readonly refused: string[] = [];
  readonly #over = new AbortController();
  #work: Promise<void> = Promise.resolve();

  private constructor(
    readonly target: Target,
    readonly names: ReadonlyMap<string, string>,
  ) {}

  static async start(scope: Scope, sandbox: SandboxCluster, address: Address): Promise<Reader> {
    const { client, accounts } = sandbox;
    const [ca = '', cert = '', key = ''] = await Promise.all(
      [client.ca, client.cert, client.key].map((file) => readFile(file, 'utf8')),
    );
    const ids = sandbox.servers.map(async (server) => {
      const [row] = await server.sql('SELECT @@server_id AS id');
      return [row?.['id'] ?? '', server.name] as const;
    });
    const { user, password } = accounts.monitor;
    // Whose certificate it is follows from where HAProxy leads: it must be one of ours.
    const tls = { verify: 'ca', ca, cert, key: new Secret(key) } as const;
    const reader = new Reader({ address, user, password: () => Promise.resolve(password), tls }, new Map(await Promise.all(ids))); // prettier-ignore
    reader.#work = reader.#readAll();
    scope.defer(() => reader.stop());
    return reader;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#work;
  }

  /** Settles when so many more reads were answered. */
  async more(count: number): Promise<void> {
    const before = this.reads.length;
    await until(`${count} more reads`, () => Promise.resolve(this.reads.length >= before + count), { within: 30_000 });
  }

  /** Who answered what was begun in between, with how many. */
  between(from: number, to: number): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { began, server } of this.reads)
      if (began >= from && began <= to) counts[server] = (counts[server] ?? 0) + 1;
    return counts;
  }

  async #readAll(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const began = Date.now();
      try {
        const session = await openSession(this.target, { signal: AbortSignal.timeout(10_000) });
        try {
          const [rows] = await session.query('SELECT @@server_id AS id', { signal: AbortSignal.timeout(10_000) });
          const id = String(rows?.[0]?.['id']);
          this.reads.push({ began, server: this.names.get(id) ?? id });
        } finally {
          await session.end();
        }
      } catch (cause) {
        this.refused.push(`${new Date(began).toISOString()} ${String(cause)}`);
      }
      await pause(pace);
    }
  }
}
