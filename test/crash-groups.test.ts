import { expect, it } from 'vitest';
import { procedures } from '../src/procedures/index.js';
import { crashCases } from './live/crash-cases.js';
import { crashGroups } from './live/crash-groups.js';

it('has every procedure in the crash matrix, once', () => {
  const names = Object.keys(procedures).sort();
  expect(Object.values(crashGroups).flat().sort()).toEqual(names);
  expect(Object.keys(crashCases).sort()).toEqual(names);
});
