import { expect, it } from 'vitest';
import { spell } from '../../src/domain/spell.js';

it.each([
  [0, '0 s'],
  [0.4, '0 s'],
  [59.6, '1 min'],
  [61, '1 min 1 s'],
  [3600, '1 h'],
  [3_661, '1 h 1 min'],
  [86_400 * 29 + 4 * 3600 + 59, '29 d 4 h'],
  [86_400 + 59, '1 d'],
  [-61, '-1 min 1 s'],
])('spells %d as %s', (seconds, text) => {
  expect(spell(seconds)).toBe(text);
});
