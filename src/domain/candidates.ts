import { domainsFromElsewhere, mysqlFromPrimary } from './elsewhere.js';
import { containsGtidSet, countGtidSet, parseGtidSet, unionGtidSets, type GtidSet } from './gtid-mysql.js';
import { gapMariadb, parseMariadbGtids, unionMariadb, type MariadbGtids } from './gtid-mariadb.js';
import { isFurther } from './log-position.js';
import type { Channel, ClusterSnapshot, LogPosition, ServerFacts, ServerName } from './snapshot.js';
import { topologyOf } from './topology.js';

/** A replica of the primary, as one that could take its place. */
export interface Candidate {
  readonly server: ServerName;
  readonly channel: Channel;
  readonly facts: ServerFacts;
  /** Replicas that have received something that it has not, or that nobody can compare with it. */
  readonly lacks: readonly ServerName[];
  /** Why it must not be chosen, one sentence each; empty for one that may. */
  readonly against: readonly string[];
  /** What speaks for it or was weighed, one phrase each, the weightiest first. */
  readonly reasons: readonly string[];
}

export interface Wishes {
  /** Servers that must not become the primary, whatever they have. Default none. */
  readonly never?: readonly ServerName[];
  /** Servers that are preferred among those that have received as much, the most preferred first. Default none. */
  readonly preferred?: readonly ServerName[];
}

/**
 * The direct replicas of a primary that can be asked, the best to take its place first; those that must not come last.
 * Order: who may; who has received most (no other has anything that it lacks); preferred; the older version, for a
 * replica may be newer than its source and not the other way round; the order of the configuration.
 */
export function rankCandidates(
  snapshot: ClusterSnapshot,
  primary: ServerName,
  wishes: Wishes = {},
): readonly Candidate[] {
  const direct = topologyOf(snapshot).links.filter(({ source }) => source === primary);
  const replicas = snapshot.servers.flatMap(({ name, facts }) => {
    const link = direct.find(({ replica }) => replica === name);
    const channel = facts?.channels?.find((one) => one.name === link?.channel);
    return facts === undefined || channel === undefined || link === undefined ? [] : [{ server: name, facts, channel }];
  });
  const ranked = replicas.map((one, index) => {
    const others = replicas.filter((other) => other !== one);
    const lacks = others.filter((other) => !hasReceived(one, other)).map(({ server }) => server);
    const preference = (wishes.preferred ?? []).indexOf(one.server);
    return {
      candidate: {
        ...one,
        lacks,
        against: against(one, others, wishes.never ?? []),
        reasons: [
          lacks.length === 0
            ? 'no other replica has received more'
            : `${lacks.join(', ')} ha${lacks.length === 1 ? 's' : 've'} received more, or may have`,
          ...(preference === -1 ? [] : ['preferred']),
          `version ${one.facts.identity.release.join('.')}`,
        ],
      },
      key: [lacks.length, preference === -1 ? Number.MAX_SAFE_INTEGER : preference],
      index,
    };
  });
  return ranked
    .sort(
      (a, b) =>
        Number(a.candidate.against.length > 0) - Number(b.candidate.against.length > 0) ||
        (a.key[0] ?? 0) - (b.key[0] ?? 0) ||
        (a.key[1] ?? 0) - (b.key[1] ?? 0) ||
        compareReleases(a.candidate.facts.identity.release, b.candidate.facts.identity.release) ||
        a.index - b.index,
    )
    .map(({ candidate }) => candidate);
}

interface Replica {
  readonly server: ServerName;
  readonly facts: ServerFacts;
  readonly channel: Channel;
}

/**
 * Whether `one` has received all that `other` has, applied or not: by GTID, and without it by the position in the log
 * that both read. False where that cannot be said.
 */
