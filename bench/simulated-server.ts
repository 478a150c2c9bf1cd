import { once } from 'node:events';
import net from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { queryOf, type Recorded } from './recording-proxy.js';

/**
 * How a server fails to answer. `greeting`: it takes connections and never says a word, the ones it had are gone.
 * `query`: it lets everybody in and answers no query.
 */
export type Hang = 'greeting' | 'query';

/** A server that speaks just enough of the MySQL protocol to say again what a real one said, over TLS. */
export class SimulatedServer {
  /** Queries that were never recorded. They are refused. */
  readonly unknown = new Set<string>();
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #hang: Hang | undefined;

  constructor(
    readonly recorded: Recorded,
    readonly context: SecureContext,
  ) {
    this.#server = net.createServer((socket) => this.#accept(socket));
  }

  /** Sessions that are open now. */
  get sessions(): number {
    return this.#sockets.size;
  }

  /** Listens on loopback. Resolves with the port. */
  async listen(): Promise<number> {
    this.#server.listen({ host: '127.0.0.1', port: 0, backlog: 16 });
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  hang(how: Hang): void {
    this.#hang = how;
    if (how === 'greeting') for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    if (this.#hang === 'greeting') return;
    socket.write(this.recorded.greeting);
    socket.once('data', (bytes: Buffer) => {
      // Behind the one packet before TLS, the handshake may have begun already.
      socket.pause();
      if (bytes.length > sslRequestLength) socket.unshift(bytes.subarray(sslRequestLength));
      const secure = new TLSSocket(socket, { isServer: true, secureContext: this.context });
      secure.on('error', () => socket.destroy());
      secure.on('close', () => socket.destroy());
      secure.on('data', (bytes: Buffer) => this.#say(secure, bytes));
    });
  }

  #say(secure: TLSSocket, bytes: Buffer): void {
    // Sequence 0 begins a command; anything else belongs to the login, and every password is right.
    const sequence = bytes[3] ?? 0;
    if (sequence !== 0) {
      secure.write(okPacket(sequence + 1));
      return;
    }
    const query = queryOf(bytes);
    if (query === undefined) {
      secure.end();
      return;
    }
    if (this.#hang === 'query') return;
    const answer = this.recorded.answers.get(query);
    if (answer === undefined) this.unknown.add(query);
    secure.write(answer ?? syntaxError);
  }
}

/** SSLRequest: a header of 4 bytes, then 32. */
const sslRequestLength = 36;

/** OK_Packet: no rows, no insert id, autocommit, no warnings. */
function okPacket(sequence: number): Buffer {
  return Buffer.from([7, 0, 0, sequence, 0, 0, 0, 2, 0, 0, 0]);
}

/** ERR_Packet 1064. */
const syntaxError = errorPacket(1064, '42000', 'never recorded');

function errorPacket(errno: number, state: string, message: string): Buffer {
  const body = Buffer.from(`\xff\0\0#${state}${message}`, 'latin1');
  body.writeUInt16LE(errno, 1);
  return Buffer.concat([Buffer.from([body.length, 0, 0, 1]), body]);
}
