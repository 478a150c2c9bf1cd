import { type Socket, connect } from 'node:net';
import { type FirstPacket, firstPacketOf } from './greeting.js';
import type { Target } from './target.js';

/** Begins to connect. The caller owns the socket from here on. Keep-alive finds a peer that vanished without a word. */
export function openSocket({ host, port, socketPath }: Target['address']): Socket {
  const kept = { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveDelay };
  const socket = connect(socketPath === undefined ? { host, port, ...kept } : { path: socketPath });
  // Whoever waits listens too; without this one, an error in between would end the process.
  socket.on('error', () => undefined);
  return socket;
}

/** @throws the system's error */
export function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket
      .once('connect', resolve)
      .once('error', reject)
      .once('close', () => reject(new ConnectionClosed()));
  });
}

/**
 * Waits for the first packet and leaves its bytes on the socket, paused, for the driver to read again.
 * @throws ConnectionClosed when the other side hangs up first, or the system's error
 */
export function firstPacket(socket: Socket): Promise<Exclude<FirstPacket, { kind: 'incomplete' }>> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const onEnd = () => reject(new ConnectionClosed());
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const packet = firstPacketOf(bytes);
      if (packet.kind === 'incomplete') return;
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', reject);
      socket.pause();
      socket.unshift(bytes);
      resolve(packet);
    };
    socket.on('data', onData).once('end', onEnd).once('close', onEnd).once('error', reject);
  });
}

/** The other side hung up, and the system saw no error. */
export class ConnectionClosed extends Error {
  constructor() {
    super('the connection was closed by the other side');
    this.name = 'ConnectionClosed';
  }
}

/** Milliseconds of silence before the first probe. */
const keepAliveDelay = 30_000;
