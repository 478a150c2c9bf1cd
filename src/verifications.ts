import { readFile } from 'node:fs/promises';
import { writeAtomically } from './base/atomic.js';
import { messageOf } from './base/errors.js';
import type { Log } from './base/log.js';
import type { Verification } from './domain/verification.js';

/** The newest verification of every replica, over restarts too: beside the journal, for whoever holds that alone writes there. */
export class Verifications {
  readonly #newest = new Map<string, Verification>();
  #writing: Promise<void> = Promise.resolve();

  private constructor(readonly file: string) {}

  /** A file that is not there, or cannot be read, is no verification: replicas are verified again. */
  static async open(file: string, log: Log): Promise<Verifications> {
    const all = new Verifications(file);
    try {
      const content = JSON.parse(await readFile(file, 'utf8')) as {
        readonly v: 1;
        readonly verifications: Verification[];
      };
      for (const one of content.verifications) all.#newest.set(`${one.cluster}/${one.server}`, one);
    } catch (cause) {
      const none = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
      if (!none)
        log.warn({ file, error: messageOf(cause) }, 'earlier verifications are forgotten: their file is unreadable');
    }
    return all;
  }

  /** Durable when it resolves. */
  keep(verification: Verification): Promise<void> {
    this.#newest.set(`${verification.cluster}/${verification.server}`, verification);
    return this.#write();
  }

  all(): readonly Verification[] {
    return [...this.#newest.values()];
  }

  #write(): Promise<void> {
    const write = () => {
      const text = `${JSON.stringify({ v: 1, verifications: this.all() })}\n`;
      return writeAtomically(this.file, text, { mode: 0o600 });
    };
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }
}
