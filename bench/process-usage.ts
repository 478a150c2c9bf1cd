import { readFileSync } from 'node:fs';

/** What a process has used so far, all its threads together. */
export interface Usage {
  /** User and system time, seconds. The kernel counts in hundredths. */
  readonly cpuSeconds: number;
  /** Resident memory now, bytes. */
  readonly residentBytes: number;
}

/** Linux counts processor time in USER_HZ, which is 100 on every architecture that Debian has. */
const ticksPerSecond = 100;

/** @throws when there is no such process */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    residentBytes: Number(resident?.[1] ?? NaN) * 1024,
  };
}
