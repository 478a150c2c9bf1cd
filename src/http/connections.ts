import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { boundRest } from './body.js';

/** Of a body that nobody wants any more, bytes. */
const mostOfRest = 4 * 1024 * 1024;

/** The connections of one server, and how many requests are being answered, so that it can be stopped in order. */
export class Connections {
  readonly #sockets = new Set<Socket>();
  #running = 0;
  #idle = (): void => undefined;
  #stopping: Promise<void> | undefined;

  constructor(private readonly server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('request', (request, response) => {
      this.#running += 1;
      boundRest(request, response, mostOfRest);
      // Known before any header is written: the client must not send its next request on this connection.
      if (this.#stopping) response.setHeader('Connection', 'close');
      response.once('close', () => {
        this.#running -= 1;
        if (this.#running === 0) this.#idle();
      });
    });
  }

  /**
   * Accepts nothing new, lets running requests end, then closes every connection. Idempotent.
   * @param graceMilliseconds how long running requests may take
   */
  stop(graceMilliseconds: number): Promise<void> {
    return (this.#stopping ??= this.#stop(graceMilliseconds));
  }

  async #stop(graceMilliseconds: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMilliseconds);
      this.#idle = resolve;
      if (this.#running === 0) resolve();
    });
    clearTimeout(timer);
    // Also those that never finished a TLS handshake or a request, which no other call reaches.
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
