import pLimit from 'p-limit';
import type { ClientChannel } from 'ssh2';
import { unreachable } from './failure.js';
import type { Launcher, Running, StartOptions } from './launcher.js';
import { shellLine, withEnvironment } from './quote.js';
import type { SshConnection } from './ssh-connection.js';

/** A program that does not end when it is asked to is left alone, milliseconds. */
const closeAfter = 2000;
/**
 * OpenSSH lets ten sessions share a connection by default (MaxSessions). SFTP takes one, and one that has ended may
 * still count when the next begins.
 */
const sessionsAtOnce = 4;

/** Starts programs on a host through SSH: the words after `prefix`, such as `sudo -n --`. */
export class SshLauncher implements Launcher {
  readonly #turn = pLimit(sessionsAtOnce);

  constructor(
    readonly connection: SshConnection,
    readonly prefix: readonly string[] = [],
  ) {}

  get name(): string {
    return this.connection.name;
  }

  start(argv: readonly string[], options: StartOptions): Promise<Running> {
    return new Promise((resolve, reject) => {
      // Its turn lasts until the program has ended.
      void this.#turn(async () => {
        try {
          const running = await this.#start(argv, options);
          resolve(running);
          await running.closed;
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  prove(): Promise<void> {
    return Promise.resolve();
  }

  #start(argv: readonly string[], { environment, signal }: StartOptions): Promise<Started> {
    const words = [...this.prefix, ...withEnvironment(argv, { LC_ALL: 'C', ...environment })];
    return this.connection.exec(shellLine(words), signal, (channel) => startedOn(channel, this.name));
  }
}

interface Started extends Running {
  /** Settles when the channel is free again. */
  readonly closed: Promise<void>;
}

function startedOn(channel: ClientChannel, host: string): Started {
  const closed = new Promise<void>((resolve) => channel.once('close', () => resolve()));
  const ended = new Promise<number | undefined>((resolve, reject) => {
    channel.once('exit', (code: number | null) => resolve(code ?? undefined));
    channel.once('close', () => reject(unreachable(host, 'the connection was lost while a program ran there')));
  });
  // Whoever gave up does not wait for it.
  ended.catch(() => undefined);
  const kill = () => {
    askToEnd(channel);
    // A channel of which nobody reads is never closed.
    channel.resume();
    channel.stderr.resume();
    setTimeout(() => channel.close(), closeAfter).unref();
  };
  return { stdin: channel, stdout: channel, stderr: channel.stderr, ended, kill, closed };
}

/** What ssh2 does not declare. */
interface Inner {
  readonly _client?: { readonly _protocol?: { signal(channel: number, name: string): void } };
  readonly outgoing?: { readonly id: number; readonly state: string };
}

/** By its own method ssh2 sends no signal once the input has ended, although it may. */
function askToEnd(channel: ClientChannel): void {
  const { _client: client, outgoing } = channel as unknown as Inner;
  if (outgoing?.state === 'eof') client?._protocol?.signal(outgoing.id, 'TERM');
  else channel.signal('TERM');
}
