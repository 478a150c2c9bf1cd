import net from 'node:net';
import { LockstepError, messageOf } from '../base/errors.js';

/** Where the runtime API of an HAProxy listens: a Unix socket, or TCP. */
export type ApiAddress = { readonly path: string } | { readonly host: string; readonly port: number };

export function apiWords(address: ApiAddress): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`;
}

/** More than any answer holds, bytes. */
const largest = 4 * 1024 * 1024;

/**
 * HAProxy's runtime API: a line of commands in, all answers out, and HAProxy ends the connection. One connection may be
 * opened beforehand; HAProxy ends that too when it stays idle (`stats timeout`), and then a new one is opened.
 */
export class HaproxyApi {
  #ready: net.Socket | undefined;

  constructor(readonly address: ApiAddress) {}

  /** @throws LockstepError `haproxy-unreachable` */
  async open(signal: AbortSignal): Promise<void> {
    this.close();
    const socket = await this.#connected(signal);
    // Whatever happens to it, the next command finds out.
    socket.on('error', () => undefined);
    this.#ready = socket;
  }

  /**
   * @returns what HAProxy answered to all of them, as it stands
   * @throws LockstepError `haproxy-unreachable`; whether commands were carried out is then not known
   */
  async send(commands: readonly string[], signal: AbortSignal): Promise<string> {
    const ready = this.#ready;
    this.#ready = undefined;
    const line = `${commands.join('; ')}\n`;
    // HAProxy may have ended it just now; what is sent may be sent twice.
    const answer = ready?.readyState === 'open' ? await conversation(ready, line, signal) : '';
    if (answer !== '') return answer;
    const again = await conversation(await this.#connected(signal), line, signal);
    if (again === '') throw this.#unreachable('it closed the connection');
    return again;
  }

  close(): void {
    this.#ready?.destroy();
    this.#ready = undefined;
  }

  #connected(signal: AbortSignal): Promise<net.Socket> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const socket = net.connect({ ...this.address, noDelay: true });
      const stop = () => {
        socket.destroy();
        reject(signal.reason as Error);
      };
      const over = () => signal.removeEventListener('abort', stop);
      signal.addEventListener('abort', stop, { once: true });
      socket.once('connect', () => {
        over();
        resolve(socket);
      });
      socket.once('error', (cause) => {
        over();
        reject(this.#unreachable(messageOf(cause), cause));
      });
    });
  }

  #unreachable(why: string, cause?: unknown): LockstepError {
    return new LockstepError(
      'haproxy-unreachable',
      `the runtime API of HAProxy at ${apiWords(this.address)} does not answer: ${why}`,
      'Check that HAProxy runs, its `stats socket` line, and that this user may open it.',
      { cause },
    );
  }
}

/** Until HAProxy ends it. Even what is answered with nothing is followed by an empty line: '' is no answer. */
function conversation(socket: net.Socket, line: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const stop = () => socket.destroy();
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (text.length > largest) stop();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve(text);
    });
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    else socket.write(line);
  });
}
