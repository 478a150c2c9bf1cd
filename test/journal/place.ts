import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { systemClock, type Clock } from '../../src/base/clock.js';
import { openFileJournal, type FileJournal, type FileJournalOptions } from '../../src/journal/file-journal.js';

/**
 * Directories of one test file, gone when it ends.
 * @param where `in memory` for what opens journals by the hundred, and is not about the disk
 */
export function places(where: 'on disk' | 'in memory' = 'on disk'): {
  fresh: () => string;
  copyOf: (directory: string) => string;
} {
  const root = where === 'in memory' && existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const base = mkdtempSync(path.join(root, 'lockstep-journal-'));
  afterAll(() => rmSync(base, { recursive: true }));
  let made = 0;
  const fresh = () => path.join(base, String((made += 1)));
  return {
    fresh,
    copyOf: (directory) => {
      const copy = fresh();
      cpSync(directory, copy, { recursive: true });
      chmodSync(copy, 0o700);
      return copy;
    },
  };
}

export function opened<R = unknown>(
  directory: string,
  options: Partial<FileJournalOptions> = {},
): Promise<FileJournal<R>> {
  return openFileJournal<R>({ directory, clock: systemClock, ...options });
}

/** Stands still, so that two journals of the same records have the same bytes. */
export const stopped: Clock = { now: () => Date.UTC(2026, 10, 28, 3), monotonic: () => 0 };

/** The names in a directory, in their order, but for the one of its holder. */
export function names(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name !== 'holder.sock')
    .sort();
}

export function segments(directory: string): string[] {
  return names(directory)
    .filter((name) => name.startsWith('journal-'))
    .map((name) => path.join(directory, name));
}

/** All lines of all segments, without their line feeds. */
export function lines(directory: string): string[] {
  return segments(directory).flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(0, -1));
}
