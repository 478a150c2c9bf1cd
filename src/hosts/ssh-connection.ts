import { setTimeout as pause } from 'node:timers/promises';
import type { ClientChannel, SFTPWrapper } from 'ssh2';
import { raced } from '../base/deadline.js';
import { LockstepError, messageOf } from '../base/errors.js';
import { failed, unreachable } from './failure.js';
import { logIn, loginWithin, nameOf, type LoggedIn, type SshTarget } from './ssh-login.js';

/** SFTP over one connection: it ends with it, and another one is another session. */
export interface SftpSession {
  readonly sftp: SFTPWrapper;
  /** One question, which answers through a callback. A status of SFTP comes as the error's number in `code`. */
  ask<T>(signal: AbortSignal, question: (done: Callback<T>) => void): Promise<T>;
}

export type Callback<T> = (error: Error | undefined | null, value?: T) => void;

/** A connection that nobody used for so long is ended, milliseconds. */
const idleFor = 150_000;
/** That an answer will not come is told before the end of the connection is, milliseconds. */
const lossToldWithin = 250;

interface Opened extends LoggedIn {
  sftp: Promise<SftpSession | undefined> | undefined;
}

/** One connection to one SSH server, made when it is first needed, shared, and made again after it was lost. */
export class SshConnection {
  readonly name: string;
  #opened: Opened | undefined;
  #opening: Promise<Opened> | undefined;
  #users = 0;
  #idle: NodeJS.Timeout | undefined;
  /** Counts the times that it was closed. */
  #closed = 0;

  constructor(readonly target: SshTarget) {
    this.name = nameOf(target);
  }

  /**
   * Starts a command; the channel's life is the caller's.
   * @param started called as soon as there is a channel: its end may be told in the very next moment
   */
  async exec<T>(line: string, signal: AbortSignal, started: (channel: ClientChannel) => T): Promise<T> {
    const opened = await this.#open(signal);
    return this.#with<T>(opened, signal, (done) =>
      opened.client.exec(line, (error, channel) => {
        if (error !== undefined) {
          done(error);
          return;
        }
        this.#use();
        channel.once('close', () => this.#release());
        done(undefined, started(channel));
      }),
    );
  }

  /** The SFTP session; undefined when the server offers none. */
  async sftp(signal: AbortSignal): Promise<SftpSession | undefined> {
    const opened = await this.#open(signal);
    opened.sftp ??= this.#openSftp(opened);
    return raced(opened.sftp, signal);
  }

  /** Ends the connection, if there is one. The next use makes another. */
  close(): void {
    clearTimeout(this.#idle);
    this.#closed += 1;
    this.#opened?.client.end();
    this.#opened = undefined;
  }

  async #openSftp(opened: Opened): Promise<SftpSession | undefined> {
    try {
      const signal = AbortSignal.timeout(loginWithin);
      const sftp = await this.#with<SFTPWrapper>(opened, signal, (done) => opened.client.sftp(done));
      return { sftp, ask: (within, question) => this.#with(opened, within, question) };
    } catch (error) {
      if (this.#opened !== opened) throw error;
      return undefined;
    }
  }

  async #with<T>(opened: Opened, signal: AbortSignal, question: (done: Callback<T>) => void): Promise<T> {
    this.#use();
    try {
      const answer = new Promise<T>((resolve, reject) =>
        question((error, value) => (error ? reject(error) : resolve(value as T))),
      );
      return await raced(Promise.race([opened.lost, answer]), signal);
    } catch (error) {
      // What is still to come would belong to nobody; and a server that is silent may be gone.
      if (signal.aborted) this.#drop(opened);
      if (signal.aborted || error instanceof LockstepError || has('code', error)) throw error;
      if (!has('reason', error)) await Promise.race([opened.lost, pause(lossToldWithin, undefined, { ref: false })]);
      throw failed(this.name, messageOf(error), error);
    } finally {
      this.#release();
    }
  }

  #drop(opened: Opened): void {
    if (this.#opened === opened) this.#opened = undefined;
    opened.client.destroy();
  }

  #use(): void {
    this.#users += 1;
    clearTimeout(this.#idle);
  }

  #release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.close(), idleFor).unref();
  }

  async #open(signal: AbortSignal): Promise<Opened> {
    signal.throwIfAborted();
    if (this.#opened !== undefined) return this.#opened;
    this.#opening ??= this.#connect().finally(() => (this.#opening = undefined));
    return raced(this.#opening, signal);
  }

  async #connect(): Promise<Opened> {
    const closed = this.#closed;
    const { client, lost } = await logIn(this.target);
    if (this.#closed !== closed) {
      client.end();
      throw unreachable(this.name, 'the connection was ended on purpose while it was made');
    }
    const opened: Opened = { client, lost, sftp: undefined };
    this.#opened = opened;
    lost.catch(() => {
      if (this.#opened === opened) this.#opened = undefined;
    });
    return opened;
  }
}

/** What carries an answer of the server's: a status of SFTP, or why a channel was refused. */
function has(field: 'code' | 'reason', error: unknown): boolean {
  return error instanceof Error && field in error;
}
