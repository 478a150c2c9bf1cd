import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { locked, tryHold } from '../../src/sandbox/lock.js';

it('lets one in at a time, the others after it', async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((next) => setTimeout(next, 5));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => locked(`test/${process.pid}/one`, work)));
  expect(most).toBe(1);
});

it('is let go when the work fails', async () => {
  const name = `test/${process.pid}/fails`;
  await expect(locked(name, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(locked(name, () => Promise.resolve('yes'))).resolves.toBe('yes');
});

it('stops waiting when it is told to', async () => {
  const name = `test/${process.pid}/told`;
  const release = await tryHold(name);
  await expect(locked(name, () => Promise.resolve(), AbortSignal.timeout(20))).rejects.toThrow(/timeout/);
  await release?.();
});

it('is free again when its holder is killed', async () => {
  const name = `test/${process.pid}/killed`;
  const script = `require('net').createServer().listen('\\0lockstep-sandbox/${name}', () => console.log('held'))`;
  const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  expect(await tryHold(name)).toBeUndefined();
  const taken = locked(name, () => Promise.resolve('taken'));
  holder.kill('SIGKILL');
  expect(await taken).toBe('taken');
});
