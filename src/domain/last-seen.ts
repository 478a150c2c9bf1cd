import type { DirectReplica } from './death.js';
import { splitLogName } from './log-position.js';
import type { LastFacts, LastSeen, Outage } from './outlook.js';
import type { PrimaryChange } from './primary-change.js';
import type { Address, ServerName } from './snapshot.js';

/** What is known of a primary from before it fell silent, and how far that may be built on. */
export interface Before {
  /** undefined: nothing, or nothing that may be used. */
  readonly last: LastSeen | undefined;
  /** Why nothing is known, or why it may have been otherwise in the end: one phrase. undefined: it may be built on. */
  readonly doubt: string | undefined;
  /** Said after "when it was last seen" where this Lockstep did not see it itself; '' otherwise. */
  readonly recalled: string;
}

export interface Silent {
  readonly primary: ServerName;
  /** As the configuration says now. */
  readonly address: Address | undefined;
  readonly outage: Outage | undefined;
  /** Those of its replicas that can be asked. */
  readonly replicas: readonly DirectReplica[];
  readonly lastChange: PrimaryChange | undefined;
}

/**
 * How long a primary may have lived on without being looked at, seconds. In that time people may have changed how it
 * replicates, and it may have been started again, as its files say: nothing that is known from before holds for longer.
 */
export const unwatchedAtMost = 60;

/**
 * What was seen last, judged. What was written down before Lockstep's start is used only of the very server that died,
 * and only if nobody was made the primary since. Whatever is doubtful still tells what the primary had, for it never has
 * less; it never tells that nothing is lost.
 */
export function beforeOf(silent: Silent): Before {
  const { primary, outage } = silent;
  const last = outage?.lastSeen;
  if (outage === undefined || last === undefined)
    return nothing(`how ${primary} replicated is not known: it was not asked since it or Lockstep started, and nothing is remembered of it`); // prettier-ignore
  const useless = outage.recalled === undefined ? undefined : whyUseless(silent, last);
  if (useless !== undefined) return nothing(`how ${primary} replicated is not known: ${useless}`);
  return { last, doubt: doubtOf(silent, outage, last), recalled: recalledOf(outage, last) };
}

function nothing(doubt: string): Before {
  return { last: undefined, doubt, recalled: '' };
}

function recalledOf({ recalled, since }: Outage, { at }: LastSeen): string {
  return recalled === undefined ? '' : ` (before Lockstep started, ${seconds(since - at)} before it was first found silent)`; // prettier-ignore
}

/** Why what is remembered says nothing of the server that died. */
function whyUseless({ address, replicas, lastChange }: Silent, { at, address: seen, facts }: LastSeen) {
  if (facts === undefined) return 'nothing is remembered of it';
  if (address?.host !== seen.host || address.port !== seen.port)
    return `what is remembered was seen at ${seen.host}:${seen.port}, which is another address than its own`;
  const other = replicas.find((replica) => isOf(facts, replica) === false);
  if (other !== undefined) return `what is remembered is of another server than ${other.server.name} followed`;
  if (lastChange !== undefined && lastChange.at >= at)
    return `what is remembered of it is older than the last change of the primary, to ${lastChange.primary}`;
  return undefined;
}

function doubtOf({ primary, replicas }: Silent, outage: Outage, { at, facts }: LastSeen): string | undefined {
  const until = Math.max(outage.since, ...replicas.map(({ channel }) => channel.receivedAt ?? 0));
  if (until - at > unwatchedAtMost * 1000)
    return `how ${primary} replicated may have been changed since it was last seen: it was not looked at for ${seconds(until - at)}`; // prettier-ignore
  if (outage.recalled === undefined) return undefined;
  if (!outage.recalled.dated)
    return `how long ago ${primary} was last seen is not sure: the clock was set, or the machine of Lockstep has started anew`;
  if (!replicas.some((replica) => facts !== undefined && isOf(facts, replica) === true))
    return `no replica tells that what is remembered of ${primary} is of the server that it followed`;
  const later = replicas.find(({ channel }) => facts !== undefined && isLater(channel.read.file, facts));
  if (later !== undefined)
    return `${primary} began another binary log since it was last seen, for ${later.server.name} reads that: it may have been started again`; // prettier-ignore
  return undefined;
}

/** Whether a replica followed this very server when it was last connected; undefined: it does not tell. */
function isOf({ identity }: LastFacts, { channel: { source } }: DirectReplica): boolean | undefined {
  if (identity.uuid !== undefined && source.uuid !== undefined && source.uuid !== '')
    return identity.uuid.toLowerCase() === source.uuid.toLowerCase();
  if (source.serverId === undefined || source.serverId === 0) return undefined;
  return identity.serverId === source.serverId;
}

/** A server that starts begins another log. */
function isLater(file: string, { binlog }: LastFacts): boolean {
  if (binlog?.current === undefined || file === '') return false;
  const [series, number] = splitLogName(file);
  const [own, then] = splitLogName(binlog.current.file);
  return series !== own || number > then;
}

function seconds(milliseconds: number): string {
  return `${(Math.max(0, milliseconds) / 1000).toFixed(1)} s`;
}
