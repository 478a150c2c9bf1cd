import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { genesis, longestRecord, type Entry, type Journal, type Stamp } from '../../src/journal/journal.js';
import { lineBytes } from '../../src/journal/line.js';

/** One journal, wherever it lies: every opening finds what the openings before left. */
export interface Store {
  open(): Promise<Journal<unknown>>;
}

/** What every journal keeps to. @param make a store that is empty */
export function journalSuite(name: string, make: () => Promise<Store>): void {
  const opened = async () => (await make()).open();

  describe(`${name}: the contract of a journal`, () => {
    it('begins empty', async () => {
      const journal = await opened();
      expect(journal.head).toEqual(genesis);
      expect(await all(journal)).toEqual([]);
      expect(await journal.verify()).toMatchObject({ ok: true, head: genesis });
      await journal.close();
    });

    it('keeps records in their order, stamped and dated', async () => {
      const journal = await opened();
      const stamps = [await journal.append({ a: 1 }), await journal.append('two'), await journal.append(null)];
      expect(stamps.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect(new Set(stamps.map(({ hash }) => hash)).size).toBe(3);
      expect(journal.head).toEqual(stamps[2]);
      const entries = await all(journal);
      expect(entries.map(({ seq, hash }) => ({ seq, hash }))).toEqual(stamps);
      expect(entries.map(({ record }) => record)).toEqual([{ a: 1 }, 'two', null]);
      for (const { at } of entries) expect(at).toBeGreaterThan(Date.UTC(2020, 0));
      await journal.close();
    });

    it('gives back any JSON as it was', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.jsonValue({ noUnicodeString: false }), { maxLength: 30 }), async (values) => {
          const journal = await opened();
          for (const value of values) await journal.append(value);
          const expected = values.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
          expect((await all(journal)).map(({ record }) => record)).toEqual(expected);
          await journal.close();
        }),
        { numRuns: 15 },
      );
      const journal = await opened();
      await journal.append(JSON.parse('{"__proto__": {"polluted": true}, "\\u2028": "\\ud800"}'));
      expect((await all(journal)).at(-1)?.record).toHaveProperty(['\u2028'], '\ud800');
      expect(await journal.verify()).toMatchObject({ ok: true });
      await journal.close();
    });

    it('takes the record as it was when it was handed over', async () => {
      const journal = await opened();
      const record = { step: 'before' };
      const appended = journal.append(record);
      record.step = 'after';
      await appended;
      expect((await all(journal))[0]?.record).toEqual({ step: 'before' });
      await journal.close();
    });

    it('orders appends as they were called, however many wait', async () => {
      const journal = await opened();
      const stamps = await Promise.all(Array.from({ length: 300 }, (_, index) => journal.append({ index })));
      expect(stamps.map(({ seq }) => seq)).toEqual(stamps.map((_, index) => index + 1));
      expect((await all(journal)).map(({ record }) => record)).toEqual(stamps.map((_, index) => ({ index })));
      await journal.close();
    });

    it('refuses what is too long or no JSON, and only that', async () => {
      const journal = await opened();
      const results = await Promise.allSettled([
        journal.append('first'),
        journal.append('x'.repeat(longestRecord)),
        journal.append(undefined),
        journal.append(1n),
        journal.append('x'.repeat(longestRecord - 2)),
      ]);
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'rejected',
        'rejected',
        'fulfilled',
      ]);
      expect(results[1]).toMatchObject({ reason: { code: 'record-too-large' } });
      expect(await journal.verify()).toMatchObject({ ok: true });
      await journal.close();
    });

    it('is found again as it was left', async () => {
      const store = await make();
      const first = await store.open();
      for (const index of [1, 2, 3]) await first.append({ index });
      const [before, head] = [await all(first), first.head];
      await first.close();
      const second = await store.open();
      expect(second.head).toEqual(head);
      expect(await all(second)).toEqual(before);
      expect((await second.append({ index: 4 })).seq).toBe(4);
      expect(await second.verify(head)).toMatchObject({ ok: true });
      await second.close();
    });

    it('reads up to the head at the time of the call', async () => {
      const journal = await opened();
      await journal.append(1);
      const reading = journal.read();
      await journal.append(2);
      expect((await collected(reading)).map(({ record }) => record)).toEqual([1]);
      await journal.close();
    });

    it('ends with what was appended before it was closed, and takes nothing afterwards', async () => {
      const store = await make();
      const journal = await store.open();
      const appended = Promise.all(Array.from({ length: 50 }, (_, index) => journal.append(index)));
      await Promise.all([journal.close(), journal.close()]);
      await appended;
      await journal.close();
      await expect(journal.append('late')).rejects.toMatchObject({ code: 'journal-closed' });
      await expect(journal.reserve(1)).rejects.toMatchObject({ code: 'journal-closed' });
      await expect(journal.lease('late')).rejects.toMatchObject({ code: 'journal-closed' });
      await expect(journal.prune(1)).rejects.toMatchObject({ code: 'journal-closed' });
      const again = await store.open();
      expect(again.head.seq).toBe(50);
      await again.close();
    });
  });

  describe(`${name}: leases`, () => {
    it('are for one at a time, by name', async () => {
      const journal = await opened();
      const first = await taken(journal, 'production');
      expect(await journal.lease('production')).toBeUndefined();
      const other = await taken(journal, 'staging');
      await first.release();
      await first.release();
      const second = await taken(journal, 'production');
      expect(new Set([first.token, other.token, second.token]).size).toBe(3);
      expect(second.token).toBeGreaterThan(first.token);
      await first.release();
      expect(await journal.lease('production')).toBeUndefined();
      expect(second.lost.aborted).toBe(false);
      await journal.close();
    });

    it('fence appends', async () => {
      const journal = await opened();
      const first = await taken(journal, 'production');
      await journal.append('held', { lease: first });
      await first.release();
      await expect(journal.append('released', { lease: first })).rejects.toMatchObject({ code: 'lease-lost' });
      const second = await taken(journal, 'production');
      const results = await Promise.allSettled([
        journal.append('stale', { lease: first }),
        journal.append('fresh', { lease: second }),
      ]);
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
      expect((await all(journal)).map(({ record }) => record)).toEqual(['held', 'fresh']);
      await journal.close();
    });

    it('are lost with the journal, and their tokens are not given again', async () => {
      const store = await make();
      const journal = await store.open();
      const old = await taken(journal, 'production');
      await journal.append('held', { lease: old });
      await journal.close();
      expect(old.lost.aborted).toBe(true);
      expect(old.lost.reason).toMatchObject({ code: 'lease-lost' });
      await old.release();
      const again = await store.open();
      const lease = await taken(again, 'production');
      expect(lease.token).toBeGreaterThan(old.token);
      await expect(again.append('stale', { lease: old })).rejects.toMatchObject({ code: 'lease-lost' });
      await again.close();
    });
  });

  describe(`${name}: reservations`, () => {
    it('take their records and more, and are given back', async () => {
      const journal = await opened();
      const record = { text: 'x'.repeat(5000) };
      const [one, other] = [await journal.reserve(3 * lineBytes(record)), await journal.reserve(lineBytes(record))];
      for (let index = 0; index < 5; index += 1) await journal.append(record, { reservation: one });
      await Promise.all([journal.append(record, { reservation: other }), journal.append('without'), one.release()]);
      await one.release();
      await journal.append(record, { reservation: one });
      await other.release();
      expect(await all(journal)).toHaveLength(8);
      expect(await journal.verify()).toMatchObject({ ok: true });
      await journal.close();
    });

    it('are refused when they are larger than all there is', async () => {
      const journal = await opened();
      await expect(journal.reserve(2 ** 60)).rejects.toMatchObject({ code: 'journal-full' });
      await journal.append('goes on');
      await journal.close();
    });
  });

  describe(`${name}: verification`, () => {
    it('finds every head that was published, and no other', async () => {
      const journal = await opened();
      const stamps = [];
      for (let index = 0; index < 5; index += 1) stamps.push(await journal.append({ index }));
      for (const stamp of [genesis, ...stamps]) expect(await journal.verify(stamp)).toMatchObject({ ok: true });
      const wrong: Stamp = { seq: 3, hash: 'f'.repeat(64) };
      expect(await journal.verify(wrong)).toMatchObject({ ok: false, seq: 3 });
      const beyond: Stamp = { seq: 9, hash: 'f'.repeat(64) };
      expect(await journal.verify(beyond)).toMatchObject({ ok: false, seq: 6 });
      await journal.close();
    });

    it('holds from the anchor on when old entries are dropped', async () => {
      const store = await make();
      const journal = await store.open();
      const stamps: Stamp[] = [];
      for (let index = 0; index < 200; index += 1) stamps.push(await journal.append({ index, text: 'x'.repeat(100) }));
      const kept = 120;
      const { dropped } = await journal.prune(kept);
      expect(dropped).toBeGreaterThan(0);
      expect(dropped).toBeLessThan(kept);
      expect((await all(journal)).map(({ seq }) => seq)).toEqual(
        stamps.map(({ seq }) => seq).filter((seq) => seq > dropped),
      );
      expect(await journal.prune(kept)).toEqual({ dropped: 0 });
      const sound = { ok: true, head: stamps[199] };
      expect(await journal.verify()).toMatchObject(sound);
      for (const stamp of stamps.slice(dropped - 1)) expect(await journal.verify(stamp)).toMatchObject(sound);
      expect(await journal.verify(stamps[dropped - 2])).toMatchObject({ ok: false, seq: dropped - 1 });
      expect((await journal.append('after')).seq).toBe(201);
      await journal.close();
      const again = await store.open();
      expect(await again.verify(stamps[150])).toMatchObject({ ok: true });
      await again.close();
    });
  });
}

function all(journal: Journal<unknown>): Promise<Entry<unknown>[]> {
  return collected(journal.read());
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function taken(journal: Journal<unknown>, name: string) {
  const lease = await journal.lease(name);
  if (lease === undefined) throw new Error(`the lease ${name} is held`);
  return lease;
}
