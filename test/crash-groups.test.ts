import { expect, it } from 'vitest';
import { procedureNames } from '../src/domain/procedure-names.js';
import { crashWays } from './live/crash-cases.js';
import { crashGroups } from './live/crash-groups.js';

it('has every procedure in the crash matrix, once', () => {
  const names = procedureNames.toSorted();
  expect(Object.values(crashGroups).flat().sort()).toEqual(names);
  expect(procedureNames.filter((name) => Object.keys(crashWays(name)).length === 0)).toEqual([]);
});
