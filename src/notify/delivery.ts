import { LockstepError, messageOf } from '../base/errors.js';
import type { Answer } from '../base/exchange.js';
import type { RunId } from '../engine/run.js';

/** One thing that one receiver is to be told, however many tries it takes. */
export interface Delivery {
  /** For the log: `approval-wanted`, `silence`. */
  readonly what: string;
  readonly run: RunId;
  /** Kept when the queue is full, as long as others can be dropped. */
  readonly urgent: boolean;
  /** How long it is worth trying, from when it was taken, milliseconds. It is always tried once. */
  readonly within: number;
  /** Tries once. Safe to do again. @throws DeliveryError */
  readonly send: (signal: AbortSignal) => Promise<void>;
}

/** How a delivery can end. `refused`: by the receiver, for good. `gave-up`: its time was over. `overflow`: the queue was full. `stopped`: Lockstep stopped first. */
export const deliveryResults = ['delivered', 'refused', 'gave-up', 'overflow', 'stopped'] as const;
export type DeliveryResult = (typeof deliveryResults)[number];

/** A try that failed. Its message never tells an address. */
export class DeliveryError extends LockstepError {
  /** @param again whether another try may help, and after how many milliseconds at the least */
  constructor(
    message: string,
    remedy: string | undefined,
    readonly again: { readonly after: number } | undefined,
  ) {
    super('delivery-failed', message, remedy);
  }
}

/**
 * What an answer means to a delivery.
 * @throws DeliveryError unless it says that all went well
 */
export function accepted({ status, headers }: Answer): void {
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400)
    throw new DeliveryError(
      `it answered with a redirect (${status}), which is not followed`,
      'Configure the address that it leads to.',
      undefined,
    );
  const passing = status >= 500 || status === 429 || status === 408;
  throw new DeliveryError(`it answered with status ${status}`, undefined, passing ? { after: waitOf(headers['retry-after']) } : undefined); // prettier-ignore
}

/** Anything thrown by a try. What is not an answer, such as a missing connection or an unreadable secret, may pass. */
export function deliveryError(thrown: unknown): DeliveryError {
  if (thrown instanceof DeliveryError) return thrown;
  const known = thrown instanceof LockstepError || (thrown instanceof Error && 'code' in thrown && thrown.code === 'deadline'); // prettier-ignore
  // What nobody expected might carry an address in its text.
  const message = known ? messageOf(thrown) : `a defect: ${thrown instanceof Error ? thrown.name : typeof thrown}`;
  return new DeliveryError(message, known && thrown instanceof LockstepError ? thrown.remedy : undefined, { after: 0 });
}

/** Seconds, as `Retry-After` says it; its other form, a date, is left to the usual wait. */
function waitOf(header: string | undefined): number {
  return header !== undefined && /^\d{1,4}$/.test(header) ? Number(header) * 1000 : 0;
}
