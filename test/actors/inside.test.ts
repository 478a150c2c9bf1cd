import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mustHaveSystem } from '../../src/actors/copy/entries.js';
import { isInside, letIn, takeBack, type PlacesInside } from '../../src/actors/copy/inside.js';
import { placesOf } from '../../src/actors/copy/places.js';
import type { Host } from '../../src/hosts/host.js';
import { openHost } from '../../src/hosts/open.js';

const signal = new AbortController().signal;
const [before, copied] = ['what it held', 'the copy'];
/** Thousands of files are synced, and no power cut is tried. */
const memory = existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
/** Files of a server, but its system tablespace. */
const every = ['ib_logfile0', 'mysql/user', 'wiki/page.ibd', '#innodb_redo/1', '.hidden', 'aria_log_control'];
const calls = ['write', 'move', 'remove', 'makeDirectory', 'restorePrevious'] as const;

let data: string;
let host: Host;
let places: PlacesInside;

/** A directory as a server has it. */
function lay(directory: string, what: string, more: readonly string[] = []): void {
  for (const name of ['mysql', 'wiki', '#innodb_redo']) mkdirSync(path.join(directory, name), { recursive: true });
  for (const name of [...every, ...more]) writeFileSync(path.join(directory, name), `${what}: ${name}`);
  writeFileSync(path.join(directory, 'ibdata1'), what);
}

beforeEach(() => {
  data = mkdtempSync(path.join(memory, 'inside-'));
  // The directory itself is all that may be touched: nothing is beside it.
  host = openHost({ kind: 'local', sudo: false, paths: [data], programs: [], services: {} });
  const all = placesOf(`${data}/`, { data, system: 'ibdata1' });
  if (!isInside(all)) throw new Error('it is not within');
  places = all;
  lay(data, before, ['only_before']);
  mkdirSync(path.join(data, 'lost+found'));
  mkdirSync(places.fresh, { recursive: true });
  lay(places.fresh, copied, ['only_copied']);
});

afterEach(() => rmSync(data, { recursive: true }));

/** Whose each file is, ours and that of the file system left out. */
function holds(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = names
    .filter((one) => one.isFile())
    .map((one) => path.relative(directory, path.join(one.parentPath, one.name)));
  return Object.fromEntries(
    files
      .filter((name) => !name.startsWith('.lockstep/'))
      .sort()
      .map((name): [string, string] => [name, readFileSync(path.join(directory, name)).toString()]),
  );
}

const whole = (what: string, more: string): Record<string, string> => ({
  ...Object.fromEntries([...every, more].map((name): [string, string] => [name, `${what}: ${name}`])),
  ibdata1: what,
});
const wholeBefore = whole(before, 'only_before');
const wholeCopied = whole(copied, 'only_copied');

/**
 * Dies at the call of that number that changes something: before it does anything, or after all is done.
 * @returns how many there were until it ended
 */
async function dying(at: number, how: 'before' | 'after', work: (mortal: Host) => Promise<void>): Promise<number> {
  let count = 0;
  const mortal = new Proxy(host, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...words: unknown[]) => Promise<unknown>;
      if (!calls.some((one) => one === name)) return call;
      return async (...words: unknown[]) => {
        count += 1;
        if (count === at && how === 'before') throw new Error('died');
        const answer = await call(...words);
        if (count === at) throw new Error('died');
        return answer;
      };
    },
  });
  await work(mortal).catch((cause: unknown) => {
    if (!(cause instanceof Error && cause.message === 'died')) throw cause;
  });
  return count;
}

/** Whether no server starts: a file with which an engine begins is a few words. */
function isStopped(): boolean {
  return ['aria_log_control', 'ibdata1'].some((name) => holds(data)[name]?.startsWith('Lockstep ') === true);
}

/** No server starts on a part: where nothing stops it, all is there, and of the same. */
function startsOnNoPart(): void {
  if (isStopped()) return;
  const there = Object.entries(holds(data)).filter(([name]) => !name.endsWith('.lockstep-previous'));
  expect([wholeBefore, wholeCopied]).toContainEqual(Object.fromEntries(there));
}

