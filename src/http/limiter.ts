import { isIPv6 } from 'node:net';
import type { Clock } from '../base/clock.js';

/** Failed logins that one address has within the window before it must wait. */
const most = 10;
const windowMilliseconds = 60_000;
/** Addresses remembered; the oldest are forgotten first. */
const capacity = 10_000;

/** Counts failed logins by address, so that passwords cannot be guessed at speed. */
export class FailureLimit {
  readonly #failures = new Map<string, { count: number; since: number }>();

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  /** Seconds until this address may try again; 0 when it may now. */
  waitSeconds(address: string): number {
    const entry = this.#failures.get(network(address));
    if (entry === undefined || entry.count < most) return 0;
    return Math.max(0, Math.ceil((entry.since + windowMilliseconds - this.clock.monotonic()) / 1000));
  }

  /** Takes one failure back. */
  forgive(address: string): void {
    const entry = this.#failures.get(network(address));
    if (entry !== undefined) entry.count = Math.max(0, entry.count - 1);
  }

  failed(address: string): void {
    const key = network(address);
    const now = this.clock.monotonic();
    const entry = this.#failures.get(key);
    if (entry !== undefined && now - entry.since < windowMilliseconds) {
      entry.count += 1;
      return;
    }
    this.#failures.delete(key);
    this.#failures.set(key, { count: 1, since: now });
    if (this.#failures.size <= capacity) return;
    const oldest = this.#failures.keys().next();
    if (oldest.done !== true) this.#failures.delete(oldest.value);
  }
}

/** Who holds one IPv6 address holds its /64 too. */
function network(address: string): string {
  if (!isIPv6(address) || address.startsWith('::')) return address;
  const [head = '', tail = ''] = (address.split('%')[0] ?? '').split('::');
  const left = head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const gap = address.includes('::') ? Array.from({ length: 8 - left.length - right.length }, () => '0') : [];
  return [...left, ...gap, ...right].slice(0, 4).join(':');
}
