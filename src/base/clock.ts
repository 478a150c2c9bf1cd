/** Where time comes from. Pure code takes times as values; code with I/O takes a Clock, so tests choose the time. */
export interface Clock {
  /** Wall-clock time, milliseconds since the Unix epoch. */
  now(): number;
  /** Time that only moves forward, milliseconds from an arbitrary start: for durations and deadlines. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
