import { containsGtidSet, parseGtidSet } from '../../domain/gtid-mysql.js';
import { parseMariadbGtids, reachesMariadb, unionMariadb } from '../../domain/gtid-mariadb.js';
import { changeNotes } from '../../domain/primary-change.js';
import { isFurther, splitLogName } from '../../domain/log-position.js';
import type { Channel, LogPosition, ServerFacts } from '../../domain/snapshot.js';
import type { Notes } from '../../engine/procedure.js';
import type { PositionNotes } from '../../dialects/primary-statements.js';

/** Where the old primary stopped: learned inside the freeze. */
export const frozen: PositionNotes = { gtid: 'frozen', file: 'frozen-file', position: 'frozen-position' };
/** Where the new primary's own log ended before it took its first write. */
export const opened: PositionNotes = {
  gtid: 'opened',
  file: changeNotes.openedFile,
  position: changeNotes.openedPosition,
};
/** Behind the first row that the new primary wrote. */
export const marked: PositionNotes = { gtid: 'marked', file: 'marked-file', position: 'marked-position' };

/** Whether a server has all of a GTID position, applied; false where that cannot be said. "Contains": stays true. */
export function hasApplied(facts: ServerFacts | undefined, gtid: string | undefined): boolean {
  const own = facts?.gtid;
  if (own === undefined || gtid === undefined) return false;
  try {
    if (own.kind === 'mysql') return containsGtidSet(parseGtidSet(own.executed), parseGtidSet(gtid));
    const applied = unionMariadb(parseMariadbGtids(own.slavePos), parseMariadbGtids(own.binlogPos));
    return reachesMariadb(applied, parseMariadbGtids(gtid));
  } catch {
    return false;
  }
}

/** Whether a channel has applied its source's log up to there. */
export function hasExecuted(channel: Channel | undefined, at: LogPosition | undefined): boolean {
  if (channel === undefined || at === undefined) return false;
  const [series] = splitLogName(channel.executed.file);
  return series === splitLogName(at.file)[0] && !isFurther(at, channel.executed);
}

/** undefined until the run has learned it. */
export function notedPosition(notes: Notes, { file, position }: PositionNotes): LogPosition | undefined {
  const [name, at] = [notes[file], notes[position]];
  return name === undefined || at === undefined ? undefined : { file: name, position: Number(at) };
}
