import net from 'node:net';
import type { Scope } from '../../src/base/scope.js';
import type { Address } from '../../src/domain/snapshot.js';
import { takeAddress } from '../../src/sandbox/addresses.js';

/** A server that says its name to whoever connects, and nothing more: all that HAProxy needs of one. */
export async function greeter(
  scope: Scope,
  name: string,
): Promise<{ readonly name: string; readonly address: Address }> {
  const address = await takeAddress(scope);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.write(name);
  });
  await new Promise<void>((resolve) => server.listen(address.port, address.host, resolve));
  scope.defer(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { name, address };
}

export interface Client {
  /** What it was told at first; '' when it was turned away. */
  readonly greeted: Promise<string>;
  /** Settles when its connection is gone, however. */
  readonly ended: Promise<void>;
  /** How long it waited to be told, milliseconds. */
  readonly waited: Promise<number>;
  leave(): void;
}

/** Connects, listens, and stays until it leaves or is cut off. */
export function client(address: Address): Client {
  const began = performance.now();
  const socket = net.connect(address);
  socket.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const greeted = new Promise<string>((resolve) => {
    socket.once('data', (bytes) => resolve(bytes.toString()));
    void ended.then(() => resolve(''));
  });
  return {
    greeted,
    ended,
    waited: greeted.then(() => performance.now() - began),
    leave: () => socket.destroy(),
  };
}

/** To whom a new client is led now; '' when it is turned away. */
export async function ledTo(address: Address): Promise<string> {
  const one = client(address);
  const name = await one.greeted;
  one.leave();
  return name;
}
