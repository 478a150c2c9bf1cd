import { errantMariadb } from './errant-mariadb.js';
import { containsGtidSet, countGtidSet, formatGtidSet, parseGtidSet, subtractGtidSets } from './gtid-mysql.js';
import { formatMariadbGtids, gtidsIn, parseMariadbGtids } from './gtid-mariadb.js';
import type { PrimaryChange } from './primary-change.js';
import type { LogPosition, ServerFacts, ServerSnapshot } from './snapshot.js';

/** What a former primary has that the present one has not. */
export interface Tail {
  /** undefined: not known, and nobody guesses. */
  readonly empty: boolean | undefined;
  /** How many transactions at least; undefined: not known. */
  readonly transactions: number | undefined;
  /** As the flavour writes GTIDs; '' where there are none, or none are known. */
  readonly set: string;
  /** One sentence. */
  readonly why: string;
}

/**
 * Compares by GTID; without it by where the former primary's log ended when the present one was promoted, which the
 * journal tells.
 */
export function tailOf(former: ServerSnapshot, present: ServerSnapshot, change: PrimaryChange | undefined): Tail {
  const [own, theirs] = [former.facts, present.facts];
  if (own === undefined || theirs === undefined) return unknown(`${former.name} and ${present.name} must both be seen`);
  try {
    return byGtid(former, present, own, theirs) ?? byPosition(former, present, change);
  } catch {
    return unknown(`the GTID of ${former.name} or ${present.name} cannot be read`);
  }
}

function byGtid(
  { name }: ServerSnapshot,
  { name: primary }: ServerSnapshot,
  { gtid: own }: ServerFacts,
  { gtid: theirs }: ServerFacts,
): Tail | undefined {
  if (own?.kind === 'mysql' && theirs?.kind === 'mysql') {
    if (own.mode !== 'ON' || theirs.mode !== 'ON') return undefined;
    const [has, had] = [parseGtidSet(own.executed), parseGtidSet(theirs.executed)];
    // A server without any history is new, or was emptied: that it has no more than others says nothing of its data.
    if (has.size === 0 && had.size > 0) return undefined;
    if (containsGtidSet(had, has)) return none(name, primary);
    const extra = subtractGtidSets(has, had);
    return some(name, primary, Number(countGtidSet(extra)), formatGtidSet(extra));
  }
  if (own?.kind === 'mariadb' && theirs?.kind === 'mariadb') {
    const [binlogState, others] = [parseMariadbGtids(own.binlogState), parseMariadbGtids(theirs.binlogState)];
    // A server that never wrote a GTID tells nothing by not having one.
    if (binlogState.size === 0 || others.size === 0) return undefined;
    const { transactions, set, suspect } = errantMariadb({ binlogState, slavePos: parseMariadbGtids(own.slavePos) }, [
      { binlogState: others, slavePos: parseMariadbGtids(theirs.slavePos) },
    ]);
    if (transactions === undefined) return unknown(`whether ${name} has transactions that ${primary} has not is in doubt: ${formatMariadbGtids(binlogState)} against ${formatMariadbGtids(others)}`); // prettier-ignore
    return transactions === 0 && !suspect ? none(name, primary) : some(name, primary, transactions, set);
  }
  return undefined;
}

function byPosition(former: ServerSnapshot, present: ServerSnapshot, change: PrimaryChange | undefined): Tail {
  const { facts } = former;
  const [end, files] = [change?.formerEnd, facts?.binlog?.files];
  if (
    facts === undefined ||
    change?.primary !== present.name ||
    change.former !== former.name ||
    end === undefined ||
    files === undefined
  )
    return unknown(
      `without GTID only the journal of the run that made ${present.name} the primary could tell whether ${former.name} has more`,
    );
  const empty = emptyLog(facts);
  // Its log must end exactly where the new primary stopped applying it. A restart begins another file, with nothing in it.
  const at = files.find(({ name }) => name === end.file);
  const later = files.slice(files.findIndex(({ name }) => name === end.file) + 1);
  if (at === undefined) return unknown(`${former.name} no longer has ${end.file}, where ${present.name} stopped`);
  if (at.bytes <= end.position && later.every(({ bytes }) => bytes <= empty)) return none(former.name, present.name);
  return {
    empty: false,
    transactions: undefined,
    set: '',
    why: `${former.name} may have transactions that ${present.name} has not: its log goes on behind ${end.file}:${end.position}`,
  };
}

/**
 * Whether a former primary still has all that the present one had of it when it was promoted, by where its log ends:
 * a crash may have cost it the end, and MariaDB takes back at its start what it held for unacknowledged although a
 * replica had it. By GTID it is sent again; by file and position it would be left out in silence.
 */
export function reaches({ binlog }: ServerFacts, end: LogPosition | undefined): boolean {
  const file = binlog?.files?.find(({ name }) => name === end?.file);
  return end !== undefined && file !== undefined && file.bytes >= end.position;
}

/**
 * How many transactions that it wrote itself a former primary of MySQL has lost, and the present one has. It is never sent
 * them again: a replica leaves out whatever bears its own server_id, and says nothing (seen on 9.7). MariaDB does not, by GTID.
 */
export function ownLost({ gtid: own, identity }: ServerFacts, { gtid: theirs }: ServerFacts): bigint {
  if (own?.kind !== 'mysql' || theirs?.kind !== 'mysql' || identity.uuid === undefined) return 0n;
  try {
    const lacked = subtractGtidSets(parseGtidSet(theirs.executed), parseGtidSet(own.executed));
    const uuid = identity.uuid.toLowerCase();
    return countGtidSet(new Map([...lacked].filter(([key]) => key.split(':')[0] === uuid)));
  } catch {
    return 0n;
  }
}

/** A log that holds its headers alone is no larger than this, and one with a transaction in it is, bytes: the headers name all that was written before. */
export function emptyLog({ gtid }: ServerFacts): number {
  const usual = 420;
  if (gtid?.kind === 'mariadb')
    return usual + 16 * Math.max(0, gtidsIn(parseMariadbGtids(gtid.binlogState)).length - 1);
  const sets = gtid === undefined ? [] : [...parseGtidSet(gtid.executed).values()];
  const named = sets.reduce((sum, intervals) => sum + 24 + 16 * intervals.length, 0);
  return usual + Math.max(0, named - 40);
}

function none(name: string, primary: string): Tail {
  return { empty: true, transactions: 0, set: '', why: `${name} has nothing that ${primary} has not` };
}

function some(name: string, primary: string, transactions: number, set: string): Tail {
  return {
    empty: false,
    transactions,
    set,
    why: `${name} has ${transactions} transaction${transactions === 1 ? '' : 's'} or more that ${primary} has not (${set.length > 300 ? `${set.slice(0, 300)}…` : set})`,
  };
}

function unknown(why: string): Tail {
  return { empty: undefined, transactions: undefined, set: '', why };
}
