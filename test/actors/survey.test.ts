import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineAt } from '../../src/actors/survey.js';
import { openHost } from '../../src/hosts/open.js';
import { command } from '../../src/sandbox/command.js';
import { mountDisk } from '../../src/sandbox/disk.js';

const { signal } = new AbortController();
const isRoot = process.getuid?.() === 0;

let base: string;
let data: string;
let mounted: string[];

beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'survey-'));
  data = path.join(base, 'disk/mysql');
  mkdirSync(path.join(data, 'wiki'), { recursive: true });
  mounted = [];
});

afterEach(async () => {
  for (const at of mounted.reverse()) await command('umount', ['--lazy', at]);
  rmSync(base, { recursive: true });
});

/** What is said of `at`, where `paths` may be touched. */
function seen(at = data, paths = [base]) {
  return machineAt(openHost({ kind: 'local', sudo: false, paths, programs: [], services: {} }), at, [], signal);
}

it('a directory can be exchanged for one beside it, where both are to be touched', async () => {
  expect(await seen()).toMatchObject({ exchangeable: true, kept: false });
  expect(await seen(data, [data])).toMatchObject({ exchangeable: false });
  expect(await seen(data, [base, data])).toMatchObject({ exchangeable: false });
  symlinkSync(data, path.join(base, 'link'));
  expect(await seen(path.join(base, 'link'))).toMatchObject({ exchangeable: true, data });
  mkdirSync(`${data}.lockstep-kept`);
  expect(await seen()).toMatchObject({ kept: true });
});

describe.skipIf(!isRoot)('a directory as large as the disk above it', () => {
  /** An equally large disk, or the very same one. */
  async function mount(at: string, of?: string): Promise<void> {
    mkdirSync(at, { recursive: true });
    await (of === undefined ? mountDisk(at, 4) : command('mount', ['--bind', of, at]));
    mounted.push(at);
  }

  beforeEach(({ skip }) => mount(path.join(base, 'disk')).catch(() => skip('nothing can be mounted here')));

  it.each([
    ['a disk of its own', undefined],
    ['another part of it', 'other'],
  ])('is not exchanged where it is %s, and neither are entries in it', async (_, of) => {
    const other = of === undefined ? undefined : path.join(base, 'disk', of);
    if (other !== undefined) mkdirSync(other);
    mkdirSync(data);
    expect(await seen()).toMatchObject({ exchangeable: true });
    await mount(data, other);
    expect(await seen()).toEqual({ freeBytes: expect.any(Number) as number, exchangeable: false, kept: false, programs: {} }); // prettier-ignore
    for (const name of ['wiki', '.lockstep', 'lost+found']) mkdirSync(path.join(data, name));
    for (const name of ['one', 'ibdata1']) writeFileSync(path.join(data, name), '');
    await mount(path.join(data, 'binlogs'), other);
    await command('mount', ['--bind', path.join(data, 'one'), path.join(data, 'ibdata1')]);
    mounted.push(path.join(data, 'ibdata1'));
    expect(await seen()).toMatchObject({ exchangeable: false, mounts: ['binlogs', 'ibdata1'] });
  });
});
