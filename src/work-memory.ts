import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { WorkMemory } from './actors/verify/memory.js';
import { writeAtomically } from './base/atomic.js';

/** What long work has to remember over a restart: beside the journal, a file for each step of a run that has such. */
export class WorkMemories {
  constructor(readonly directory: string) {}

  /** @param name of letters, digits, dashes and dots, as runs and servers are named */
  of(run: string, name: string): WorkMemory {
    const file = path.join(this.directory, `${run}_${name}.json`);
    return {
      read: async () => {
        const text = await readFile(file, 'utf8').catch(ifMissing);
        return text === undefined ? undefined : (JSON.parse(text) as unknown);
      },
      write: async (content) => {
        await mkdir(this.directory, { recursive: true, mode: 0o700 });
        await writeAtomically(file, JSON.stringify(content), { mode: 0o600 });
      },
      forget: () => rm(file, { force: true }),
    };
  }

  /** What runs have left behind that are no longer open. */
  async prune(open: ReadonlySet<string>): Promise<void> {
    const files = (await readdir(this.directory).catch(ifMissing)) ?? [];
    const old = files.filter((file) => !open.has(file.split('_')[0] ?? ''));
    await Promise.all(old.map((file) => rm(path.join(this.directory, file), { force: true })));
  }
}

function ifMissing(cause: unknown): undefined {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
  throw cause;
}
