import { once } from 'node:events';
import net from 'node:net';
import type { Scope } from '../base/scope.js';
import type { Address } from '../domain/snapshot.js';

/** A stretch of network between a client and a server, which can be made bad. All faults can stand together. */
export interface Link {
  /** Where clients connect: the server's own host, so that its certificate still names it, on another port. */
  readonly address: Address;
  /** How many connections pass through it now. */
  readonly connections: number;
  /** Break every connection; new ones are refused until {@link mend}. */
  cut(): Promise<void>;
  /** Connections stay, new ones are accepted, and not a byte passes until {@link mend}: what a lost route looks like. */
  blackhole(): void;
  /** Milliseconds that every byte is under way, each direction; 0 ends it. */
  delay(milliseconds: number): void;
  /** Bytes per second, each connection and direction; Infinity ends it. */
  throttle(bytesPerSecond: number): void;
  /** The server's greeting says on its way that it has no TLS, as somebody in between would have it, until {@link mend}. */
  hideTls(): void;
  /** A good link again. What a black hole held back is delivered now. */
  mend(): Promise<void>;
}

/**
 * Put a link in front of a server. It goes with the scope.
 * @param from the address of this machine that the server sees come; default as the kernel chooses. Servers hold no
 * broken connection against 127.0.0.1.
 */
export async function openLink(scope: Scope, target: Address, from?: string): Promise<Link> {
  const link = new ProxyLink(target, from);
  scope.defer(() => link.cut());
  await link.mend();
  return link;
}

class ProxyLink implements Link {
  readonly #target: Address;
  readonly #sockets = new Set<net.Socket>();
  readonly #passing = new Set<() => void>();
  #server: net.Server | undefined;
  #port = 0;
  #held = false;
  #delay = 0;
  #rate = Infinity;
  #tlsHidden = false;

  constructor(
    target: Address,
    readonly from: string | undefined,
  ) {
    this.#target = target;
  }

  get address(): Address {
    return { host: this.#target.host, port: this.#port };
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server === undefined ? undefined : once(server, 'close');
    server?.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  blackhole(): void {
    this.#held = true;
  }

  delay(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  throttle(bytesPerSecond: number): void {
    this.#rate = bytesPerSecond;
  }

  hideTls(): void {
    this.#tlsHidden = true;
  }

  async mend(): Promise<void> {
    this.#tlsHidden = false;
    this.#held = false;
    this.#delay = 0;
    this.#rate = Infinity;
    for (const pass of this.#passing) pass();
    this.#passing.clear();
    if (this.#server !== undefined) return;
    const server = net.createServer((client) => this.#accept(client));
    this.#server = server;
    server.listen({ host: this.#target.host, port: this.#port });
    await once(server, 'listening');
    const bound = server.address();
    if (bound !== null && typeof bound === 'object') this.#port = bound.port;
  }

  #accept(client: net.Socket): void {
    const upstream = net.connect({ ...this.#target, ...(this.from === undefined ? {} : { localAddress: this.from }) });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      void this.#carry(from, to, from === upstream && this.#tlsHidden);
    }
  }

  /**
   * Bytes go on in the order in which they came, each at its time; reading stops while there is no way on.
   * @param hideTls in the first of them, which is the server's greeting
   */
  async #carry(from: net.Socket, to: net.Socket, hideTls: boolean): Promise<void> {
    let greeting = hideTls;
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (greeting) withoutTls(chunk);
        greeting = false;
        if (this.#delay > 0) await pause(this.#delay);
        for (const piece of pieces(chunk, this.#rate)) {
          if (this.#rate !== Infinity) await pause((piece.length / this.#rate) * 1000);
          if (this.#held) await new Promise<void>((pass) => this.#passing.add(pass));
          if (!to.write(piece)) await once(to, 'drain');
        }
      }
      to.end();
    } catch {
      to.destroy(); // one side is gone, and so is the other then
    }
  }
}

/** Takes CLIENT_SSL out of the capabilities of a greeting (protocol version 10), in place. */
function withoutTls(greeting: Buffer): void {
  const header = 4;
  const version = greeting.indexOf(0, header + 1);
  // After the version: a thread id, the first part of the scramble, a zero, then the capabilities, the lowest byte first.
  const second = version + 1 + 4 + 8 + 1 + 1;
  if (greeting[header] === 10 && version > 0 && second < greeting.length)
    greeting.writeUInt8((greeting[second] ?? 0) & ~(clientSsl >> 8), second);
}

const clientSsl = 0x0800;

/** At most a tenth of a second's worth each. */
function pieces(chunk: Buffer, rate: number): readonly Buffer[] {
  if (rate === Infinity) return [chunk];
  const size = Math.max(1, Math.floor(rate / 10));
  return Array.from({ length: Math.ceil(chunk.length / size) }, (_, index) =>
    chunk.subarray(index * size, (index + 1) * size),
  );
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
