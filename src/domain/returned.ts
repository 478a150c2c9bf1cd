import { replicasOf, type DirectReplica } from './death.js';
import { domainsFromElsewhere, mysqlFromPrimary } from './elsewhere.js';
import { emptyLog } from './former.js';
import { containsMariadb, gapMariadb, parseMariadbGtids, unionMariadb } from './gtid-mariadb.js';
import { containsGtidSet, countGtidSet, parseGtidSet, subtractGtidSets, unionGtidSets } from './gtid-mysql.js';
import { isFurther } from './log-position.js';
import type { Scene } from './scene.js';
import type { LogPosition, ServerFacts, ServerName, ServerSnapshot } from './snapshot.js';
import { isWritable } from './topology.js';

/** A primary that came back from a crash without the end of its log, which its replicas have. */
export interface Returned {
  /** Replicas that have received what it has no more. */
  readonly ahead: readonly ServerName[];
  /** One sentence. */
  readonly why: string;
}

/**
 * Whether a primary, seen read-only and following nobody, has less than its replicas: MariaDB takes back at its first
 * start after a crash what it holds for unacknowledged (`init_rpl_role=SLAVE`), though a replica had it; relaxed
 * durability, or a disk put back, does the same on any server. What a replica wrote itself does not count. undefined: it
 * is away, accepts writes or follows somebody, or nothing is seen that it lacks.
 */
export function returnedOf({ snapshot }: Pick<Scene, 'snapshot'>, primary: ServerName): Returned | undefined {
  const server = snapshot.servers.find(({ name }) => name === primary);
  const facts = server?.facts;
  if (server === undefined || facts?.state === undefined || facts.channels?.length !== 0 || isWritable(server))
    return undefined;
  const found = replicasOf({ snapshot }, primary).flatMap((replica) => {
    const lacks = lacksOf(facts, replica);
    return lacks === undefined || lacks === 0n ? [] : [{ name: replica.server.name, lacks }];
  });
  if (found.length === 0) return undefined;
  const each = found.map(({ name, lacks }) => (lacks === 'some' ? name : `${name} (${lacks} transactions)`));
  return {
    ahead: found.map(({ name }) => name),
    why: `it came back read-only, without what ${each.join(' and ')} ha${found.length === 1 ? 's' : 've'} received of it`,
  };
}

/**
 * Why a primary that came back may have what the one that is to take its place has not received: its history went
 * another way then, and nobody can say which is right. undefined: it has nothing, by GTID where there are any, and
 * because its log holds nothing behind the place up to which the other had read it. That shows also what was written
 * since under numbers that were given out before, which no GTID tells.
 */
export function wentAnotherWay(primary: ServerSnapshot, candidate: DirectReplica): string | undefined {
  const [own, theirs] = [primary.facts, candidate.server.facts];
  if (own === undefined || theirs === undefined)
    return `${primary.name} and ${candidate.server.name} must both be seen`;
  try {
    return byGtid(primary.name, own, candidate) ?? byLog(primary.name, own, candidate);
  } catch {
    return `the GTID of ${primary.name} or ${candidate.server.name} cannot be read`;
  }
}

/** Transactions, or numbers of MariaDB, that a replica has received of the primary and that this has not; undefined: not known. */
function lacksOf(primary: ServerFacts, { server, channel }: DirectReplica): bigint | 'some' | undefined {
  const { facts } = server;
  const [own, theirs] = [primary.gtid, facts?.gtid];
  try {
    if (facts !== undefined && own?.kind === 'mysql' && theirs?.kind === 'mysql' && channel.gtid.mode === 'auto') {
      const has = parseGtidSet(own.executed);
      const whole = unionGtidSets(parseGtidSet(theirs.executed), parseGtidSet(channel.gtid.received ?? ''));
      const uuid = facts.identity.uuid?.toLowerCase();
      const received = new Map([...mysqlFromPrimary(whole, { facts, channel }, has)].filter(([key]) => key.split(':')[0] !== uuid)); // prettier-ignore
      return countGtidSet(subtractGtidSets(received, has));
    }
    if (facts !== undefined && own?.kind === 'mariadb' && theirs?.kind === 'mariadb' && channel.gtid.mode !== 'off') {
      const has = unionMariadb(parseMariadbGtids(own.binlogPos), parseMariadbGtids(own.slavePos));
      const whole = unionMariadb(parseMariadbGtids(theirs.slavePos), parseMariadbGtids(channel.gtid.received ?? ''));
      const elsewhere = domainsFromElsewhere({ facts, channel }, has);
      return gapMariadb(new Map([...whole].filter(([domain]) => !elsewhere.includes(domain))), has);
    }
  } catch {
    return undefined;
  }
  return channel.gtid.mode === 'off' && reachesLog(primary, channel.read) === false ? 'some' : undefined;
}

/**
 * Whether a server's own binary log reaches a place in it, by the sizes of its files: a file that a crash cut short is
 * not further only because a newer one follows it. undefined: nothing tells.
 */
export function reachesLog({ binlog }: ServerFacts, at: LogPosition): boolean | undefined {
  const { files, current } = binlog ?? {};
  if (at.file === '') return undefined;
  const file = files?.find(({ name }) => name === at.file);
  if (file !== undefined) return file.bytes >= at.position;
  return current === undefined ? undefined : !isFurther(at, current);
}

function byGtid(name: ServerName, { gtid: own }: ServerFacts, { server, channel }: DirectReplica): string | undefined {
  const theirs = server.facts?.gtid;
  const words = `${name} has transactions that ${server.name} has not received`;
  if (own?.kind === 'mysql' && theirs?.kind === 'mysql' && channel.gtid.mode === 'auto') {
    const received = unionGtidSets(parseGtidSet(theirs.executed), parseGtidSet(channel.gtid.received ?? ''));
    return containsGtidSet(received, parseGtidSet(own.executed)) ? undefined : words;
  }
  if (own?.kind === 'mariadb' && theirs?.kind === 'mariadb' && channel.gtid.mode !== 'off') {
    // Whoever has the last of a domain has all before it; the state may name servers that a copy no longer knows.
    const received = unionMariadb(...[theirs.binlogState, theirs.slavePos, channel.gtid.received ?? ''].map(parseMariadbGtids)); // prettier-ignore
    return containsMariadb(received, parseMariadbGtids(own.binlogPos)) ? undefined : words;
  }
  return undefined;
}

function byLog(name: ServerName, facts: ServerFacts, { server, channel }: DirectReplica): string | undefined {
  const files = facts.binlog?.files;
  const newest = files?.at(-1);
  if (files === undefined || newest === undefined) return `what is in the binary log of ${name} since it started cannot be seen`; // prettier-ignore
  const at = files.findIndex((file) => file.name === channel.read.file);
  const later = at === -1 || at === files.length - 1 ? [newest] : files.slice(at + 1);
  const read = files[at];
  const behind = read !== undefined && read.bytes > channel.read.position && read.bytes > emptyLog(facts) ? [read] : [];
  const written = [...behind, ...later.filter(({ bytes }) => bytes > emptyLog(facts))];
  if (written.length === 0) return undefined;
  return `${written.map((file) => file.name).join(' and ')} of ${name} hold${written.length === 1 ? 's' : ''} what ${server.name} has not read: it may have been written since it came back`;
}
