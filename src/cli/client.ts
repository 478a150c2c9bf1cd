import { request as plain, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as tls } from 'node:https';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import { parseEvents, type ServerEvent } from './server-events.js';

/** Where an instance is reached. */
export type Place =
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'url';
      readonly url: URL;
      /** Asked at each request, so that a token rotates. */
      readonly token: (() => Promise<Secret>) | undefined;
      /** PEM; undefined: the authorities that come with Node. */
      readonly ca: Buffer | undefined;
    };

/** Longer than an instance lets a request look, milliseconds. */
const patience = 75_000;
/** Three signs of life that did not come: the stream is dead. Milliseconds. */
const silence = 45_000;
/** More than any answer of ours. Bytes. */
const longestAnswer = 64 * 1024 * 1024;

/**
 * Speaks the HTTP API of a running instance. Problems come as LockstepError with their own code and remedy; where
 * nobody answers, `instance-absent` or `instance-unreachable`; `instance-forbidden` where it is not this user's to ask.
 */
export class Client {
  constructor(private readonly place: Place) {}

  get<T>(path: string): Promise<T> {
    return this.#ask('GET', path);
  }

  post<T>(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<T> {
    return this.#ask('POST', path, body, headers);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.#ask('PUT', path, body);
  }

  /**
   * Server-sent events, one stream of them: it ends when the instance ends it, or dies.
   * @param last the id of the newest event that is known
   * @throws LockstepError as every request; `stream-lost` when it breaks off
   */
  async *events(path: string, last: string | undefined, signal: AbortSignal): AsyncGenerator<ServerEvent> {
    const headers = last === undefined ? {} : { 'Last-Event-ID': last };
    const response = await this.#send('GET', path, undefined, headers, signal);
    if (response.statusCode === 204) return;
    response.setTimeout(silence, () => response.destroy(new Error('no sign of life')));
    try {
      yield* parseEvents(response.setEncoding('utf8') as AsyncIterable<string>);
    } catch (cause) {
      if (signal.aborted) return;
      throw new LockstepError('stream-lost', `the stream of events broke off: ${messageOf(cause)}`, undefined, {
        cause,
      });
    } finally {
      response.destroy();
    }
  }

  async #ask<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const response = await this.#send(method, path, body, headers, AbortSignal.timeout(patience));
    const text = await textOf(response);
    return (text === '' ? undefined : parsed(text)) as T;
  }

  /** The answer, when it is a good one. */
  async #send(
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const { place } = this;
    const token = place.kind === 'url' ? await place.token?.() : undefined;
    const options: RequestOptions = {
      method,
      path: place.kind === 'url' ? `${place.url.pathname.replace(/\/$/, '')}${path}` : path,
      agent: false,
      signal,
      headers: {
        Accept: 'application/json, text/event-stream',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token.reveal()}` }),
        ...(sent === undefined
          ? { 'Content-Length': 0 }
          : { 'Content-Type': 'application/json', 'Content-Length': sent.length }),
        ...headers,
      },
      ...(place.kind === 'socket'
        ? { socketPath: place.path, host: 'localhost' }
        : { host: place.url.hostname.replace(/^\[|\]$/g, ''), port: place.url.port || undefined }),
      ...(place.kind === 'url' && place.ca !== undefined ? { ca: place.ca } : {}),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const open = place.kind === 'url' && place.url.protocol === 'https:' ? tls : plain;
      const asked = open(options, resolve);
      asked.once('error', (cause) => reject(this.#absent(cause)));
      asked.end(sent);
    });
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw problemOf(status, await textOf(response), this.#where);
  }

  get #where(): string {
    return this.place.kind === 'url' ? this.place.url.origin : this.place.path;
  }

  #absent(cause: Error): LockstepError {
    const why = 'code' in cause && typeof cause.code === 'string' ? cause.code : messageOf(cause);
    if (why === 'EACCES')
      return new LockstepError(
        'instance-forbidden',
        `this user may not open ${this.#where}`,
        'Be the user that lockstep serve runs as, or root; or give --url and --token-file.',
        { cause },
      );
    const said = `no Lockstep answers at ${this.#where} (${why})`;
    return this.place.kind === 'socket'
      ? new LockstepError('instance-absent', said, 'Start it: lockstep serve.', { cause })
      : new LockstepError('instance-unreachable', said, 'Check --url and --ca-file, and that it runs.', { cause });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestAnswer)
      throw new LockstepError('answer-unreadable', 'the answer is longer than any of Lockstep');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LockstepError('answer-unreadable', 'the answer is not JSON', 'Is it a Lockstep that answers there?', { cause }); // prettier-ignore
  }
}

/** Anybody may stand at the other end, so nothing is taken for granted. */
function problemOf(status: number, text: string, where: string): LockstepError {
  let problem: unknown;
  try {
    problem = JSON.parse(text);
  } catch {
    problem = undefined;
  }
  if (typeof problem === 'object' && problem !== null && 'code' in problem && 'detail' in problem) {
    const { code, detail } = problem;
    const remedy = 'remedy' in problem && typeof problem.remedy === 'string' ? problem.remedy : undefined;
    if (typeof code === 'string' && typeof detail === 'string') return new LockstepError(code, detail, remedy);
  }
  return new LockstepError(
    'answer-unreadable',
    `${where} answered ${status}, and not as Lockstep does`,
    'Check --url.',
  );
}
