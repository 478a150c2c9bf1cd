import { compare } from 'bcryptjs';
import { createHmac, randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import type { Secret } from '../base/secret.js';

/** Credentials remembered as right; the oldest are forgotten first. */
const capacity = 1000;

/**
 * Checks passwords against bcrypt hashes. bcrypt is slow on purpose, and a scraper sends the same password every few
 * seconds: credentials found right are remembered, as a digest under a key that lives only in this process.
 */
export class Passwords {
  readonly #key = randomBytes(32);
  readonly #right = new Set<string>();
  readonly #running = new Map<string, Promise<boolean>>();
  /** One at a time: the comparison runs on the thread that serves scrapes, in slices. */
  readonly #turn = pLimit(1);

  constructor(private readonly users: readonly { readonly name: string; readonly hash: Secret }[]) {}

  /** Whether these were found right before, or are being compared now: asking costs no bcrypt. */
  remembers(name: string, password: string): boolean {
    const digest = this.#digest(name, password);
    return this.#right.has(digest) || this.#running.has(digest);
  }

  /** A name that does not exist costs as much as one that does, and always the same. */
  async right(name: string, password: string): Promise<boolean> {
    const digest = this.#digest(name, password);
    if (this.#right.has(digest)) return true;
    const running = this.#running.get(digest);
    if (running !== undefined) return running;
    const work = this.#turn(() => this.#compare(name, password, digest));
    this.#running.set(digest, work);
    try {
      return await work;
    } finally {
      this.#running.delete(digest);
    }
  }

  async #compare(name: string, password: string, digest: string): Promise<boolean> {
    const user = this.users.find((each) => each.name === name) ?? this.#standIn(name);
    if (user === undefined) return false;
    const right = await compare(password, user.hash.reveal());
    if (!right || user.name !== name) return false;
    this.#right.add(digest);
    if (this.#right.size > capacity) {
      const oldest = this.#right.values().next();
      if (oldest.done !== true) this.#right.delete(oldest.value);
    }
    return true;
  }

  /** The user whose hash is compared for a name that does not exist: the same one for the same name. */
  #standIn(name: string) {
    const index = createHmac('sha256', this.#key).update(name).digest().readUInt32BE() % Math.max(1, this.users.length);
    return this.users[index];
  }

  #digest(name: string, password: string): string {
    // A user name holds no colon, so the two cannot be split in another way.
    return createHmac('sha256', this.#key).update(`${name}:${password}`).digest('base64');
  }
}
