import { isNewerSeries, isSameSeries } from './series.js';
import type { ClusterSnapshot, ServerFacts, ServerName } from './snapshot.js';
import { topologyOf } from './topology.js';

/** A server from which a replica can be built. */
export interface Donor {
  readonly server: ServerName;
  readonly facts: ServerFacts;
  /** Why it must not be taken, one sentence each; empty for one that may. */
  readonly against: readonly string[];
  /** What speaks for it or was weighed, one phrase each, the weightiest first. */
  readonly reasons: readonly string[];
}

/** Replicas that are known not to be what their source is, and those that have transactions of their own. */
export interface KnownFaults {
  readonly differing?: readonly ServerName[];
  readonly errant?: readonly ServerName[];
}

/**
 * Servers that could be copied to a replica, the best first; those that must not come last. Order: who may; a replica
 * before the primary, whom copying would burden; who is of the same series; who lags least; the order of the configuration.
 */
export function rankDonors(
  snapshot: ClusterSnapshot,
  target: ServerName,
  known: KnownFaults = {},
  /** Whether rows of an older series can be taken, one by one. */
  fillable = false,
): readonly Donor[] {
  const { primary } = topologyOf(snapshot);
  const { differing = [], errant = [] } = known;
  const mine = snapshot.servers.find(({ name }) => name === target)?.facts;
  return snapshot.servers
    .flatMap(({ name, facts }, index) => {
      if (name === target || facts === undefined) return [];
      const isPrimary = name === primary;
      const lag = Math.max(0, ...(facts.channels ?? []).map(({ lagSeconds }) => lagSeconds ?? Infinity));
      const other = mine !== undefined && !isSameSeries(facts.identity, mine.identity);
      const donor: Donor = {
        server: name,
        facts,
        against: [
          ...(isPrimary ? [] : againstReplica(facts)),
          ...(differing.includes(name) ? ['it is known to differ from its source'] : []),
          ...(errant.includes(name) ? ['it has transactions that its source never had'] : []),
          ...(mine === undefined ? [] : versions(facts, mine, fillable)),
          ...(facts.gtid === undefined || (facts.gtid.kind === 'mysql' && facts.gtid.mode !== 'ON') ? ['it has no GTID'] : []), // prettier-ignore
        ],
        reasons: [
          ...(isPrimary
            ? ['the primary, which would be burdened']
            : ['a replica, so that the primary is not burdened', lag === Infinity ? 'its lag is not known' : `${lag} s behind`]), // prettier-ignore
          ...(other ? [`of the older series ${facts.identity.release.slice(0, 2).join('.')}`] : []),
        ],
      };
      return [{ donor, key: [donor.against.length > 0, isPrimary, other, lag, index].map(Number) }];
    })
    .sort((a, b) => order(a.key, b.key))
    .map(({ donor }) => donor);
}

function againstReplica({ channels = [], state }: ServerFacts): string[] {
  const [channel, ...more] = channels;
  if (channel === undefined) return ['it is neither the primary nor a replica'];
  return [
    ...(more.length > 0 ? ['it replicates from several sources'] : []),
    ...(channel.io === 'running' && channel.sql === 'running' ? [] : ['it does not replicate now']),
    ...(channel.filtered === true ? ['it leaves out a part of what the primary has'] : []),
    ...(channel.delaySeconds > 0 ? [`it stays ${channel.delaySeconds} s behind on purpose`] : []),
    ...(state?.logsReplicaUpdates === false
      ? ['it does not log what it applies, so that its place cannot be told']
      : []),
  ];
}

/** Files of a server are read by its own series alone, rows by newer ones too. */
function versions({ identity: donor }: ServerFacts, { identity: mine }: ServerFacts, fillable: boolean): string[] {
  if (isSameSeries(donor, mine)) return [];
  if (donor.flavour !== mine.flavour) return [`it runs ${donor.version}, which is another kind of server`];
  if (isNewerSeries(donor, mine)) return [`it runs ${donor.version}, which is newer than ${mine.version}`];
  if (fillable) return [];
  return [`it runs ${donor.version}, and files of another series cannot be taken over`];
}

function order(one: readonly number[], other: readonly number[]): number {
  for (const [index, value] of one.entries()) {
    const difference = value - (other[index] ?? 0);
    // Infinity minus itself is no number.
    if (value !== other[index] && difference !== 0) return difference;
  }
  return 0;
}
