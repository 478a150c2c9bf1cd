import { written } from '../../dialects/written.js';
import { LockstepError } from '../../base/errors.js';
import type { RoomAction } from '../../domain/action.js';
import { bytesWords } from '../../domain/progress.js';
import type { ServerName } from '../../domain/snapshot.js';
import { roomFor, roomOn } from '../../domain/survey.js';
import type { Host } from '../../hosts/host.js';
import { openSession, type Target } from '../../mysql/session.js';
import { placesOf } from './places.js';
import { sizeOf } from './size.js';

/**
 * Looks once more, before a server is emptied, whether that is still what its disk takes: it may be long since the plan.
 * @returns what was found, for people
 * @throws LockstepError `room-short` where not even an empty server leaves room, `room-enough` where both have room
 */
export async function measure(
  { on, from, droppable, place }: RoomAction,
  target: (server: ServerName) => Promise<Target>,
  host: Host,
  data: string,
  signal: AbortSignal,
): Promise<string> {
  const need = roomFor(await sizeOf(await target(from), signal));
  const { free } = await host.space(placesOf(data, place).data, { signal });
  const session = await openSession(await target(on), { signal });
  try {
    const [rows] = await session.query(written(droppable, { secrets: {}, notes: {} }).reveal(), { signal });
    const bytes = Number(rows?.[0]?.['bytes'] ?? 0);
    const found = `${on} has ${bytesWords(free)} free, dropping its tables frees at least ${bytesWords(bytes)}, and a copy of ${from} may take ${bytesWords(need)}`;
    switch (roomOn(free, need, bytes)) {
      case 'emptied':
        return found;
      case 'both':
        throw new LockstepError(
          'room-enough',
          `${found}: both have room now`,
          'Plan it anew: nothing need be dropped.',
        );
      case 'short':
        throw new LockstepError('room-short', found, 'Make room there: nothing was dropped.');
    }
  } finally {
    await session.end();
  }
}
