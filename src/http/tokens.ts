import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { TokenSettings } from './settings.js';

/** Checks bearer tokens. Each is read at each use; one that cannot be read is logged and lets nobody in. */
export class Tokens {
  readonly #key = randomBytes(32);
  readonly #right = new Set<string>();
  readonly #running = new Map<string, Promise<TokenSettings | undefined>>();

  constructor(
    private readonly tokens: readonly TokenSettings[],
    private readonly log: Log,
  ) {}

  /** Whether this was a token before, or is being compared now. Only {@link find} tells whether it still is one. */
  remembers(given: string): boolean {
    const digest = this.#digest(given).toString('base64');
    return this.#right.has(digest) || this.#running.has(digest);
  }

  /** The token that was given, undefined when it is none. Takes the same time whichever it is. */
  async find(given: string): Promise<TokenSettings | undefined> {
    const wanted = this.#digest(given);
    const digest = wanted.toString('base64');
    const running = this.#running.get(digest);
    if (running !== undefined) return running;
    const work = this.#compare(wanted);
    this.#running.set(digest, work);
    try {
      const found = await work;
      if (found === undefined) this.#right.delete(digest);
      else this.#right.add(digest);
      return found;
    } finally {
      this.#running.delete(digest);
    }
  }

  async #compare(wanted: Buffer): Promise<TokenSettings | undefined> {
    const equal = await Promise.all(
      this.tokens.map(async (token) => {
        try {
          return timingSafeEqual(wanted, this.#digest((await token.read()).reveal()));
        } catch (error) {
          this.log.warn({ token: token.name, error: messageOf(error) }, 'a token cannot be read');
          return false;
        }
      }),
    );
    return this.tokens[equal.indexOf(true)];
  }

  #digest(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}
