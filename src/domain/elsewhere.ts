import { parseGtidSet, type GtidSet } from './gtid-mysql.js';
import { parseMariadbGtids, unionMariadb, type MariadbGtids } from './gtid-mariadb.js';
import type { Channel, ServerFacts } from './snapshot.js';

/** A replica of a primary, and its channel from there. */
export interface Received {
  readonly facts: ServerFacts;
  readonly channel: Channel;
}

/**
 * What a replica has from sources of its own beside the primary, which another replica of that primary need not have:
 * transactions under the name of such a source, of which nothing came from the primary. Whatever came to that source
 * from further away is not known to be so, and counts.
 * @param whole all that it has
 */
export function mysqlFromPrimary(whole: GtidSet, { facts, channel }: Received, other: GtidSet): GtidSet {
  const fromPrimary = parseGtidSet(channel.gtid.received ?? '');
  const has = (set: GtidSet, uuid: string) => [...set.keys()].some((key) => uuidOf(key) === uuid);
  const elsewhere = sourcesBeside({ facts, channel }, ({ uuid }) => uuid).filter((uuid) => !has(fromPrimary, uuid) && !has(other, uuid)); // prettier-ignore
  return new Map([...whole].filter(([key]) => !elsewhere.includes(uuidOf(key))));
}

/** The same of MariaDB, where such a source has a domain of its own: the domains to leave out, never the replica's own. */
export function domainsFromElsewhere({ facts, channel }: Received, other: MariadbGtids): readonly number[] {
  if (facts.gtid?.kind !== 'mariadb') return [];
  const own = facts.gtid.domainId;
  const sources = sourcesBeside({ facts, channel }, ({ serverId }) => serverId);
  const whole = unionMariadb(parseMariadbGtids(facts.gtid.slavePos), parseMariadbGtids(channel.gtid.received ?? ''));
  return [...whole]
    .filter(
      ([domain, servers]) =>
        domain !== own && !other.has(domain) && [...servers.keys()].every((id) => sources.includes(id)),
    )
    .map(([domain]) => domain);
}

function sourcesBeside<T>({ facts, channel }: Received, of: (source: Channel['source']) => T | undefined): T[] {
  const primary = of(channel.source);
  return (facts.channels ?? []).flatMap(({ name, source }) => {
    const one = of(source);
    return name === channel.name || one === undefined || one === primary ? [] : [one];
  });
}

function uuidOf(key: string): string {
  return key.split(':')[0] ?? key;
}
