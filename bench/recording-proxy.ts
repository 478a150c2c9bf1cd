import net from 'node:net';
import { once } from 'node:events';
import type { Scope } from '../src/base/scope.js';
import type { Address } from '../src/domain/snapshot.js';

/** What a server said, byte for byte, to a client without TLS. */
export interface Recorded {
  /** Its first packet. */
  readonly greeting: Buffer;
  /** The packets of each answer by the text of the query. */
  readonly answers: ReadonlyMap<string, Buffer>;
}

/** A stretch of network in front of a server on which everything that passes is written down. Ends with the scope. */
export async function openRecordingProxy(
  scope: Scope,
  target: Address,
): Promise<{ readonly address: Address; readonly recorded: () => Recorded }> {
  const answers = new Map<string, Buffer>();
  let greeting: Buffer | undefined;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(target);
    const conversation = new Conversation(answers);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => {
      conversation.asked(bytes);
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      greeting ??= bytes;
      conversation.answered(bytes);
      client.write(bytes);
    });
  });
  server.listen({ host: target.host, port: 0 });
  await once(server, 'listening');
  scope.defer(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => server.close(closed));
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the proxy has no port');
  return {
    address: { host: target.host, port: bound.port },
    recorded() {
      if (greeting === undefined) throw new Error('nothing was recorded');
      return { greeting, answers };
    },
  };
}

/** COM_QUERY of the MySQL client/server protocol. */
const comQuery = 3;

/** Lockstep asks one query at a time, so what a server says until the next one is the answer. */
class Conversation {
  #query: string | undefined;
  #answer: Buffer[] = [];

  constructor(readonly answers: Map<string, Buffer>) {}

  asked(bytes: Buffer): void {
    this.#query = queryOf(bytes);
    this.#answer = [];
  }

  answered(bytes: Buffer): void {
    if (this.#query === undefined) return;
    this.#answer.push(bytes);
    this.answers.set(this.#query, Buffer.concat(this.#answer));
  }
}

/** The text of a query that is one whole packet; undefined for whatever else a client sends. */
export function queryOf(packet: Buffer): string | undefined {
  if (packet.length < 5 || packet[3] !== 0 || packet[4] !== comQuery) return undefined;
  return packet.toString('utf8', 5, 4 + packet.readUIntLE(0, 3));
}
