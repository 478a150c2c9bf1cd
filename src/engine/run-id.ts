import { randomBytes } from 'node:crypto';
import type { RunId } from './run.js';

/** `20261128T152233Z-3f9a1c`. @param now milliseconds since the Unix epoch */
export function newRunId(now: number): RunId {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  return `${time}-${randomBytes(3).toString('hex')}`;
}