/** What a server makes that is started in the middle, and does not come up. */
function startedInVain(): void {
  if (!isStopped()) return;
  for (const name of ['ib_logfile0', 'made_anew', '.hidden'])
    if (!readdirSync(data).includes(name)) writeFileSync(path.join(data, name), 'of a server that did not start');
}

const exchange = (on: Host) => letIn(on, places, () => Promise.resolve(), signal);
const giveBack = (on: Host) => takeBack(on, places, signal);

describe('entries of a directory that has one name for good', () => {
  it('change places with those of the copy, and come back', async () => {
    await exchange(host);
    expect(holds(data)).toEqual(wholeCopied);
    expect(holds(places.kept)).toEqual(wholeBefore);
    expect(readdirSync(places.inside.root)).toEqual(['kept']);
    expect(readdirSync(data)).toContain('lost+found');
    await giveBack(host);
    expect(holds(data)).toEqual(wholeBefore);
    expect(readdirSync(places.inside.root)).toEqual(['out']);
    expect(readdirSync(data)).toContain('lost+found');
  });

  it.each([
    ['what it held', () => data],
    ['the copy', () => places.fresh],
  ])('change places where %s has no log of Aria', async (_, where) => {
    rmSync(path.join(where(), 'aria_log_control'));
    const [held, copy] = [holds(data), holds(places.fresh)];
    await exchange(host);
    expect(holds(data)).toEqual(copy);
    expect(holds(places.kept)).toEqual(held);
    await giveBack(host);
    expect(holds(data)).toEqual(held);
  });

  it('are left alone where the copy has no system tablespace', async () => {
    rmSync(path.join(places.fresh, 'ibdata1'));
    await expect(mustHaveSystem(host, places, places.fresh, signal)).rejects.toMatchObject({ code: 'copy-missing' });
  });

  describe.each(['before', 'after'] as const)('whoever dies %s any of these steps', (how) => {
    it.each([false, true])('goes on from there; a server started meanwhile: %s', async (started) => {
      const all = await dying(0, how, exchange);
      expect(all).toBeGreaterThan(15);
      for (let at = 1; at <= all; at += 1) {
        again();
        await dying(at, how, exchange);
        startsOnNoPart();
        if (started) startedInVain();
        await exchange(host);
        expect(without(holds(data)), `died ${how} ${at}`).toEqual(wholeCopied);
        expect(without(holds(places.kept)), `died ${how} ${at}`).toEqual(wholeBefore);
      }
    });

    it.each([false, true])('gives back what was there; a server started meanwhile: %s', async (started) => {
      const all = await dying(0, how, exchange);
      for (let at = 1; at <= all; at += 1) {
        again();
        await dying(at, how, exchange);
        if (started) startedInVain();
        await giveBack(host);
        expect(without(holds(data)), `died ${how} ${at}`).toEqual(wholeBefore);
      }
    });

    it.each([false, true])(
      'while it is given back, goes on giving it back; a server started meanwhile: %s',
      async (started) => {
        // From wherever the exchange was broken off: whole, in the middle of leaving, in the middle of coming.
        const steps = await dying(0, how, exchange);
        for (const from of [steps, Math.floor(steps / 4), Math.floor((3 * steps) / 4)]) {
          again();
          await dying(from, how, exchange);
          const all = await dying(0, how, giveBack);
          for (let at = 1; at <= all; at += 1) {
            again();
            await dying(from, how, exchange);
            await dying(at, how, giveBack);
            startsOnNoPart();
            if (started) startedInVain();
            await giveBack(host);
            expect(without(holds(data)), `from ${from}, died ${how} ${at}`).toEqual(wholeBefore);
          }
        }
      },
    );
  });

  /** As at the beginning. */
  function again(): void {
    for (const name of readdirSync(data)) rmSync(path.join(data, name), { recursive: true });
    lay(data, before, ['only_before']);
    mkdirSync(path.join(data, 'lost+found'));
    mkdirSync(places.fresh, { recursive: true });
    lay(places.fresh, copied, ['only_copied']);
  }

  /** What a server that did not start made under a name that nothing else has may stay. */
  function without(files: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(files).filter(([name]) => name !== 'made_anew'));
  }
});
