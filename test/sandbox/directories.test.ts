import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { takeDirectory } from '../../src/sandbox/directories.js';

it('gives a directory that is closed to others and goes with its scope', async () => {
  const scope = new Scope();
  const directory = await takeDirectory(scope);
  writeFileSync(path.join(directory, 'file'), 'something');
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(await takeDirectory(scope)).not.toBe(directory);
  await scope.end();
  expect(existsSync(directory)).toBe(false);
});

it('removes what a process that is gone has left behind, and nothing of one that lives', async () => {
  const scope = new Scope();
  const mine = await takeDirectory(scope);
  const home = path.dirname(mine);
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const gone = path.join(home, `${pid}-1-1`);
  const reused = path.join(home, `${process.pid}-1-1`); // our number, but another process's time of birth
  mkdirSync(path.join(gone, 'deep'), { recursive: true });
  mkdirSync(reused);
  await takeDirectory(scope);
  expect([gone, reused, mine].map((directory) => existsSync(directory))).toEqual([false, false, true]);
  await scope.end();
});
