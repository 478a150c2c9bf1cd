import http from 'node:http';
import https from 'node:https';
import { LockstepError } from './errors.js';

/** One request to a program that the configuration names. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** May hold a secret: no error ever tells it, nor the host in it. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  readonly tls?: TlsMaterial | undefined;
  readonly signal: AbortSignal;
  /** The most bytes that the answer's body may hold. Default 64 KiB. */
  readonly limit?: number | undefined;
}

/** PEM. */
export interface TlsMaterial {
  /** Trusted instead of the authorities that come with Node. */
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

const defaultLimit = 64 * 1024;

/**
 * Sends it over a connection of its own and gives the whole answer, whatever its status. A redirect is an answer like
 * any other and is not followed; TLS is always verified, whatever the environment says.
 * @throws LockstepError `address-invalid`, `exchange-failed` (no connection, TLS, an answer that breaks off),
 * `answer-too-large`; the signal's reason when that aborts
 */
export async function exchange(request: Request): Promise<Answer> {
  const { method, headers = {}, body, tls = {}, signal, limit = defaultLimit } = request;
  const target = targetOf(request.url);
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(signal.aborted ? reasonOf(signal) : failure(error));
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = { method, headers: { ...headers, ...length }, agent: false, signal };
    const trust = { ...tls, rejectUnauthorized: true };
    const outgoing = target.protocol === 'https:' ? https.request(target, { ...options, ...trust }) : http.request(target, options); // prettier-ignore
    outgoing.once('error', fail);
    outgoing.once('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes <= limit) return;
        reject(new LockstepError('answer-too-large', `the answer holds more than ${limit} bytes`));
        outgoing.destroy();
      });
      response.once('error', fail);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.end(body);
  });
}

function targetOf(url: string): URL {
  // Node's own error carries the text that it was given.
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target !== undefined && (target.protocol === 'https:' || target.protocol === 'http:')) return target;
  throw new LockstepError('address-invalid', 'the address is no http:// or https:// address', 'Correct it.');
}

/** Node's errors name the host and its address, in their text and in their fields: only their code is kept. */
function failure(error: Error): LockstepError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return new LockstepError('exchange-failed', words[code] ?? `the request failed: ${code}`);
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at its address (ECONNREFUSED)',
  ECONNRESET: 'the connection broke off (ECONNRESET)',
  ENOTFOUND: 'its name cannot be resolved (ENOTFOUND)',
  EAI_AGAIN: 'its name cannot be resolved now (EAI_AGAIN)',
  EHOSTUNREACH: 'its host cannot be reached (EHOSTUNREACH)',
  ETIMEDOUT: 'its host does not answer (ETIMEDOUT)',
  CERT_HAS_EXPIRED: 'its certificate has expired (CERT_HAS_EXPIRED)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself (DEPTH_ZERO_SELF_SIGNED_CERT)',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not trusted (SELF_SIGNED_CERT_IN_CHAIN)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not trusted (UNABLE_TO_GET_ISSUER_CERT_LOCALLY)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID)',
};

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}
