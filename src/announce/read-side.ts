import { LockstepError } from '../base/errors.js';
import type { AnnouncedServer } from '../domain/announcement.js';
import type { ReadersSeen } from '../domain/readers.js';
import type { ServerName } from '../domain/snapshot.js';
import { serverAt } from './address.js';
import type { AnnouncedCluster } from './announcer.js';

/**
 * The read side of an announcer: from whom applications read. Only the one server is moved: whom others have withdrawn
 * stays out. Everything may be asked for again, and says the same then. Every call rejects with the signal's reason when
 * that aborts, and otherwise with a LockstepError that says what to do.
 */
export interface ReadSide {
  /**
   * Changes nothing, and tries all that changing will take.
   * @param primary who would stand in, where that is known
   * @throws LockstepError with what stands in the way
   */
  prepare(signal: AbortSignal, primary?: ServerName): Promise<void>;
  /** Durable once it resolves, over a restart of whoever leads applications too. @throws LockstepError `last-reader` */
  change(change: ReadersChange, signal: AbortSignal): Promise<void>;
  /** From whom applications read now; undefined where that cannot be asked. */
  read(signal: AbortSignal): Promise<ReadersReading | undefined>;
  close(): Promise<void>;
}

export interface ReadersChange {
  readonly act: 'withdraw' | 'return';
  readonly server: AnnouncedServer;
  /** Who is read from while nobody else may be; undefined: nobody. */
  readonly fallback: AnnouncedServer | undefined;
}

export type ReadersReading = Pick<ReadersSeen, 'readers' | 'found'>;

/** Those of the cluster, in its order, that stand at these addresses as the configuration writes them. */
export function readersAt({ servers }: AnnouncedCluster, found: readonly string[]): ReadersReading {
  const named = found.map((address) => serverAt(servers, address));
  return { readers: servers.map(({ name }) => name).filter((name) => named.includes(name)), found: found.join(', ') };
}

/**
 * Who is read from after the change, where a place lists them. Nobody but members stays once a member is returned: the
 * stand-in goes.
 * @throws LockstepError `last-reader`
 */
export function listed(
  now: readonly ServerName[],
  { act, server: { name }, fallback }: ReadersChange,
  members: readonly ServerName[],
): readonly ServerName[] {
  if (act === 'return') return members.filter((one) => one === name || now.includes(one));
  const left = now.filter((one) => one !== name);
  return left.length > 0 ? left : [standIn(name, fallback)];
}

/**
 * Where each member's own name leads after the change, where every one has a name. A name always leads somewhere: that
 * of a withdrawn one to another member, else to the stand-in.
 * @param now where each leads; undefined: to none of the cluster
 * @throws LockstepError `last-reader`
 */
export function led(
  now: ReadonlyMap<ServerName, ServerName | undefined>,
  { act, server: { name }, fallback }: ReadersChange,
): ReadonlyMap<ServerName, ServerName | undefined> {
  const moved = (member: ServerName, to: ServerName | undefined): ServerName | undefined => {
    if (act === 'withdraw') return to === name ? other() : to;
    // To another member that is withdrawn itself no name leads; to a stranger it was led by somebody else.
    const stoodIn = to !== undefined && !now.has(to);
    return member === name || stoodIn ? name : to;
  };
  const other = () => [...now].find(([member, to]) => member === to && member !== name)?.[0] ?? standIn(name, fallback);
  return new Map([...now].map(([member, to]) => [member, moved(member, to)]));
}

function standIn(withdrawn: ServerName, fallback: AnnouncedServer | undefined): ServerName {
  if (fallback !== undefined && fallback.name !== withdrawn) return fallback.name;
  throw new LockstepError(
    'last-reader',
    `applications would have nobody to read from without ${withdrawn}`,
    'Return another one first, or let the primary stand in (`fallback: primary`).',
  );
}
