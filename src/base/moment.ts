import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import type { Clock } from './clock.js';

/**
 * A moment as two clocks give it: ours, which people and NTP set, and the machine's, which only moves forward. What is
 * written down with both can be dated after a restart of the process, whatever was done to the one.
 */
export interface Moment {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Which start of the machine; undefined where the system does not tell (it is Linux that does). */
  readonly boot: string | undefined;
  /** Since that start, milliseconds; sleep counts. */
  readonly up: number;
}

export interface Age {
  readonly milliseconds: number;
  /** Both clocks agree. Otherwise it may be longer. */
  readonly sure: boolean;
}

/** How far the two clocks may come apart by themselves: the steps of the one, and what NTP slews, milliseconds and as a part. */
const apart = { steps: 2000, slewed: 0.001 };
/** The machine tells its time in hundredths of a second: so much says nothing. */
const grain = 50;

/** The longer of what the two clocks say. @returns undefined where the moment lies ahead of now */
export function ageOf(then: Moment, now: Moment): Age | undefined {
  const byClock = now.at - then.at;
  if (then.boot === undefined || then.boot !== now.boot)
    return byClock < 0 ? undefined : { milliseconds: byClock, sure: false };
  const byMachine = now.up - then.up;
  const difference = Math.abs(byClock - byMachine);
  const milliseconds = difference <= grain ? byClock : Math.max(byClock, byMachine);
  if (milliseconds < -grain) return undefined;
  return {
    milliseconds: Math.max(0, milliseconds),
    sure: byMachine >= 0 && difference <= apart.steps + apart.slewed * milliseconds,
  };
}

/** The moment that lies so many milliseconds back. */
export function before({ at, boot, up }: Moment, milliseconds: number): Moment {
  return { at: at - milliseconds, boot, up: up - milliseconds };
}

/** Of the process and its machine. */
export function moments(clock: Pick<Clock, 'now'>): () => Moment {
  const boot = bootOf();
  return () => ({ at: clock.now(), boot, up: Math.round(uptime() * 1000) });
}

function bootOf(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}
