import { chmod, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { userInfo } from 'node:os';
import { systemClock } from '../base/clock.js';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { Connections } from './connections.js';
import type { Doorkeeper } from './guard.js';
import type { HttpPorts } from './ports.js';
import { createRoutes } from './routes.js';
import type { HttpSettings } from './settings.js';
import { Streams } from './streams.js';

/** The listener for commands on this machine: the same routes, over a Unix socket. */
export interface Control {
  /**
   * Listens, in the place of whatever a dead instance left there: call it only while the journal is held.
   * @throws LockstepError `listen-failed`
   */
  start(): Promise<void>;
  /** Ends event streams, lets running requests end, then closes. Idempotent. */
  stop(graceMilliseconds?: number): Promise<void>;
}

/** What a socket's address takes on Linux, bytes (unix(7)). */
const longestPath = 107;

/**
 * Whoever can connect is an operator: the socket is for its owner alone (mode 0600), and so for root. Node does not tell
 * who is on the other side, so everybody is known by the owner's name: `local:lockstep`.
 */
export function createControl(ports: HttpPorts, settings: () => HttpSettings, socket: string, log: Log): Control {
  const identity = { name: localName(), role: 'operator' } as const;
  const door = (): Doorkeeper => ({
    settings: settings(),
    tellsApart: true,
    authenticator: { identify: () => Promise.resolve(identity) },
  });
  const streams = new Streams();
  const server = createServer({ keepAliveTimeout: 5000 });
  const connections = new Connections(server);
  server.on('request', createRoutes({ ports, streams, clock: systemClock }, door, log));
  return {
    async start() {
      if (Buffer.byteLength(socket) > longestPath)
        throw failed(socket, `its path has ${Buffer.byteLength(socket)} bytes, and a socket's may have ${longestPath}`);
      await rm(socket, { force: true });
      await listening(server, socket);
      await chmod(socket, 0o600);
    },
    async stop(graceMilliseconds = 5000) {
      streams.end();
      if (server.listening) await connections.stop(graceMilliseconds);
    },
  };
}

/** Who commands on this machine are: `local:` and the user of this process. */
export function localName(): string {
  try {
    return `local:${userInfo().username}`;
  } catch {
    // A container may run under a number that no user has.
    return `local:${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Made with the mode that it is to have: nobody can come in before it is set. */
async function listening(server: ReturnType<typeof createServer>, socket: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(failed(socket, messageOf(error), error)));
    const before = process.umask(0o177);
    try {
      server.listen({ path: socket }, resolve);
    } finally {
      process.umask(before);
    }
  });
}

function failed(socket: string, why: string, cause?: unknown): LockstepError {
  return new LockstepError(
    'listen-failed',
    `cannot listen on ${socket}: ${why}`,
    'Name another `journal.directory`, short and writable for this user.',
    { cause },
  );
}
