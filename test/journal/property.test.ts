import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { FileJournal } from '../../src/journal/file-journal.js';
import { genesis, type Entry, type Stamp } from '../../src/journal/journal.js';
import type { FileReservation } from '../../src/journal/reserves.js';
import { verifyJournal } from '../../src/journal/verify.js';
import { opened, places, segments } from './place.js';
import { collected } from './suite.js';

const { fresh } = places('in memory');

type Move =
  | { readonly kind: 'append'; readonly records: readonly unknown[] }
  | { readonly kind: 'reserve'; readonly bytes: number }
  | { readonly kind: 'release' }
  | { readonly kind: 'prune'; readonly share: number }
  | { readonly kind: 'reopen'; readonly torn: string };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      records: fc.array(fc.jsonValue(), { minLength: 1, maxLength: 12 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('prune' as const), share: fc.double({ min: 0, max: 1.2, noNaN: true }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('reserve' as const), bytes: fc.integer({ min: 0, max: 9000 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'release' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('reopen' as const),
      torn: fc.constantFrom('', '{"seq":', '{', 'x'.repeat(600), '\0\0'),
    }),
  },
);

it('keeps its chain and its records, whatever it goes through', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(move, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 3000 }),
      async (moves, segmentBytes) => {
        const model = new Model(fresh(), segmentBytes);
        await model.open();
        for (const one of moves) {
          await model.make(one);
          await model.hold();
        }
        await model.journal.close();
        expect(await verifyJournal(model.directory, model.journal.head)).toMatchObject({ ok: true });
      },
    ),
    { numRuns: 80 },
  );
});

/** What a journal must hold, told without files. */
class Model {
  journal!: FileJournal<unknown>;
  readonly #all: Entry<unknown>[] = [];
  #dropped = 0;
  #reserved: FileReservation[] = [];

  constructor(
    readonly directory: string,
    readonly segmentBytes: number,
  ) {}

  async open(): Promise<void> {
    this.journal = await opened(this.directory, { segmentBytes: this.segmentBytes });
  }

  async make(one: Move): Promise<void> {
    if (one.kind === 'append') return this.#append(one.records);
    if (one.kind === 'reserve') return void this.#reserved.push(await this.journal.reserve(one.bytes));
    if (one.kind === 'release') return this.#reserved.pop()?.release();
    if (one.kind === 'reopen') return this.#reopen(one.torn);
    const before = Math.round(this.#all.length * one.share);
    const { dropped } = await this.journal.prune(before);
    this.#dropped += dropped;
    expect(this.#dropped).toBeLessThanOrEqual(Math.max(this.#dropped - dropped, before - 1));
  }

  async hold(): Promise<void> {
    const kept = this.#all.slice(this.#dropped);
    const aside = this.#reserved.reduce((sum, { remaining }) => sum + remaining, 0);
    expect(this.#spaces()).toBeGreaterThanOrEqual(aside);
    expect(await collected(this.journal.read())).toEqual(kept);
    const [anchor, head] = [this.#stamp(this.#dropped), this.#stamp(this.#all.length)];
    expect(this.journal.head).toEqual(head);
    expect(await this.journal.verify(anchor)).toEqual({
      ok: true,
      entries: kept.length,
      anchor,
      head,
      torn: undefined,
    });
  }

  async #append(records: readonly unknown[]): Promise<void> {
    const before = Date.now();
    const stamps = await Promise.all(
      records.map((record) => this.journal.append(record, { reservation: this.#reserved.at(-1) })),
    );
    const entries = await collected(this.journal.read());
    for (const [index, stamp] of stamps.entries()) {
      const at = entries.find(({ seq }) => seq === stamp.seq)?.at ?? 0;
      expect(at).toBeGreaterThanOrEqual(before);
      this.#all.push({ ...stamp, at, record: JSON.parse(JSON.stringify(records[index])) as unknown });
    }
  }

  async #reopen(torn: string): Promise<void> {
    await this.journal.close();
    this.#reserved = [];
    const last = segments(this.directory).at(-1);
    if (last !== undefined) {
      const bytes = readFileSync(last, 'latin1');
      const end = bytes.trimEnd().length + (bytes.includes('\n') ? 1 : 0);
      writeFileSync(last, bytes.slice(0, end) + torn + bytes.slice(end + torn.length), 'latin1');
    }
    await this.open();
    expect(this.journal.torn?.bytes).toBe(last === undefined || torn === '' ? undefined : torn.length);
  }

  /** Behind the last line. */
  #spaces(): number {
    const last = segments(this.directory).at(-1);
    return last === undefined ? 0 : (/ *$/.exec(readFileSync(last, 'utf8'))?.[0].length ?? 0);
  }

  #stamp(seq: number): Stamp {
    const entry = this.#all[seq - 1];
    return entry === undefined ? genesis : { seq: entry.seq, hash: entry.hash };
  }
}
