import { expect, it } from 'vitest';
import { progressWords, ratioOf, secondsLeft, type Progress } from '../../src/domain/progress.js';

const rows: Progress = { at: 'app.page', unit: 'rows', done: 1_200_000, total: 3_400_000, rate: 52_000 };

it.each<[string, Progress]>([
  ['app.page, 1.2 million of 3.4 million rows (35 %), 52000 rows/s, 43 s left', rows],
  ['app.page, 1.2 million rows, 52000 rows/s', { ...rows, total: undefined }],
  ['app.page, 1.2 million of 3.4 million rows (35 %), 100 rows/s, 367 min left', { ...rows, rate: 100 }],
  ['app.page, 1.2 million of 3.4 million rows (35 %), 0 rows/s', { ...rows, rate: 0 }],
  ['a copy, 512.0 MiB of 2.0 GiB (25 %), 100 B/s, 268436 min left', { at: 'a copy', unit: 'bytes', done: 2 ** 29, total: 2 ** 31, rate: 100 }], // prettier-ignore
])('is told as %s', (words, progress) => {
  expect(progressWords(progress)).toBe(words);
});

it('is all of it when the estimate was too small, or nothing is to be done', () => {
  expect([ratioOf({ ...rows, done: 4e6 }), secondsLeft({ ...rows, done: 4e6 })]).toEqual([1, 0]);
  expect(ratioOf({ ...rows, done: 0, total: 0 })).toBe(1);
});
