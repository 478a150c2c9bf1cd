import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { isUnavailable, unpack } from '../../src/sandbox/packages.js';
import { programs, type Recipe } from '../../src/sandbox/versions.js';

const cache = mkdtempSync(path.join(os.tmpdir(), 'lockstep-cache-'));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** The smallest thing there is to unpack. */
const exporter: Recipe = programs['mysqld-exporter-0.14'];

it('unpacks once for everybody who asks at the same time', async () => {
  const lines: string[] = [];
  const asking = Array.from({ length: 3 }, () => unpack(exporter, { cache, progress: (line) => lines.push(line) }));
  const roots = await Promise.all(asking);
  expect(lines.filter((line) => line.startsWith('unpacking'))).toHaveLength(1);
  expect(roots.every((root) => root.version.startsWith('0.14.'))).toBe(true);
  await unpack(exporter, { cache, progress: (line) => expect(line).toBe('nothing to wait for') });
});

it.each([
  ['a version that the suite has left behind', { begins: '0.13.' }, /moved on from mysqld_exporter 0.14 to 0.14/],
  [
    'a package that the suite never had',
    { packages: ['no-such-package-of-debian'] },
    /no longer holds no-such-package/,
  ],
])('names %s, as a reason to skip', async (_, change, message) => {
  const gone: Recipe = { ...exporter, ...change, name: 'mysqld-exporter-0.19' };
  const failure: unknown = await unpack(gone, { cache }).catch((thrown: unknown) => thrown);
  expect(isUnavailable(failure)).toBe(true);
  expect(String(failure)).toMatch(message);
  expect(existsSync(path.join(cache, 'roots/mysqld-exporter-0.19'))).toBe(false);
});
