import { splitLogName } from './log-position.js';
import type { LogPosition } from './snapshot.js';

/** An event of a relay log, as SHOW RELAYLOG EVENTS lists it. */
export interface RelayEvent {
  readonly type: string;
  /** Where the source's log stands behind it; 0 for what the replica wrote itself. */
  readonly end: number;
  readonly info: string;
}

/** How far a relay log was read. */
export interface RelayReading {
  /** Where the last whole transaction ends, in the source's logs. */
  readonly whole: LogPosition;
  /** `none`: between transactions. `announced`: its GTID was read. `open`: what it does follows, up to its end. */
  readonly transaction: 'none' | 'announced' | 'open';
  /** Where the source's log stands behind the last event of it, 0 before there was one. */
  readonly last: number;
}

/** At the place that the applier has come to, which lies between transactions. */
export function relayReadingFrom(executed: LogPosition): RelayReading {
  return { whole: executed, transaction: 'none', last: 0 };
}

const gtids = ['Gtid', 'Anonymous_Gtid', 'Gtid_tagged'];
/** What ends a transaction whatever it was: a commit in InnoDB, a prepared XA transaction, a whole one in compressed form. */
const ends = ['Xid', 'XA_prepare', 'Transaction_payload'];
const queries = ['Query', 'Query_compressed'];

/**
 * A receiver that is stopped, or whose source died, may have received half of a transaction. The applier waits for the
 * rest of it, and its position stays before it for ever. @param series of the relay logs: `relay`
 */
export function readFurther(reading: RelayReading, event: RelayEvent, series: string): RelayReading {
  const now = { ...reading, last: event.end === 0 ? reading.last : event.end };
  const ended: RelayReading = { ...now, whole: { ...now.whole, position: event.end }, transaction: 'none' };
  const { type, info } = event;
  if (type === 'Rotate') return rotated(now, info, series);
  // MariaDB says in it whether more than one statement follows.
  if (gtids.includes(type)) return { ...now, transaction: /^(?:BEGIN|XA START)\b/.test(info) ? 'open' : 'announced' };
  if (ends.includes(type)) return ended;
  if (!queries.includes(type)) return now;
  const statement = info.replace(/^use `(?:[^`]|``)*`; /, '');
  if (now.transaction === 'open') return /^(?:COMMIT|ROLLBACK)\b(?! TO\b)/i.test(statement) ? ended : now;
  return /^(?:BEGIN$|XA START\b)/i.test(statement) ? { ...now, transaction: 'open' } : ended;
}

/** To the source's next file; the replica's own next one says nothing of the source. */
function rotated(now: RelayReading, info: string, series: string): RelayReading {
  const [, file = '', position = '4'] = /^(.*);pos=(\d+)$/.exec(info) ?? [];
  if (splitLogName(file)[0] === series || file === now.whole.file || now.transaction !== 'none') return now;
  return { whole: { file, position: Number(position) }, transaction: 'none', last: Number(position) };
}
