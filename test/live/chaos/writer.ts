import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../../src/base/errors.js';
import type { Secret } from '../../../src/base/secret.js';
import type { Address } from '../../../src/domain/snapshot.js';
import { until } from '../../../src/sandbox/until.js';
import { openSession, QueryError, type Session } from '../../../src/mysql/session.js';
import type { Attempt } from './history.js';

/** ER_OPTION_PREVENTS_STATEMENT, ER_READ_ONLY_MODE: the server is read-only, and nothing was written. */
const readOnly = new Set([1290, 1836]);
/** Between two tries while nobody takes writes, milliseconds. */
const retryPause = 5;

export interface Client {
  readonly user: string;
  readonly password: Secret;
  /** Whom it trusts, PEM. */
  readonly ca: string;
  /** What the certificate must name; default the address. */
  readonly serverName?: string;
  /** Where it connects: the next one after each failure. One only: a proxy, or a name. */
  readonly addresses: readonly Address[];
}

export interface WriterOptions {
  readonly writer: number;
  readonly client: Client;
  /** With its database. */
  readonly table: string;
  /** Milliseconds between the begins of two writes; less when one takes longer. */
  readonly every: number;
  /** Every so manieth write is a transaction of three round trips. 0: none. Default 5. */
  readonly transactions?: number;
  /** How long it waits for an answer, milliseconds. Default 5000. */
  readonly patience?: number;
  /** Whether it asks each server that it comes to who it is. Default false. */
  readonly asksWho?: boolean;
}

/** An application: over one connection at a time it writes its numbers, each once, and keeps what it was told. */
export class Writer {
  readonly attempts: Attempt[] = [];
  readonly #ending = new AbortController();
  #session: Session | undefined;
  #serverId: number | undefined;
  /** Why it could not connect last, for whoever wonders. */
  refused = '';
  #place = 0;
  readonly #done: Promise<void>;

  constructor(readonly options: WriterOptions) {
    this.#done = this.#work();
  }

  /** Settles when a write that began after this call was acknowledged. */
  async writesAgain(): Promise<void> {
    const now = performance.timeOrigin + performance.now();
    const newest = () => this.attempts.findLast(({ outcome }) => outcome === 'acked');
    await until(`writer ${this.options.writer} to write again`, () => (newest()?.sentAt ?? 0) > now);
  }

  /** Ends after the write under way. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#done;
    this.#session?.close();
  }

  async #work(): Promise<void> {
    const { every, transactions = 5 } = this.options;
    let due = performance.now();
    for (let seq = 1; !this.#ending.signal.aborted; seq += 1) {
      const session = await this.#connected();
      if (session === undefined) break;
      const attempt = await this.#try(session, seq, transactions > 0 && seq % transactions === 0);
      this.attempts.push(attempt);
      if (attempt.outcome !== 'acked') {
        session.close();
        this.#place += 1;
      }
      due = Math.max(due + every, performance.now() - every);
      await pause(Math.max(0, due - performance.now()));
    }
  }

  /** Undefined once it is over. */
  async #connected(): Promise<Session | undefined> {
    const { client, patience = 5000 } = this.options;
    const { addresses, user, password, ca, serverName } = client;
    while (!this.#ending.signal.aborted) {
      if (this.#session?.closed === false) return this.#session;
      const address = addresses[this.#place % addresses.length];
      if (address === undefined) throw new Error('a client without an address');
      const tls = { verify: 'identity' as const, ca, ...(serverName === undefined ? {} : { serverName }) };
      const target = { address, user, password: () => Promise.resolve(password), tls };
      try {
        const signal = AbortSignal.timeout(patience);
        const session = await openSession(target, { signal });
        if (this.options.asksWho === true) this.#serverId = await serverIdOf(session, signal);
        this.#session = session;
      } catch (cause) {
        this.refused = messageOf(cause);
        this.#place += 1;
        await pause(retryPause);
      }
    }
    return undefined;
  }

  async #try(session: Session, seq: number, transaction: boolean): Promise<Attempt> {
    const { writer, table, patience = 5000 } = this.options;
    const insert = `INSERT INTO ${table} VALUES (${writer}, ${seq}, @@server_id, SYSDATE(6))`;
    const signal = AbortSignal.timeout(patience);
    const sentAt = performance.timeOrigin + performance.now();
    const ended = (outcome: Attempt['outcome'], told?: string): Attempt => {
      const endedAt = performance.timeOrigin + performance.now();
      const server = this.#serverId;
      return { writer, seq, sentAt, endedAt, outcome, ...(told === undefined ? {} : { told }), ...(server === undefined ? {} : { server }) }; // prettier-ignore
    };
    try {
      for (const text of transaction ? ['BEGIN', insert, 'COMMIT'] : [insert]) await session.query(text, { signal });
      return ended('acked');
    } catch (cause) {
      const refused = cause instanceof QueryError && readOnly.has(cause.errno);
      return ended(refused ? 'refused' : 'unknown', messageOf(cause));
    }
  }
}

/** @throws as the session does, which it closes */
async function serverIdOf(session: Session, signal: AbortSignal): Promise<number> {
  try {
    const [[row] = []] = await session.query('SELECT @@server_id AS id', { signal });
    return Number(row?.['id']);
  } catch (cause) {
    session.close();
    throw cause;
  }
}
