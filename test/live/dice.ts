/** Chance that a seed repeats: the same seed and the same questions give the same answers. */
export class Dice {
  #state: number;

  /** @param seed a text of any length; one of its own for each thing that must not depend on how often others ask */
  constructor(seed: string) {
    this.#state = hash(seed);
  }

  /** At least 0, less than 1. Mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Any number of this range, both ends among them. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** @throws for an empty list */
  pick<T>(things: readonly T[]): T {
    const picked = things[Math.floor(this.next() * things.length)];
    if (picked === undefined) throw new Error('there is nothing to pick from');
    return picked;
  }

  chance(share: number): boolean {
    return this.next() < share;
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const one of text) value = Math.imul(value ^ (one.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value;
}
