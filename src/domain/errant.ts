import { ringMembers } from './links.js';
import { errantMariadb, type MariadbHistory } from './errant-mariadb.js';
import { countGtidSet, formatGtidSet, subtractGtidSets, unionGtidSets } from './gtid-mysql.js';
import type { KnownGtids, Members } from './members.js';
import type { ServerSnapshot } from './snapshot.js';

/** What a replica has and its sources never had. */
export interface Errant {
  /**
   * Undefined is unknown. Exact on MySQL. On MariaDB at least so many: GTIDs of a domain share one row of numbers,
   * so the state tells how far a server id got, not how many of the numbers were its own.
   */
  readonly transactions: number | undefined;
  /** The set as the flavour writes it; MariaDB: the last GTID of each (domain, server id). '' when none or unknown. */
  readonly set: string;
  /** A source was read before the look at the replica ended, and what was found may only be newer than that reading. */
  readonly unsettled: boolean;
}

/**
 * How long a MySQL source may not know yet what its replicas have: they are sent a transaction once it is in the binary
 * log, and gtid_executed has it only when it is committed, after that (Binlog group commit: flush, sync, commit).
 * MariaDB's gtid_binlog_state moves with the binary log itself. Milliseconds.
 */
export const commitTakes = 100;

/**
 * The errant transactions of one server against its immediate sources: in a chain each server answers for what its
 * own source lacks, so the one where a transaction entered is named.
 *
 * Unknown: for the primary and for servers that replicate from nobody (nothing is errant where history is made); in
 * a ring without a single primary, and in Galera and Group Replication, where several members write; without GTID; with a source
 * that could not be asked or is not configured; on MySQL when a source lacks transactions that bear its own uuid (its
 * history was reset, or a crash took the end of it, and nothing tells what else it once had); on MariaDB also as
 * {@link errantMariadb} says.
 *
 * Servers are read at nearly the same time. A replica that is read after its source may hold transactions that the
 * source wrote in between. Whenever something is found, and the source's `at` is not later than the end of the look at the replica
 * (`at` + `durationSeconds`), the verdict is `unsettled`. To settle it, read the source's GTID facts once more, put them into a
 * copy of its snapshot together with the `at` of that reading, and ask again: what a source read later still lacks is errant.
 */
export function errantOf(server: ServerSnapshot, members: Members): Errant {
  const { topology } = members;
  const links = members.linksFrom(server.name);
  if (links.length === 0 || topology.primary === server.name || server.facts?.identity.grouping !== undefined)
    return unknown;
  if (topology.primary === undefined && ringMembers(topology.links).has(server.name)) return unknown;

  const own = members.gtids(server.name);
  const sources = [...new Set(links.map(({ source }) => source))].map((name) => members.server(name));
  const theirs = sources.map((source) => members.gtids(source?.name));
  if (own === undefined) return unknown;
  const uuids = sources.map((source) => source?.facts?.identity.uuid?.toLowerCase());
  const found = own.kind === 'mysql' ? inSets(own, theirs, uuids) : inStates(server, own, theirs);
  if (found === undefined) return unknown;

  const readEnd = server.at + server.durationSeconds * 1000;
  const known = readEnd + (own.kind === 'mysql' ? commitTakes : 0);
  const settled = sources.every((source) => source !== undefined && source.at > known);
  return { transactions: found.transactions, set: found.set, unsettled: found.suspect && !settled };
}

const unknown: Errant = { transactions: undefined, set: '', unsettled: false };

interface Found {
  readonly transactions: number | undefined;
  readonly set: string;
  /** Another look at the sources may change the verdict. */
  readonly suspect: boolean;
}

function inSets(
  own: KnownGtids & { kind: 'mysql' },
  theirs: readonly (KnownGtids | undefined)[],
  uuids: readonly (string | undefined)[],
): Found | undefined {
  const executed = theirs.map((gtids) => (gtids?.kind === 'mysql' ? gtids.executed : undefined));
  const known = executed.filter((set) => set !== undefined);
  if (known.length < executed.length) return undefined;
  const errant = subtractGtidSets(own.executed, unionGtidSets(...known));
  if ([...errant.keys()].some((key) => uuids.includes(key.split(':')[0])))
    return { transactions: undefined, set: '', suspect: true };
  return { transactions: Number(countGtidSet(errant)), set: formatGtidSet(errant), suspect: errant.size > 0 };
}

function inStates(
  server: ServerSnapshot,
  own: KnownGtids & { kind: 'mariadb' },
  theirs: readonly (KnownGtids | undefined)[],
): Found | undefined {
  const sources = theirs.filter((gtids): gtids is KnownGtids & MariadbHistory => gtids?.kind === 'mariadb');
  if (sources.length < theirs.length || server.facts === undefined) return undefined;
  // Without a binary log a local write leaves no trace; an empty state with the log on is a server without own history.
  if (own.binlogState.size === 0 && server.facts.binlog?.enabled !== true) return undefined;
  return errantMariadb(own, sources);
}
