import { once } from 'node:events';
import net from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { openLink, type Link } from '../../src/sandbox/proxy.js';

let scope: Scope;
let link: Link;

/** A server that says everything back. */
beforeEach(async () => {
  scope = new Scope();
  const sockets = new Set<net.Socket>();
  const echo = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  scope.defer(() => {
    for (const socket of sockets) socket.destroy();
    echo.close();
  });
  const address = echo.address();
  link = await openLink(scope, {
    host: '127.0.0.1',
    port: typeof address === 'object' && address !== null ? address.port : 0,
  });
});

afterEach(() => scope.end());

async function client(): Promise<net.Socket> {
  const socket = net.connect(link.address);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  scope.defer(() => {
    socket.destroy();
  });
  return socket;
}

/** Sends a text and gives the milliseconds until all of it came back. */
async function trip(socket: net.Socket, text: string): Promise<number> {
  const began = performance.now();
  let back = '';
  socket.write(text);
  while (back.length < text.length) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    back += chunk.toString();
  }
  expect(back).toBe(text);
  return performance.now() - began;
}

it('passes everything on, in order', async () => {
  const socket = await client();
  await trip(socket, 'x'.repeat(300_000));
  expect(link.connections).toBe(1);
});

it('breaks connections and refuses new ones when cut, and mends at the same address', async () => {
  const socket = await client();
  const { port } = link.address;
  const closed = once(socket, 'close');
  await link.cut();
  await closed;
  const refused = net.connect(link.address);
  const [failure] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
  expect(failure.code).toBe('ECONNREFUSED');
  await link.mend();
  expect(link.address.port).toBe(port);
  await trip(await client(), 'again');
});

it('holds everything back in a black hole, and delivers it when mended', async () => {
  const socket = await client();
  await trip(socket, 'before');
  link.blackhole();
  const late = trip(socket, 'within');
  const first = await Promise.race([late, new Promise((next) => setTimeout(() => next('silence'), 100))]);
  expect(first).toBe('silence');
  await link.mend();
  await late;
});

it('delays and throttles', async () => {
  const socket = await client();
  link.delay(50);
  expect(await trip(socket, 'late')).toBeGreaterThan(95);
  link.delay(0);
  link.throttle(10_000);
  expect(await trip(socket, 'y'.repeat(2_000))).toBeGreaterThan(150);
});

it('ends with its scope, connections included', async () => {
  const socket = await client();
  const closed = once(socket, 'close');
  await scope.end();
  await closed;
  expect(link.connections).toBe(0);
});

it('hides in a greeting that the server has TLS, and changes nothing else', async () => {
  const greeting = Buffer.concat([
    Buffer.from([80, 0, 0, 0, 10]),
    Buffer.from('10.11.19-MariaDB\0'),
    Buffer.alloc(4 + 8, 7), // thread id, scramble
    Buffer.from([0, 0xfe, 0xff, 0x2d]),
  ]);
  link.hideTls();
  const hidden = await client();
  hidden.write(greeting);
  const [back] = (await once(hidden, 'data')) as [Buffer];
  expect(back.subarray(0, -2)).toEqual(greeting.subarray(0, -2));
  expect([...back.subarray(-2)]).toEqual([0xff & ~0x08, 0x2d]);
  hidden.write(greeting);
  expect(await once(hidden, 'data')).toEqual([greeting]);

  await link.mend();
  const plain = await client();
  plain.write(greeting);
  expect(await once(plain, 'data')).toEqual([greeting]);
});
