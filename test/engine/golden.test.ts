import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { EngineRecord } from '../../src/engine/records.js';
import type { Entry } from '../../src/journal/journal.js';
import { ToyEngine } from './bench.js';

/**
 * Journals of releases, each left in the middle of a run by a process that was killed: later releases still resume
 * them. The next release adds its own beside these, and changes none.
 */
it('resumes what 0.1 left between closing the old primary and opening the new one', async () => {
  const file = path.join(import.meta.dirname, '../golden/engine/0.1-closed.jsonl');
  const entries = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry<EngineRecord>);
  const toy = new ToyEngine();
  toy.journal.entries.push(...entries);
  toy.world.servers.db1.writable = false;
  await toy.restart();
  const [run] = toy.engine.runs();
  const ended = await toy.ended(run?.id ?? '');
  expect(ended.outcome).toBe('rolled-back');
  expect(toy.world.servers.db1.writable).toBe(true);
  expect(ended.steps.find(({ id }) => id === 'close')?.status).toBe('undone');
  await toy.engine.stop();
});
