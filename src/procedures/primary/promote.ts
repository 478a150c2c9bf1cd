import type { Column } from '../../dialects/capabilities.js';
import { openServer, setSemiSync, type PositionNotes } from '../../dialects/primary-statements.js';
import type { Statement } from '../../domain/action.js';
import { changeNotes } from '../../domain/primary-change.js';
import type { ServerName } from '../../domain/snapshot.js';
import { isWritable } from '../../domain/topology.js';
import { pauseNotes } from '../../domain/write-pause.js';
import type { Seen, Step } from '../../engine/procedure.js';
import { change } from '../actions.js';

export interface Promotion {
  readonly server: ServerName;
  readonly column: Column;
  /** Who was the primary, and where its log had come to by file and position, where the run has learned that. */
  readonly former: { readonly name: ServerName; readonly end: PositionNotes | undefined; readonly byGtid: boolean };
  /** Prefix of its variables as a semi-synchronous source, where it is to wait for replicas from its first commit on. */
  readonly semiSync: string | undefined;
  /** Sent before it is opened, in the same round trip. */
  readonly before?: readonly Statement[];
  readonly section: string;
}

/**
 * The commit point. Semi-synchronous replication is turned on in the same round trip and first: no commit escapes it,
 * and while it still replicated its applier would have waited for acknowledgements that nobody gives.
 */
export function promote({ server, column, former, semiSync, before = [], section }: Promotion): Step {
  const waits = semiSync === undefined ? [] : [setSemiSync(semiSync, true)];
  return {
    id: 'promote',
    section,
    title: `Let ${server} accept writes${semiSync === undefined ? '' : ', and wait for a replica at each commit'}`,
    plan: [{ ...change(server, ...before, ...waits, ...openServer(column)), sameSession: true }],
    notes: changed(server, former),
    done: (seen) => isOpen(seen, server),
    commits: true,
    moments: { ended: pauseNotes.promoted },
    within: 10,
  };
}

/** What the journal is to remember of it. @param former undefined: it was the primary before, and is opened again */
export function changed(primary: ServerName, former?: Promotion['former']): NonNullable<Step['notes']> {
  if (former === undefined) return { [changeNotes.primary]: primary };
  const { name, end, byGtid } = former;
  return {
    [changeNotes.primary]: primary,
    [changeNotes.former]: name,
    [changeNotes.mode]: byGtid ? 'gtid' : 'position',
    ...(end === undefined
      ? {}
      : { [changeNotes.formerFile]: { note: end.file }, [changeNotes.formerPosition]: { note: end.position } }),
  };
}

export function isOpen({ snapshot }: Seen, name: ServerName): boolean {
  const server = snapshot.servers.find((one) => one.name === name);
  return server !== undefined && isWritable(server);
}
