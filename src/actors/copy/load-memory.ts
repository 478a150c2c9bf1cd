import { LockstepError } from '../../base/errors.js';

/** What filling a server has to remember over a restart of Lockstep: written before it is done. */
export interface LoadState {
  readonly v: 1;
  /** Settings of the target as they were before any was changed. */
  readonly settings?: Readonly<Record<string, string>>;
  /** All is there, and what marked the server as fresh is being taken away. */
  readonly filled?: Filled;
}

export interface Filled {
  /** GTID, '' where the server holds it itself. */
  readonly position: string;
  /** What it cost the donor, for people. */
  readonly cost: string;
}

/** @throws LockstepError `work-unreadable` for what this version did not write */
export function recalled(content: unknown): LoadState {
  if (content === undefined) return { v: 1 };
  if (typeof content === 'object' && content !== null && 'v' in content && content.v === 1) return content as LoadState;
  throw new LockstepError('work-unreadable', 'what was copied so far was written down by another version of Lockstep', 'Abort the run, and run it anew.'); // prettier-ignore
}
