import { expect, it } from 'vitest';
import { inWindow, windowText } from '../../src/engine/windows.js';

const at = (text: string) => Date.parse(text);
const nights = { name: 'nights', days: ['fri', 'sat'], from: 22 * 60, to: 4 * 60, zone: 'Europe/Zurich' };

it.each([
  ['2026-11-27T20:59:00Z', false], // Friday 21:59 in Zurich
  ['2026-11-27T21:00:00Z', true],
  ['2026-11-28T02:59:00Z', true], // the small hours belong to the evening before
  ['2026-11-28T03:00:00Z', false],
  ['2026-11-29T02:00:00Z', true], // Sunday 03:00, of Saturday's
  ['2026-11-29T21:30:00Z', false], // Sunday evening
  ['2026-07-03T20:00:00Z', true], // Friday 22:00 in summer time
])('a window over midnight, at %s', (time, open) => {
  expect(inWindow(nights, at(time))).toBe(open);
});

it('a window within a day ends before its last minute', () => {
  const office = { ...nights, days: ['mon'], from: 8 * 60, to: 18 * 60, zone: 'UTC' };
  expect(inWindow(office, at('2026-11-30T08:00:00Z'))).toBe(true);
  expect(inWindow(office, at('2026-11-30T17:59:59Z'))).toBe(true);
  expect(inWindow(office, at('2026-11-30T18:00:00Z'))).toBe(false);
  expect(inWindow(office, at('2026-12-01T12:00:00Z'))).toBe(false);
});

it('reads aloud', () => {
  expect(windowText(nights)).toBe('fri,sat 22:00-04:00 Europe/Zurich');
});
