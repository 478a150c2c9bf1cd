import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import type { FileJournal } from '../../src/journal/file-journal.js';
import { lineBytes } from '../../src/journal/line.js';
import { verifyJournal } from '../../src/journal/verify.js';
import { tryCommand } from '../../src/sandbox/command.js';
import { fillDisk, mountDisk } from '../../src/sandbox/disk.js';
import { opened, segments } from './place.js';
import { collected } from './suite.js';

const record = { text: 'x'.repeat(700) };

/** Root may mount a small disk; where it may not, the reason to skip. */
const refused = await unmountable();

describe.skipIf(refused !== undefined)(`a full disk${refused === undefined ? '' : ` (${refused})`}`, () => {
  let disk: string;
  let directory: string;
  let journal: FileJournal<unknown>;

  beforeEach(async () => {
    disk = mkdtempSync(path.join(tmpdir(), 'lockstep-full-'));
    await mountDisk(disk, 2);
    directory = path.join(disk, 'journal');
    mkdirSync(directory, { mode: 0o700 });
    journal = await opened(directory, { segmentBytes: 50_000 });
  });
  afterEach(async () => {
    await journal.close();
    await tryCommand('umount', ['--lazy', disk]);
    await rm(disk, { recursive: true });
  });

  it('is refused cleanly; what was recorded stays, and appends go on when there is room again', async () => {
    const failure = await untilRefused(journal);
    expect(failure).toMatchObject({ code: 'journal-full' });
    expect(failure.message).toMatch(new RegExp(`${directory} is full: \\d+ bytes are wanted, \\d+ are free$`));
    const { head } = journal;
    expect(head.seq).toBeGreaterThan(1000);
    expect(await journal.verify()).toMatchObject({ ok: true, entries: head.seq, torn: undefined });
    expect(await verifyJournal(directory, head)).toMatchObject({ ok: true, torn: undefined });
    expect(await collected(journal.read())).toHaveLength(head.seq);

    // Also for the process that comes after, on the disk that is still full.
    await journal.close();
    journal = await opened(directory, { segmentBytes: 50_000 });
    expect(journal.head).toEqual(head);
    expect(await untilRefused(journal)).toMatchObject({ code: 'journal-full' });
    expect(await journal.reserve(100_000).catch((thrown: unknown) => thrown)).toMatchObject({ code: 'journal-full' });

    // Retention needs no room to make some.
    const makeFuller = await fillDisk(disk);
    expect((await journal.prune(300)).dropped).toBeGreaterThan(200);
    await journal.append(record);
    expect(await journal.verify()).toMatchObject({ ok: true });
    await makeFuller();
  });

  it('takes what was reserved, and nothing else', async () => {
    const first = await journal.reserve(100 * lineBytes(record));
    const second = await journal.reserve(10 * lineBytes(record));
    for (let index = 0; index < 10; index += 1) await journal.append(record, { reservation: first });
    const makeRoom = await fillDisk(disk);
    expect(await untilRefused(journal)).toMatchObject({ code: 'journal-full' });
    let sum = journal.head.seq;
    for (let index = 0; index < 90; index += 1) {
      // All at once, so that they would share one write.
      const [without, reserved] = await Promise.allSettled([
        journal.append(record),
        journal.append(record, { reservation: first }),
      ]);
      expect(reserved.status).toBe('fulfilled');
      sum += without.status === 'fulfilled' ? 2 : 1;
    }
    const together = Array.from({ length: 10 }, () => journal.append(record, { reservation: second }));
    await Promise.all(together);
    expect(journal.head.seq).toBe(sum + 10);
    expect(await journal.verify()).toMatchObject({ ok: true, entries: sum + 10 });
    expect([first.remaining, second.remaining]).toEqual([0, 0]);
    expect(segments(directory)).toHaveLength(1);
    await makeRoom();
    await journal.append(record);
    expect(segments(directory)).toHaveLength(2);
  });

  it('takes what was reserved also while somebody else takes whatever is free', async () => {
    const reservation = await journal.reserve(300 * lineBytes(record));
    const ended = new AbortController();
    const others = (async () => {
      while (!ended.signal.aborted) await fillDisk(disk);
    })();
    await untilRefused(journal);
    for (let index = 0; index < 300; index += 1) {
      await Promise.all([journal.append(record).catch(() => undefined), journal.append(record, { reservation })]);
    }
    ended.abort();
    await others;
    expect(reservation.remaining).toBe(0);
    expect(await journal.verify()).toMatchObject({ ok: true });
  });

  it('leaves the reserved space to the process that resumes', async () => {
    await journal.reserve(50 * lineBytes(record));
    await fillDisk(disk);
    await untilRefused(journal);
    await journal.close();
    journal = await opened(directory, { segmentBytes: 50_000 });
    expect(await untilRefused(journal)).toMatchObject({ code: 'journal-full' });
    const reservation = await journal.reserve(50 * lineBytes(record));
    for (let index = 0; index < 50; index += 1) await journal.append(record, { reservation });
    expect(await journal.verify()).toMatchObject({ ok: true });
  });

  it('refuses a reservation that does not fit without using up what others have', async () => {
    const reservation = await journal.reserve(200 * lineBytes(record));
    await expect(journal.reserve(1_950_000)).rejects.toMatchObject({ code: 'journal-full' });
    await journal.append(record);
    await fillDisk(disk);
    for (let index = 0; index < 200; index += 1) await journal.append(record, { reservation });
    expect(await journal.verify()).toMatchObject({ ok: true, entries: 201 });
  });
});

/** Appends without a reservation until the first refusal. */
async function untilRefused(journal: FileJournal<unknown>): Promise<LockstepError> {
  for (let tries = 0; tries < 20_000; tries += 1) {
    try {
      await journal.append(record);
    } catch (failure) {
      if (failure instanceof LockstepError) return failure;
      throw failure;
    }
  }
  throw new Error('a disk of 2 MB took 20,000 records');
}

async function unmountable(): Promise<string | undefined> {
  const disk = mkdtempSync(path.join(tmpdir(), 'lockstep-full-'));
  try {
    await mountDisk(disk, 1);
    await tryCommand('umount', ['--lazy', disk]);
    return undefined;
  } catch (failure) {
    if (failure instanceof LockstepError && failure.code === 'sandbox-needs-root') return failure.message;
    throw failure;
  } finally {
    await rm(disk, { recursive: true });
  }
}
