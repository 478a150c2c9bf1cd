import type { ServerName } from './snapshot.js';

/** A server that a run took out of what applications read from, and that nobody has returned since. */
export interface Withdrawal {
  readonly server: ServerName;
  /** When it began to be withdrawn, milliseconds since the Unix epoch. */
  readonly since: number;
  /** The run that did it. */
  readonly run: string;
  /** That run's procedure. */
  readonly procedure: string;
}

/** The journal knows a withdrawal, and its end, by the ids of the steps: these, and no others. */
const [withdraws, returns] = ['withdraw-', 'return-'];

export function withdrawStepId(server: ServerName): string {
  return withdraws + server;
}

export function returnStepId(server: ServerName): string {
  return returns + server;
}

/** Servers that these steps withdraw, from their very beginning: whoever dies in the middle may have done it. */
export function withdrawnBy(begun: readonly string[]): readonly ServerName[] {
  return begun.filter((id) => id.startsWith(withdraws)).map((id) => id.slice(withdraws.length));
}

/** Servers that applications read from again, once these steps were seen to be done. */
export function returnedBy(done: readonly string[]): readonly ServerName[] {
  return done.filter((id) => id.startsWith(returns)).map((id) => id.slice(returns.length));
}
