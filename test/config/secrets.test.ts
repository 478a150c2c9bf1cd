import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import { readSecret } from '../../src/config/secrets.js';
import { folderWith } from './files.js';

function secretFile(content: string | Buffer, mode: number): { readonly from: 'file'; readonly path: string } {
  const file = path.join(folderWith({}), 'secret');
  writeFileSync(file, content);
  chmodSync(file, mode);
  return { from: 'file', path: file };
}

async function refused(work: Promise<unknown>): Promise<LockstepError> {
  const error = await work.catch((thrown: unknown) => thrown);
  if (error instanceof LockstepError) return error;
  throw new Error(`expected a LockstepError, got ${String(error)}`);
}

it.each([
  ['hunter2\n', 'hunter2'],
  ['hunter2\r\n', 'hunter2'],
  ['hunter2\n\n', 'hunter2\n'],
  [' hunter2 ', ' hunter2 '],
])('reads %j as %j', async (content, secret) => {
  expect((await readSecret(secretFile(content, 0o600))).reveal()).toBe(secret);
});

it('reads the file again at each use', async () => {
  const ref = secretFile('old', 0o640);
  expect((await readSecret(ref)).reveal()).toBe('old');
  writeFileSync(ref.path, 'new\n');
  expect((await readSecret(ref)).reveal()).toBe('new');
});

it.each([0o644, 0o604, 0o602, 0o666])('refuses a file of mode %o with the command that mends it', async (mode) => {
  const ref = secretFile('hunter2', mode);
  const error = await refused(readSecret(ref));
  expect(error.code).toBe('secret-unreadable');
  expect(error.message).toContain('every user of this machine may read or change');
  expect(error.remedy).toBe(`Run: chmod 600 ${ref.path}`);
  expect(error.message).not.toContain('hunter2');
});

it('names what is wrong with a file', async () => {
  const folder = folderWith({});
  const of = async (file: string) => (await refused(readSecret({ from: 'file', path: file }))).message;
  expect(await of(path.join(folder, 'absent'))).toContain('does not exist');
  expect(await of(folder)).toContain('is not a file');
  expect(await of(secretFile('', 0o600).path)).toContain('is empty');
  expect(await of(secretFile('\n', 0o600).path)).toContain('is empty');
  expect(await of(secretFile(Buffer.alloc(20_000, 97), 0o600).path)).toContain('holds 20000 bytes');
  expect(await of(path.join(folder, 'a\0b'))).toContain('cannot be opened');
});

it('does not wait for a pipe', async () => {
  const folder = folderWith({});
  mkdirSync(path.join(folder, 'x'));
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', ['-m', '600', pipe]);
  expect((await refused(readSecret({ from: 'file', path: pipe }))).message).toContain('is not a file');
});

it('reads environment variables', async () => {
  const ref = { from: 'environment', variable: 'LOOK' } as const;
  expect((await readSecret(ref, { LOOK: 'hunter2' })).reveal()).toBe('hunter2');
  expect((await refused(readSecret(ref, {}))).message).toContain('"LOOK" is not set');
  expect((await refused(readSecret(ref, { LOOK: '' }))).message).toContain('"LOOK" is empty');
});
