import net from 'node:net';
import type { Address } from '../domain/snapshot.js';
import type { Scope } from '../base/scope.js';
import { LockstepError } from '../base/errors.js';
import { tryHold } from './lock.js';

/**
 * A loopback address that no other sandbox on this machine uses, with a port that is free on it, ours until the scope
 * ends. From 127.0.0.2 up: MariaDB 11.8 skips certificate checks towards 127.0.0.1, and a certificate that names an
 * address must name one server.
 */
export async function takeAddress(scope: Scope): Promise<Address> {
  for (let number = 2; number < 1024; number += 1) {
    const last = number % 256;
    if (last === 0 || last === 255) continue;
    const host = `127.0.${Math.floor(number / 256)}.${last}`;
    const release = await tryHold(`address/${host}`);
    if (release === undefined) continue;
    scope.defer(release);
    return { host, port: await freePort(host) };
  }
  throw new LockstepError('sandbox-addresses', 'every loopback address of the sandbox is taken', 'Stop some of them.');
}

/** A port that nothing listens on at this moment. */
export function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
