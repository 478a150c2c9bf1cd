import { afterEach, expect, it, vi } from 'vitest';
import { versionNames, versions, type VersionName } from '../src/sandbox/versions.js';
import { versionsOf } from './live/matrix.js';

afterEach(() => vi.unstubAllEnvs());

function taken(extent: string, names: readonly VersionName[] = versionNames) {
  vi.stubEnv('LOCKSTEP_EXTENT', extent);
  return Array.from({ length: 100 }, (_, seed) => {
    vi.stubEnv('LOCKSTEP_SEED', String(seed));
    return versionsOf('a suite', names);
  });
}

it.each([
  ['short', 1],
  ['ci', 2],
  ['versions', versionNames.length],
])('takes of the versions of a suite as many as it says: %s', (extent, count) => {
  const all = taken(extent);
  for (const names of all) expect(names).toHaveLength(count);
  // In the long run every one of them.
  expect(new Set(all.flat())).toEqual(new Set(versionNames));
});

it('takes one of each flavour on CI, where a suite has both', () => {
  for (const names of taken('ci')) expect(names.map((name) => versions[name].flavour)).toEqual(['mariadb', 'mysql']);
  for (const names of taken('ci', ['mariadb-10.11'])) expect(names).toEqual(['mariadb-10.11']);
  for (const names of taken('short', [])) expect(names).toEqual([]);
});
