import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import type { Address } from '../../src/domain/snapshot.js';

/** A real TCP server that behaves as a test says, once per connection. */
export interface Impostor {
  readonly address: Address;
  /** Everything that clients sent, as it stood after decryption. */
  readonly heard: () => string;
  /** Settles when no connection is open any more. */
  readonly deserted: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function impostor(play: (wire: Wire) => unknown): Promise<Impostor> {
  const open = new Set<Socket>();
  const wires: Wire[] = [];
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => undefined);
    const wire = new Wire(socket);
    wires.push(wire);
    Promise.resolve(play(wire)).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: '127.0.0.1', port },
    heard: () => wires.map((wire) => wire.heard.toString('latin1')).join('\n'),
    deserted: async () => {
      for (const socket of open) await once(socket, 'close');
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** One connection, in packets of the MySQL protocol. */
export class Wire {
  heard = Buffer.alloc(0);
  #unread = Buffer.alloc(0);
  #stream: Socket;
  #sequence = 0;
  #waiting: (() => void) | undefined;

  constructor(readonly socket: Socket) {
    this.#stream = socket;
    this.#listen();
  }

  /** Bytes as they are. */
  raw(bytes: Buffer | string): void {
    this.#stream.write(bytes);
  }

  send(payload: Buffer): void {
    this.raw(framed(payload, this.#sequence));
    this.#sequence = (this.#sequence + 1) % 256;
  }

  /** The next packet's payload; never settles when none comes. */
  async receive(): Promise<Buffer> {
    for (;;) {
      const length = this.#unread.length < 4 ? undefined : this.#unread.readUIntLE(0, 3);
      if (length !== undefined && this.#unread.length >= 4 + length) {
        const payload = this.#unread.subarray(4, 4 + length);
        this.#sequence = (this.#unread.readUInt8(3) + 1) % 256;
        this.#unread = this.#unread.subarray(4 + length);
        return payload;
      }
      await new Promise<void>((resolve) => (this.#waiting = resolve));
    }
  }

  /** Takes the client's request for TLS and answers the handshake. */
  async beginTls(options: TLSSocketOptions): Promise<void> {
    await this.receive();
    this.socket.removeAllListeners('data').pause();
    // The client's first TLS packet often comes in one piece with its request.
    this.socket.unshift(this.#unread);
    this.#unread = Buffer.alloc(0);
    const secure = new TLSSocket(this.socket, { ...options, isServer: true });
    secure.on('error', () => this.socket.destroy());
    this.#stream = secure;
    this.#listen();
    await once(secure, 'secure');
  }

  hangUp(): void {
    this.#stream.destroy();
  }

  #listen(): void {
    this.#stream.on('data', (bytes: Buffer) => {
      this.heard = Buffer.concat([this.heard, bytes]);
      this.#unread = Buffer.concat([this.#unread, bytes]);
      this.#waiting?.();
    });
  }
}

export function framed(payload: Buffer, sequence = 0): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header.writeUInt8(sequence, 3);
  return Buffer.concat([header, payload]);
}

const protocol41 = 0x0200;
const ssl = 0x0800;
const secureConnection = 0x8000;
const multiStatements = 0x1_0000;
const multiResults = 0x2_0000;
const pluginAuth = 0x8_0000;
const lengthEncoded = 0x20_0000;

/** Protocol::HandshakeV10. */
export function greeting({ tls = true, version = '8.0.99-impostor', plugin = 'mysql_native_password' } = {}): Buffer {
  const flags =
    protocol41 | secureConnection | multiStatements | multiResults | pluginAuth | lengthEncoded | (tls ? ssl : 0);
  const fixed = Buffer.alloc(4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10);
  fixed.writeUInt32LE(77, 0);
  fixed.write('abcdefgh', 4);
  fixed.writeUInt16LE(flags & 0xffff, 13);
  fixed.writeUInt8(45, 15);
  fixed.writeUInt16LE(flags >>> 16, 18);
  fixed.writeUInt8(21, 20);
  return Buffer.concat([Buffer.from(`\n${version}\0`), fixed, Buffer.from(`ijklmnopqrst\0${plugin}\0`)]);
}

export function errorPacket(errno: number, text: string, sqlState = ''): Buffer {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(errno);
  return Buffer.concat([Buffer.from([0xff]), number, Buffer.from(sqlState === '' ? text : `#${sqlState}${text}`)]);
}

export const okPacket = Buffer.from([0, 0, 0, 2, 0, 0, 0]);

/** Protocol::AuthSwitchRequest. */
export function authSwitch(plugin: string, data: Buffer | string): Buffer {
  return Buffer.concat([Buffer.from(`\xfe${plugin}\0`, 'latin1'), Buffer.from(data)]);
}
