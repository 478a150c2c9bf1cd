import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { verifyJournal } from '../../src/journal/verify.js';
import { startChild, type Child } from '../../src/sandbox/child.js';
import { tryCommand } from '../../src/sandbox/command.js';
import { until } from '../../src/sandbox/until.js';
import { opened, places } from './place.js';
import { collected } from './suite.js';

const { fresh } = places();
const seed = Number(process.env['LOCKSTEP_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const scope = new Scope();
afterEach(() => scope.end());

interface Told {
  readonly pid: number;
  readonly worker: number;
  readonly count: number;
}

it(`keeps every acknowledged entry when its process is killed (LOCKSTEP_SEED=${seed})`, async () => {
  const directory = fresh();
  const acknowledged = new Map<number, Told & { hash: string }>();
  for (const [when, delay] of fc.sample(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 0, max: 9 })), {
    seed,
    numRuns: 8,
  })) {
    const appender = await start(directory);
    await until('acknowledged entries', () => appender.said().length > when, { every: 1 });
    await setTimeout(delay);
    appender.child.kill('SIGKILL');
    await appender.child.ended;
    for (const [seq, hash = '', worker, count] of appender.said().slice(1)) {
      acknowledged.set(Number(seq), { hash, pid: appender.child.pid, worker: Number(worker), count: Number(count) });
    }

    const last = Math.max(...acknowledged.keys());
    const published = { seq: last, hash: acknowledged.get(last)?.hash ?? '' };
    expect(await verifyJournal(directory, published)).toMatchObject({ ok: true });
    const journal = await opened<Told>(directory); // the hold is free at once
    const entries = await collected(journal.read());
    expect(await journal.verify(published)).toMatchObject({ ok: true, torn: undefined });
    const found = new Map(entries.map((entry) => [entry.seq, entry]));
    const oldest = entries[0]?.seq ?? Infinity;
    expect(oldest).toBeLessThanOrEqual(Math.max(1, last - 600));
    for (const [seq, { hash, ...told }] of acknowledged) {
      if (seq >= oldest) expect(found.get(seq), `entry ${seq}`).toMatchObject({ hash, record: told });
    }
    await journal.close();
  }
}, 60_000);

it('is for one process at a time, and free when that one dies', async () => {
  const directory = fresh();
  const several = await Promise.all(Array.from({ length: 4 }, () => start(directory)));
  const winners = several.filter(({ said }) => said()[0]?.[0] === 'held');
  expect(winners).toHaveLength(1);
  for (const one of several.filter((other) => !winners.includes(other))) {
    expect(one.said()).toEqual([['journal-held']]);
    expect(await one.child.ended).toMatchObject({ code: 3 });
  }
  const [holder] = winners;
  if (holder === undefined) throw new Error('nobody holds it');
  await expect(opened(directory)).rejects.toMatchObject({
    code: 'journal-held',
    message: `the journal ${directory} is held by the process ${holder.child.pid}`,
  });
  holder.child.kill('SIGSTOP');
  await expect(opened(directory)).rejects.toMatchObject({
    code: 'journal-held',
    message: `the journal ${directory} is held by another process, which does not answer`,
  });
  holder.child.kill('SIGKILL');
  await holder.child.ended;
  await (await opened(directory)).close();
});

it('is for one process at a time also among containers, which share no network', async ({ skip }) => {
  const elsewhere = ['unshare', '--net'];
  const tried = await tryCommand('unshare', ['--net', 'true']);
  if (tried.code !== 0) skip(`a network of its own needs root: ${tried.output.trim()}`);
  const directory = fresh();
  const journal = await opened(directory);
  const late = await start(directory, elsewhere);
  expect(late.said()).toEqual([['journal-held']]);
  await journal.close();

  const holder = await start(directory, elsewhere);
  expect(holder.said()[0]).toEqual(['held', String(holder.child.pid)]);
  await expect(opened(directory)).rejects.toMatchObject({
    code: 'journal-held',
    message: `the journal ${directory} is held by the process ${holder.child.pid}`,
  });
  holder.child.kill('SIGKILL');
  await holder.child.ended;
  await (await opened(directory)).close();
});

/** Started, and it has said whether it holds the journal. */
async function start(
  directory: string,
  prefix: readonly string[] = [],
): Promise<{ child: Child; said: () => string[][] }> {
  const log = fresh();
  const argv = [...prefix, process.execPath, path.join(import.meta.dirname, 'appender.mjs'), directory];
  const child = scope.own(await startChild(argv, { log }), async (one) => {
    one.kill('SIGKILL');
    await one.ended;
  });
  const said = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' '));
  await until('an appender to begin', () => said().length > 0, { every: 5 });
  return { child, said };
}
