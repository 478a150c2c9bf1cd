import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { deadline } from '../base/deadline.js';
import type { Login, ServerFacts } from '../domain/snapshot.js';
import { type CertificateFiles, type FromFiles, type ReadyFiles, fromFiles } from './certificates.js';

/** After which login files are read, and over which session their names were asked. */
export interface Occasion {
  readonly opened: object;
  readonly login: Login | undefined;
}

interface Reading extends Occasion {
  readonly over: boolean;
  /** Settles when it is over. */
  readonly done: Promise<void>;
  /** Settles when it is over, or has taken longer than a look waits. */
  readonly awaited: Promise<void>;
}

/** The part of its time that a look waits for files. */
const patience = 0.1;
/** As {@link patience}, of a look that takes none that were read before: a machine some way off must do within it. */
const patienceAnew = 0.5;

/**
 * The certificate files that a server names, read once per login, good or bad: while a certificate on the wire keeps
 * every new session out, whether a better one lies in the file already is what its owner needs to know. A look waits for
 * them a little; what takes longer, such as a machine that does not answer, comes into a later one.
 */
export class FileReadings {
  #newest: FromFiles | undefined;
  #reading: Reading | undefined;

  /** @param timeout how long a look, or a reading, may take, milliseconds */
  constructor(
    readonly files: CertificateFiles | undefined,
    readonly ready: ReadyFiles | undefined,
    readonly timeout: number,
  ) {}

  /** What was read last. */
  get newest(): FromFiles | undefined {
    return this.#newest;
  }

  /** What is known once it was waited for: of this login, or of one before. */
  async read(occasion: Occasion, facts: ServerFacts): Promise<FromFiles | undefined> {
    this.#begin(occasion, facts);
    await this.#reading?.awaited;
    return this.#newest;
  }

  /**
   * What was read after this login; undefined while that is not over. Whoever has just changed a file would take what
   * was read before for what stands there now.
   */
  async readAnew(occasion: Occasion, facts: ServerFacts): Promise<FromFiles | undefined> {
    const waited = pause(this.timeout * patienceAnew, undefined, { ref: false });
    if (!this.#isOf(occasion)) await Promise.race([this.#reading?.done, waited]);
    this.#begin(occasion, facts);
    if (!this.#isOf(occasion)) return undefined;
    const reading = this.#reading;
    await Promise.race([reading?.done, waited]);
    return reading?.over === true && this.#reading === reading ? this.#newest : undefined;
  }

  /** One at a time: a machine that does not answer is not asked by more and more of them. */
  #begin(occasion: Occasion, facts: ServerFacts): void {
    if (this.files === undefined || facts.tls === undefined) return;
    if (this.#reading?.over === false || this.#isOf(occasion)) return;
    const reading = { ...occasion, over: false, done: Promise.resolve(), awaited: Promise.resolve() };
    reading.done = this.#read(facts, this.files).finally(() => (reading.over = true));
    reading.awaited = Promise.race([reading.done, pause(this.timeout * patience, undefined, { ref: false })]);
    this.#reading = reading;
  }

  #isOf({ opened, login }: Occasion): boolean {
    return this.#reading?.opened === opened && this.#reading.login === login;
  }

  async #read(facts: ServerFacts, files: CertificateFiles): Promise<void> {
    const limit = deadline(this.timeout);
    // Any number of channels may each name a file.
    setMaxListeners(0, limit.signal);
    this.#newest = await fromFiles(facts, files, limit.signal, this.ready);
    limit.clear();
  }
}
