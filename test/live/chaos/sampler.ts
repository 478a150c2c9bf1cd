import { setTimeout as pause } from 'node:timers/promises';
import type { Secret } from '../../../src/base/secret.js';
import type { SandboxServer } from '../../../src/sandbox/server.js';
import { openSession, type Session } from '../../../src/mysql/session.js';
import type { Sample } from './history.js';

/** Between two questions to a server, milliseconds. */
const every = 20;
/** How long an answer is waited for, milliseconds. */
const patience = 1000;

/** Asks every server at its own socket, all the time, whether it takes writes: no network is in between. */
export class Sampler {
  readonly samples: Sample[] = [];
  readonly #ending = new AbortController();
  readonly #done: Promise<unknown>;

  constructor(
    servers: readonly SandboxServer[],
    readonly account: { readonly user: string; readonly password: Secret },
  ) {
    this.#done = Promise.all(servers.map((server) => this.#watch(server)));
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#done;
  }

  async #watch(server: SandboxServer): Promise<void> {
    const { user, password } = this.account;
    const address = { host: 'localhost', port: 0, socketPath: server.socketPath };
    const target = { address, user, password: () => Promise.resolve(password), tls: undefined };
    let session: Session | undefined;
    while (!this.#ending.signal.aborted) {
      try {
        const signal = AbortSignal.timeout(patience);
        if (session === undefined || session.closed) session = await openSession(target, { signal });
        const askedAt = performance.timeOrigin + performance.now();
        const [[row] = []] = await session.query('SELECT @@global.read_only AS closed', { signal });
        const answeredAt = performance.timeOrigin + performance.now();
        const writable = ['0', 'OFF'].includes(row?.['closed'] ?? '');
        this.samples.push({ server: server.name, askedAt, answeredAt, writable });
      } catch {
        session?.close(); // killed, frozen or gone: asked again
      }
      await pause(every);
    }
    session?.close();
  }
}