export function hasReceived(one: Replica, other: Replica): boolean {
  try {
    const [mysql, otherMysql] = [receivedMysql(one), receivedMysql(other)];
    if (mysql !== undefined && otherMysql !== undefined)
      return containsGtidSet(mysql, mysqlFromPrimary(otherMysql, other, mysql));
    const [mariadb, otherMariadb] = [receivedMariadb(one), receivedMariadb(other)];
    if (mariadb !== undefined && otherMariadb !== undefined)
      return gapMariadb(mariadbFromPrimary(otherMariadb, other, mariadb), mariadb) === 0n;
  } catch {
    return false;
  }
  if (one.channel.gtid.mode !== 'off' || other.channel.gtid.mode !== 'off') return false;
  return reaches(one.channel.read, other.channel.read);
}

/** How many transactions of MySQL, or numbers of MariaDB, `other` has received and `one` has not; undefined without GTID. */
export function missing(one: Replica, other: Replica): bigint | undefined {
  try {
    const [mysql, otherMysql] = [receivedMysql(one), receivedMysql(other)];
    if (mysql !== undefined && otherMysql !== undefined)
      return countGtidSet(unionGtidSets(mysql, mysqlFromPrimary(otherMysql, other, mysql))) - countGtidSet(mysql);
    const [mariadb, otherMariadb] = [receivedMariadb(one), receivedMariadb(other)];
    if (mariadb === undefined || otherMariadb === undefined) return undefined;
    return gapMariadb(mariadbFromPrimary(otherMariadb, other, mariadb), mariadb);
  } catch {
    return undefined;
  }
}

/** Domains that one replica has from a source of its own, and another does not have, beside what the primary sent. */
export function domainsElsewhere(one: Replica, other: Replica): readonly number[] {
  const own = receivedMariadb(one);
  return own === undefined ? [] : domainsFromElsewhere(other, own);
}

function mariadbFromPrimary(whole: MariadbGtids, replica: Replica, other: MariadbGtids): MariadbGtids {
  const elsewhere = domainsFromElsewhere(replica, other);
  return new Map([...whole].filter(([domain]) => !elsewhere.includes(domain)));
}

function receivedMysql({ facts: { gtid }, channel }: Replica): GtidSet | undefined {
  if (gtid?.kind !== 'mysql' || channel.gtid.mode !== 'auto') return undefined;
  return unionGtidSets(parseGtidSet(gtid.executed), parseGtidSet(channel.gtid.received ?? ''));
}

function receivedMariadb({ facts: { gtid }, channel }: Replica): MariadbGtids | undefined {
  if (gtid?.kind !== 'mariadb' || channel.gtid.mode === 'off') return undefined;
  return unionMariadb(parseMariadbGtids(gtid.slavePos), parseMariadbGtids(channel.gtid.received ?? ''));
}

function reaches(one: LogPosition, other: LogPosition): boolean {
  return (
    !isFurther(other, one) && (isFurther(one, other) || (one.file === other.file && one.position === other.position))
  );
}

function against(
  { server, facts, channel }: Replica,
  others: readonly Replica[],
  never: readonly ServerName[],
): string[] {
  const newer = others.find((other) => compareReleases(facts.identity.release, other.facts.identity.release, 2) > 0);
  const lost = channel.sqlError;
  return [
    ...(never.includes(server) ? ['the configuration keeps it from becoming the primary'] : []),
    ...(facts.binlog?.enabled === false ? ['it writes no binary log'] : []),
    ...(facts.state?.logsReplicaUpdates === false ? ['it does not log what it applies'] : []),
    ...(channel.delaySeconds > 0 ? [`it stays ${channel.delaySeconds} s behind on purpose`] : []),
    ...(channel.filtered === true ? ['it leaves out a part of what the primary has'] : []),
    ...(channel.sql === 'stopped' && lost !== undefined ? [`its applier stands with error ${lost.errno}`] : []),
    ...(newer === undefined
      ? []
      : [`${newer.server} runs ${newer.facts.identity.version}, and a replica must not be older than its source`]),
  ];
}

/** @param parts how many of major, minor and patch count */
function compareReleases(one: readonly number[], other: readonly number[], parts = 3): number {
  for (let at = 0; at < parts; at += 1) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
