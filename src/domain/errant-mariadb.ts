import { formatMariadbGtids, gtidsIn, highestIn, type MariadbGtid, type MariadbGtids } from './gtid-mariadb.js';

export interface MariadbHistory {
  readonly binlogState: MariadbGtids;
  readonly slavePos: MariadbGtids;
}

export interface MariadbErrant {
  /** At least so many; undefined when nothing is proved and something is in doubt. */
  readonly transactions: number | undefined;
  /** The last GTID of each errant (domain, server id). */
  readonly set: string;
  /** Something is errant or in doubt: a newer reading of the sources may change that. */
  readonly suspect: boolean;
}

/**
 * Compares gtid_binlog_state: gtid_binlog_pos and gtid_slave_pos forget an errant transaction as soon as the next
 * event of its domain arrives on a server that is not strict; the state keeps the last number of every server id.
 *
 * The state says how far each (domain, server id) got *in this server's binary log*. So a source may lack a pair, or
 * be behind in it, for an innocent reason: it was restored from a copy (its gtid_slave_pos then tells how far the copy went), it does not log what it
 * applies, or its history was reset. A pair of the replica that goes beyond all sources is therefore
 *
 * - not errant when a source's gtid_slave_pos names the same server id at that number or higher: it applied it;
 * - in doubt when a source's gtid_slave_pos is of another server id yet at that number or higher: the source may have had it
 *   in the copy that it was restored from, or never;
 * - in doubt when the sources have not even reached the replica's own gtid_slave_pos in that domain: what it got by
 *   replication they must have had once, so their history went backwards (RESET MASTER, an older copy);
 * - else errant, whoever wrote it: the replica itself (its own server id), or a server that it followed before.
 *
 * A former primary's server id is in everybody's state, at the same number, and so is not beyond anything.
 * A replica with log_slave_updates off has only its own writes in its state, and the same rules hold.
 */
export function errantMariadb(replica: MariadbHistory, sources: readonly MariadbHistory[]): MariadbErrant {
  const beyond = gtidsIn(replica.binlogState).filter((gtid) => gtid.sequence > numberAt(sources, gtid));
  const verdicts = beyond.map((gtid) => ({ gtid, verdict: verdictOn(gtid, replica, sources) }));
  const errant = verdicts.filter(({ verdict }) => verdict === 'errant').map(({ gtid }) => gtid);
  const doubt = verdicts.some(({ verdict }) => verdict === 'doubt');
  const count = errant.reduce((sum, gtid) => sum + atLeast(gtid, replica, sources), 0n);
  return {
    transactions: errant.length === 0 && doubt ? undefined : Number(count),
    set: formatMariadbGtids(errant),
    suspect: errant.length > 0 || doubt,
  };
}

function verdictOn(
  gtid: MariadbGtid,
  replica: MariadbHistory,
  sources: readonly MariadbHistory[],
): 'had' | 'doubt' | 'errant' {
  const applied = sources.flatMap(({ slavePos }) => highestIn(slavePos, gtid.domain) ?? []);
  const past = applied.filter(({ sequence }) => sequence >= gtid.sequence);
  if (past.some(({ server }) => server === gtid.server)) return 'had';
  if (past.length > 0) return 'doubt';
  const replicated = highestIn(replica.slavePos, gtid.domain)?.sequence ?? 0n;
  return reachOf(sources, gtid.domain) < replicated ? 'doubt' : 'errant';
}

/**
 * A local write takes the number after the domain's highest, so everything between the last foreign number and it was
 * written locally. Exact while the domain stands still or the server is strict (it stops at the next event); less
 * than the truth once replication went on past it.
 */
function atLeast(gtid: MariadbGtid, replica: MariadbHistory, sources: readonly MariadbHistory[]): bigint {
  const others = [...(replica.binlogState.get(gtid.domain) ?? [])].filter(([server]) => server !== gtid.server);
  const floor = [
    numberAt(sources, gtid),
    highestIn(replica.slavePos, gtid.domain)?.sequence ?? 0n,
    ...others.map(([, sequence]) => sequence),
  ].reduce((highest, sequence) => (sequence > highest ? sequence : highest));
  return gtid.sequence > floor ? gtid.sequence - floor : 1n;
}

/** How far any source got in a domain, in its log or by replication. */
function reachOf(sources: readonly MariadbHistory[], domain: number): bigint {
  return sources
    .flatMap(({ binlogState, slavePos }) => [highestIn(binlogState, domain), highestIn(slavePos, domain)])
    .reduce((highest, gtid) => (gtid !== undefined && gtid.sequence > highest ? gtid.sequence : highest), 0n);
}

function numberAt(sources: readonly MariadbHistory[], { domain, server }: MariadbGtid): bigint {
  return sources
    .map(({ binlogState }) => binlogState.get(domain)?.get(server) ?? 0n)
    .reduce((highest, sequence) => (sequence > highest ? sequence : highest), 0n);
}
