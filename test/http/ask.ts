import { request as plain } from 'node:http';
import { request as tls, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

/** One real request over a connection of its own, with nothing added: no Accept, no encoding, no redirect followed. */
export function ask(url: string, options: RequestOptions = {}): Promise<Answer> {
  return exchange(url, options);
}

/** One request with this body and its length, a POST unless told otherwise. */
export function send(url: string, body: string | Buffer, options: RequestOptions = {}): Promise<Answer> {
  return exchange(url, { method: 'POST', ...options }, body);
}

function exchange(url: string, options: RequestOptions, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const open = url.startsWith('https:') ? tls : plain;
    const request = open(url, { agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString() });
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** The problem that an answer holds; fails when it is none. */
export function problemOf(answer: Answer): Readonly<Record<string, unknown>> {
  if (answer.headers['content-type'] !== 'application/problem+json; charset=utf-8')
    throw new Error(`not a problem: ${answer.status} ${String(answer.headers['content-type'])} ${answer.text}`);
  return JSON.parse(answer.text) as Readonly<Record<string, unknown>>;
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
