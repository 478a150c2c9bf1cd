import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../src/base/scope.js';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** What a receiver does with its n-th request, from 0. */
export type Behaviour = (received: Received, response: http.ServerResponse, index: number) => void;

export interface Listener {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  behave: Behaviour;
}

export const answers = (status: number, headers: http.OutgoingHttpHeaders = {}, body = ''): Behaviour => {
  return (_, response) => void response.writeHead(status, headers).end(body);
};

/** A real receiver on loopback that keeps what it gets. Every connection is cut when the scope ends. */
export async function listen(scope: Scope, behave: Behaviour, tls?: https.ServerOptions): Promise<Listener> {
  const received: Received[] = [];
  const take: http.RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const whole = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
      received.push(whole);
      listener.behave(whole, response, received.length - 1);
    });
  };
  const server = tls === undefined ? http.createServer(take) : https.createServer(tls, take);
  await new Promise<void>((listening) => server.listen({ host: '127.0.0.1', port: 0 }, listening));
  scope.defer(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  const { port } = server.address() as AddressInfo;
  const listener: Listener = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    received,
    behave,
  };
  return listener;
}
