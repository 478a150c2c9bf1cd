import { LockstepError } from '../base/errors.js';

export interface MariadbGtid {
  readonly domain: number;
  readonly server: number;
  /** Up to 2^64-1, hence bigint. */
  readonly sequence: bigint;
}

/**
 * A MariaDB position or binary-log state: domain, then server id, then the highest sequence number. A position
 * (gtid_slave_pos, gtid_binlog_pos, gtid_current_pos) has one server id per domain, gtid_binlog_state may have several.
 */
export type MariadbGtids = ReadonlyMap<number, ReadonlyMap<number, bigint>>;

/**
 * Reads `0-1-100,1-2-50`; '' is the empty position. A pair that stands twice keeps its highest number.
 * @throws LockstepError `gtid-malformed`, quoting what was given
 */
export function parseMariadbGtids(text: string): MariadbGtids {
  const result = new Map<number, Map<number, bigint>>();
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === '') continue;
    const { domain, server, sequence } = readGtid(text, item);
    const servers = result.get(domain) ?? new Map<number, bigint>();
    const held = servers.get(server);
    if (held === undefined || held < sequence) servers.set(server, sequence);
    result.set(domain, servers);
  }
  return result;
}

/** Canonical text: by domain, then by server id. */
export function formatMariadbGtids(gtids: MariadbGtids | readonly MariadbGtid[]): string {
  return [...(isList(gtids) ? gtids : gtidsIn(gtids))]
    .sort((a, b) => a.domain - b.domain || a.server - b.server)
    .map(({ domain, server, sequence }) => `${domain}-${server}-${sequence}`)
    .join(',');
}

export function gtidsIn(gtids: MariadbGtids): readonly MariadbGtid[] {
  return [...gtids].flatMap(([domain, servers]) =>
    [...servers].map(([server, sequence]) => ({ domain, server, sequence })),
  );
}

/** The GTID with the highest sequence number of a domain; undefined when the domain is not there. */
export function highestIn(gtids: MariadbGtids, domain: number): MariadbGtid | undefined {
  let highest: MariadbGtid | undefined;
  for (const [server, sequence] of gtids.get(domain) ?? [])
    if (highest === undefined || sequence > highest.sequence) highest = { domain, server, sequence };
  return highest;
}

/** The highest sequence number of each domain. */
export function highestByDomain(gtids: MariadbGtids): ReadonlyMap<number, bigint> {
  return new Map([...gtids.keys()].map((domain) => [domain, highestIn(gtids, domain)?.sequence ?? 0n]));
}

/**
 * Whether `whole` has reached `part` in each domain. Like MASTER_GTID_WAIT it compares domain and sequence number
 * only: the same number by another server id counts as reached.
 */
export function reachesMariadb(whole: MariadbGtids, part: MariadbGtids): boolean {
  return gapMariadb(part, whole) === 0n;
}

/** Whether `whole` has every (domain, server id) of `part` at least as far. */
export function containsMariadb(whole: MariadbGtids, part: MariadbGtids): boolean {
  return gtidsIn(part).every(({ domain, server, sequence }) => (whole.get(domain)?.get(server) ?? -1n) >= sequence);
}

/** For each (domain, server id) the highest number found in any. */
export function unionMariadb(...all: readonly MariadbGtids[]): MariadbGtids {
  return parseMariadbGtids(formatMariadbGtids(all.flatMap(gtidsIn)));
}

/**
 * How many sequence numbers `replica` has yet to reach in the domains of `source`. This counts transactions as long
 * as a domain's numbers are given out one by one, which a single primary does.
 */
export function gapMariadb(source: MariadbGtids, replica: MariadbGtids): bigint {
  let gap = 0n;
  for (const [domain, sequence] of highestByDomain(source)) {
    const reached = highestIn(replica, domain)?.sequence ?? 0n;
    if (sequence > reached) gap += sequence - reached;
  }
  return gap;
}

const form = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/;

function readGtid(text: string, item: string): MariadbGtid {
  const [, domain, server, sequence] = form.exec(item) ?? [];
  if (
    domain === undefined ||
    server === undefined ||
    sequence === undefined ||
    Number(domain) >= 2 ** 32 ||
    Number(server) >= 2 ** 32 ||
    BigInt(sequence) >= 2n ** 64n
  ) {
    const given = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    throw new LockstepError(
      'gtid-malformed',
      `the GTID position "${given}" is not valid: "${item.slice(0, 80)}" is not domain-server-sequence`,
      'write it as MariaDB does, such as 0-1-100,1-2-50',
    );
  }
  return { domain: Number(domain), server: Number(server), sequence: BigInt(sequence) };
}

function isList(gtids: MariadbGtids | readonly MariadbGtid[]): gtids is readonly MariadbGtid[] {
  return Array.isArray(gtids);
}
