import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import ts from 'typescript';
import { afterAll, expect, it } from 'vitest';
import { stage, writeAtomically } from '../../src/base/atomic.js';

const base = mkdtempSync(path.join(tmpdir(), 'lockstep-atomic-'));
afterAll(() => rmSync(base, { recursive: true }));

it('writes and replaces, with the mode asked for', async () => {
  const file = path.join(base, 'a');
  await writeAtomically(file, 'one', { mode: 0o600 });
  await writeAtomically(file, Buffer.from('two'), { mode: 0o600 });
  expect(readFileSync(file, 'utf8')).toBe('two');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(base)).toEqual(['a']);
});

it('never overwrites when exclusive', async () => {
  const file = path.join(base, 'exclusive');
  const tries = await Promise.allSettled(
    ['a', 'b', 'c', 'd', 'e'].map((text) => writeAtomically(file, text, { mode: 0o644, exclusive: true })),
  );
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const one of tries) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'EEXIST' });
  expect(readdirSync(base).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

it('leaves nothing behind when it fails or is given up', async () => {
  await expect(writeAtomically(path.join(base, 'none', 'x'), 'x', { mode: 0o600 })).rejects.toMatchObject({
    code: 'ENOENT',
  });
  mkdirSync(path.join(base, 'taken', 'full'), { recursive: true });
  await expect(writeAtomically(path.join(base, 'taken'), 'x', { mode: 0o600 })).rejects.toThrow();
  const staged = await stage(path.join(base, 'staged'), 'x', { mode: 0o600 });
  await staged.discard();
  expect(readdirSync(base).sort()).toEqual(['a', 'exclusive', 'taken']);
});

it('shows a reader either the old or the new whole file when it is killed at any moment', async () => {
  const home = path.join(base, 'killed');
  mkdirSync(home);
  const source = readFileSync(path.join(import.meta.dirname, '../../src/base/atomic.ts'), 'utf8');
  const compiled = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  const program = path.join(home, 'writer.mjs');
  writeFileSync(
    program,
    `${compiled.outputText}
    for (let round = 0; ; round++) {
      await writeAtomically(process.argv[2], String(round % 10).repeat(1_000_000), { mode: 0o600 });
      if (round === 0) process.stdout.write('begun');
    }`,
  );
  const file = path.join(home, 'target');
  writeFileSync(file, 'x'.repeat(1_000_000));
  for (let round = 0; round < 8; round++) {
    const child = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await setTimeout(round * 7);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    const text = readFileSync(file, 'utf8');
    expect(text).toHaveLength(1_000_000);
    expect(new Set(text).size).toBe(1);
  }
  expect(readFileSync(file, 'utf8').startsWith('x')).toBe(false);
});
