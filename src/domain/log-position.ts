import type { LogPosition } from './snapshot.js';

/** `bin.000042` is number 42 of the series `bin`. */
export function splitLogName(file: string): [series: string, number: number] {
  const [, series, number] = /^(.*)\.(\d+)$/.exec(file) ?? [];
  return series === undefined ? [file, 0] : [series, Number(number)];
}

/** Whether `one` is further than `other` in the logs of one series; false where the series differ, for then nothing tells. */
export function isFurther(one: LogPosition, other: LogPosition): boolean {
  const [series, number] = splitLogName(one.file);
  const [otherSeries, otherNumber] = splitLogName(other.file);
  if (series !== otherSeries) return false;
  return number === otherNumber ? one.position > other.position : number > otherNumber;
}
