import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authorities } from '../../src/actors/certificates/bundle-file.js';
import { discard, place } from '../../src/actors/certificates/place.js';
import { stage } from '../../src/actors/certificates/stage.js';
import type { Leaf } from '../../src/domain/certificate-action.js';
import type { Notes } from '../../src/engine/procedure.js';
import type { Host } from '../../src/hosts/host.js';
import { openHost } from '../../src/hosts/open.js';

const files = ['cert.pem', 'key.pem'];

describe('generations that later runs make in the same slots', () => {
  let directory: string;
  let host: Host;
  const { signal } = new AbortController();
  const at = (...names: readonly string[]) => path.join(directory, ...names);
  const content = () => files.map((name) => readFileSync(at(name), 'utf8'));

  const broken: Authorities = () => Promise.reject(new Error('no authority'));

  /** Makes a generation ready that holds this in each file. */
  async function staged(word: string, leaves: readonly Leaf[] = []): Promise<Notes> {
    const noteAs = { next: 'next', previous: 'previous' };
    const notes = await stage({ kind: 'stage-certificates', on: 'db2', directory, files, leaves, trust: [], noteAs }, host, broken, signal); // prettier-ignore
    for (const name of files) writeFileSync(at('next', name), word);
    return notes;
  }

  async function placed(notes: Notes, which: 'next' | 'previous'): Promise<void> {
    const over = which === 'next' ? 'previous' : 'next';
    await place({ kind: 'place-certificates', on: 'db2', directory, files, generation: { note: which }, over: { note: over } }, host, notes, signal); // prettier-ignore
  }

  const discarded = () =>
    discard({ kind: 'discard-certificates', on: 'db2', directory, noteAs: 'discarded' }, host, signal);

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'lockstep-generations-'));
    for (const name of files) writeFileSync(at(name), 'zero');
    host = openHost({ kind: 'local', sudo: false, paths: [directory], programs: [], services: {} });
  });
  afterEach(async () => {
    await host.close();
    rmSync(directory, { recursive: true });
  });

  it('are placed and put back however often, whatever became of what they hold', async () => {
    const first = await staged('one');
    for (const word of ['one', 'spoiled']) {
      await placed(first, 'next');
      await placed(first, 'next');
      expect(content()).toEqual([word, word]);
      for (const name of files) writeFileSync(at('next', name), 'spoiled');
      await placed(first, 'previous');
      await placed(first, 'previous');
      expect(content()).toEqual(['zero', 'zero']);
    }
    await discarded();
    const second = await staged('two');
    await placed(second, 'next');
    expect(content()).toEqual(['two', 'two']);
  });

  it('are not put back where a later run took their place, and what is in use stays', async () => {
    const first = await staged('one');
    await placed(first, 'next');
    // The later run makes room, and is taken back itself.
    await staged('two');
    await expect(placed(first, 'previous')).rejects.toMatchObject({ code: 'generation-gone' });
    await discarded();
    await expect(placed(first, 'previous')).rejects.toMatchObject({ code: 'generation-gone' });
    expect(content()).toEqual(['one', 'one']);
  });

  it('are not put back where a later run had begun to fill their slot', async () => {
    const first = await staged('one');
    await placed(first, 'next');
    const leaf: Leaf = { certificate: 'cert.pem', key: 'key.pem', use: 'server', authority: 'mysql', commonName: 'db2', names: [], lifetime: 1, noteAs: 'new' }; // prettier-ignore
    await expect(staged('two', [leaf])).rejects.toThrow('no authority');
    await expect(placed(first, 'previous')).rejects.toMatchObject({ code: 'generation-gone' });
    expect(content()).toEqual(['one', 'one']);
  });

  it('are not put back over what a later run has placed', async () => {
    const first = await staged('one');
    await placed(first, 'next');
    await placed(first, 'previous');
    const second = await staged('two');
    await placed(second, 'next');
    await expect(placed(first, 'previous')).rejects.toMatchObject({ code: 'files-changed' });
    await expect(placed(first, 'next')).rejects.toMatchObject({ code: 'files-changed' });
    expect(content()).toEqual(['two', 'two']);
    await placed(second, 'previous');
    expect(content()).toEqual(['zero', 'zero']);
  });

  it('go on to be found where an earlier Lockstep made them, and told nobody which they are', async () => {
    const { next = '', previous = '' } = await staged('one');
    const before = { next: next.slice(0, 1), previous: previous.slice(0, 1) };
    await placed(before, 'next');
    expect(content()).toEqual(['one', 'one']);
    rmSync(at(before.previous), { recursive: true });
    await expect(placed(before, 'previous')).rejects.toMatchObject({ code: 'generation-gone' });
    expect(content()).toEqual(['one', 'one']);
  });
});
