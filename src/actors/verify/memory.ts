import { LockstepError } from '../../base/errors.js';
import type { KeyPlace } from '../../dialects/comparable.js';
import type { ListedTable } from '../../dialects/table-listing.js';
import type { Finding } from '../../domain/verification.js';

/** Where comparing stands: enough to go on after a restart. */
export interface VerifyState {
  readonly v: 1;
  readonly beganAt: number;
  /** The table at work, and how far it was compared; undefined: none was begun. */
  readonly at: { readonly schema: string; readonly name: string; readonly behind: Behind | undefined } | undefined;
  readonly tables: number;
  readonly rows: number;
  readonly differingRows: number;
  /** Names of those with a difference. */
  readonly differingTables: readonly string[];
  readonly unsettledRows: number;
  /** Those that could not be read so far, and are asked for again at the end. */
  readonly unread: readonly Pick<ListedTable, 'schema' | 'name'>[];
  readonly findings: readonly Finding[];
}

/** A place in a table, and the key in whose order it is one, as JSON. */
export interface Behind {
  readonly place: KeyPlace;
  readonly key: string;
}

/** What one step of one run has to remember over a restart, whole or not at all. */
export interface WorkMemory {
  /** undefined: nothing was written down. */
  read(): Promise<unknown>;
  /** Durable when it resolves. */
  write(content: unknown): Promise<void>;
  forget(): Promise<void>;
}

export function freshState(beganAt: number): VerifyState {
  return {
    v: 1,
    beganAt,
    at: undefined,
    tables: 0,
    rows: 0,
    differingRows: 0,
    differingTables: [],
    unsettledRows: 0,
    unread: [],
    findings: [],
  };
}

/** @throws LockstepError `work-unreadable` for what this version did not write */
export function recalled(content: unknown): VerifyState | undefined {
  if (content === undefined) return undefined;
  if (typeof content === 'object' && content !== null && 'v' in content && content.v === 1)
    return { ...freshState(0), ...(content as Partial<VerifyState>) };
  throw new LockstepError('work-unreadable', 'what was compared so far was written down by another version of Lockstep', 'Abort the run, and verify anew.'); // prettier-ignore
}
