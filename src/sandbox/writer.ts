import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Secret } from '../base/secret.js';
import { createAccount } from '../dialects/grant-statements.js';
import { quoteText } from '../dialects/quote.js';
import { openSession, QueryError, type Session } from '../mysql/session.js';
import type { SandboxCluster } from './cluster.js';
import type { SandboxServer } from './server.js';

/** ER_DUP_ENTRY: the row of a write whose answer was lost is there. */
const there = 1062;
/** Between two tries while no server takes a write, milliseconds. */
const retry = 20;

/**
 * An application as there are many: it writes one row after the other over TLS, and tries the same row at the next
 * server when one refuses it or is gone.
 */
export class Writer {
  /** The numbers of the rows that a server said it has. */
  readonly acknowledged: number[] = [];
  /** The longest time between two acknowledged writes, milliseconds. */
  longestGap = 0;
  readonly #ending = new AbortController();
  #session: Session | undefined;
  #server = 0;
  readonly #work: Promise<void>;

  private constructor(
    readonly sandbox: SandboxCluster,
    readonly password: Secret,
    readonly ca: string,
  ) {
    this.#work = this.#write();
  }

  /** Makes its account and its table on the primary, and begins. */
  static async start(sandbox: SandboxCluster): Promise<Writer> {
    const password = new Secret('the-password-of-the-application');
    const account = { user: 'application', password };
    for (const text of [
      'CREATE DATABASE application',
      'CREATE TABLE application.written (id BIGINT PRIMARY KEY)',
      createAccount(account, 'ssl', quoteText(password.reveal())),
      "GRANT SELECT, INSERT ON application.* TO application@'%'",
    ])
      await sandbox.primary.sql(text);
    return new Writer(sandbox, password, await readFile(sandbox.client.ca, 'utf8'));
  }

  /** Ends after the write in hand. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#work;
    this.#session?.close();
  }

  /** Acknowledged rows that a server does not have. */
  async missingOn(server: SandboxServer): Promise<readonly number[]> {
    const rows = await server.sql('SELECT id FROM application.written');
    const present = new Set(rows.map(({ id }) => Number(id)));
    return this.acknowledged.filter((id) => !present.has(id));
  }

  async #write(): Promise<void> {
    let last = performance.now();
    for (let id = 1; !this.#ending.signal.aborted;) {
      if (!(await this.#insert(id))) {
        await pause(retry);
        continue;
      }
      this.acknowledged.push(id);
      id += 1;
      const now = performance.now();
      this.longestGap = Math.max(this.longestGap, now - last);
      last = now;
    }
  }

  /** @returns whether the row is known to be there */
  async #insert(id: number): Promise<boolean> {
    const signal = AbortSignal.timeout(2000);
    try {
      this.#session ??= await this.#open(signal);
      await this.#session.query(`INSERT INTO application.written VALUES (${id})`, { signal });
      return true;
    } catch (cause) {
      if (cause instanceof QueryError && cause.errno === there) return true;
      this.#session?.close();
      this.#session = undefined;
      this.#server += 1;
      return false;
    }
  }

  async #open(signal: AbortSignal): Promise<Session> {
    const { servers } = this.sandbox;
    const server = servers[this.#server % servers.length] ?? this.sandbox.primary;
    return openSession(
      {
        address: server.address,
        user: 'application',
        password: () => Promise.resolve(this.password),
        tls: { verify: 'identity', ca: this.ca },
      },
      { signal },
    );
  }
}
