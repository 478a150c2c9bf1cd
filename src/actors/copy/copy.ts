import { LockstepError } from '../../base/errors.js';
import type { Secret } from '../../base/secret.js';
import type { CopyAction } from '../../domain/action.js';
import type { Progress } from '../../domain/progress.js';
import type { ServerName } from '../../domain/snapshot.js';
import { roomFor } from '../../domain/survey.js';
import type { Host } from '../../hosts/host.js';
import type { Target } from '../../mysql/session.js';
import { backup } from './backup.js';
import { clone } from './clone.js';
import { dump } from './dump.js';
import { endEarlierClone } from './earlier-clone.js';
import { leaveRoot, leftovers, makeRoot, placesOf, stands, type Places } from './places.js';
import { sizeOf } from './size.js';

export interface CopyPorts {
  /** How to log in on the operate account. */
  target(server: ServerName): Promise<Target>;
  /** Its password. */
  password(): Promise<Secret>;
  /** The donor's machine; for `backup` alone. */
  readonly from: Host | undefined;
  readonly to: Host;
  readonly progress: (progress: Progress) => void;
}

/** One way to copy a whole server into an empty place beside the data of another. */
export type CopyMethod = (
  action: CopyAction,
  ports: CopyPorts,
  places: Places,
  /** Bytes of the donor's tables, by its own estimate. */
  bytes: number,
  /** The donor's `@@datadir`. */
  donorData: string,
  signal: AbortSignal,
) => Promise<Copied>;

export interface Copied {
  /** The GTID position of the copy; '' where the copy itself holds it. */
  readonly position: string;
  /** What it cost the donor, one sentence; undefined: nothing is known. */
  readonly cost?: string;
}

const methods: Readonly<Record<CopyAction['method'], CopyMethod>> = { backup, clone, dump };

/**
 * Copies a server beside the data of another, which goes on as it is. What an earlier try left of the copy is removed
 * first; nothing of it is left when it fails.
 * @throws LockstepError `room-short`, `kept-there`, `copy-failed`; those of hosts
 */
export async function copy(
  action: CopyAction,
  ports: CopyPorts,
  data: { readonly from: string; readonly on: string },
  signal: AbortSignal,
): Promise<Copied> {
  const places = placesOf(data.on, action.place);
  const { to } = ports;
  for (const left of leftovers(places))
    if (await stands(to, left, signal))
      throw new LockstepError('kept-there', `${action.on} still holds what an earlier run kept aside in ${left}`, 'See what it is worth, and remove it.'); // prettier-ignore
  const bytes = await sizeOf(await ports.target(action.from), signal);
  // Nobody may be at work in it any more.
  if (action.method !== 'backup') await endEarlierClone(action, ports, places.fresh, signal);
  await to.remove(places.fresh, { signal, recursive: true });
  // Of a run that could not remove it all: it takes room, and says of this one that nothing can be put back.
  await to.remove(places.gone, { signal, recursive: true });
  const { free } = await to.space(places.data, { signal });
  if (free < roomFor(bytes))
    throw new LockstepError('room-short', `${action.on} has ${free} bytes free, and a copy of ${action.from} may take ${roomFor(bytes)}`, 'Make room there: what it holds now is kept until the copy was compared.'); // prettier-ignore
  await makeRoot(to, places, signal);
  try {
    return await methods[action.method](action, ports, places, bytes, data.from, signal);
  } catch (cause) {
    await cleared(to, places).catch(() => undefined);
    throw cause;
  }
}

async function cleared(to: Host, places: Places): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  await to.remove(places.fresh, { signal, recursive: true });
  await leaveRoot(to, places, signal);
}
