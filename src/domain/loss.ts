import { capital } from '../base/words.js';
import { containsGtidSet, countGtidSet, parseGtidSet, subtractGtidSets, unionGtidSets } from './gtid-mysql.js';
import { gapMariadb, parseMariadbGtids, unionMariadb } from './gtid-mariadb.js';
import type { DirectReplica } from './death.js';
import type { Before } from './last-seen.js';
import type { SemiSyncFacts, ServerName } from './snapshot.js';

/** What a failover may lose of what the dead primary acknowledged. */
export interface Loss {
  /** Every acknowledged transaction is surely on a replica that can be asked. */
  readonly zero: boolean;
  /** One sentence: why zero holds, or why it does not. */
  readonly why: string;
  /** The bound, one sentence; '' for zero. */
  readonly bound: string;
}

export interface Lost {
  readonly primary: ServerName;
  readonly before: Before;
  /** When it was first found silent, milliseconds since the Unix epoch; undefined: it was not. */
  readonly since: number | undefined;
  /** The replica that is to take its place. */
  readonly candidate: DirectReplica;
  /** All that can be asked, the candidate among them. */
  readonly replicas: readonly DirectReplica[];
  /** Servers of the cluster that cannot be asked: each may be a replica that acknowledged. */
  readonly unreachable: readonly ServerName[];
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** How long a promotion may take once it is decided, seconds: no commit may stop waiting for a replica before its end. */
export const promotionTakes = 30;
/** Commits that wait at least so long are never seen to have stopped waiting between two looks, seconds. */
const endless = 3600;

export function lossOf(lost: Lost): Loss {
  const why = whyNotZero(lost);
  if (why === undefined)
    return {
      zero: true,
      why: `when ${lost.primary} was last seen${lost.before.recalled} each commit waited for a replica (AFTER_SYNC), none can have stopped waiting since, and every replica that may have acknowledged can be asked`,
      bound: '',
    };
  return { zero: false, why, bound: boundOf(lost, missingOf(lost)) };
}

/**
 * What is lost where the old primary is alive, closed, and has less than the replica that is to take its place: nothing
 * that any server has which can be asked. What none of them has was lost with the crash.
 */
export function lossBeside(candidate: ServerName, unreachable: readonly ServerName[]): Loss {
  if (unreachable.length === 0) return { zero: true, why: `${candidate} has all that any other server has`, bound: '' };
  const names = unreachable.join(' and ');
  return {
    zero: false,
    why: `${names} cannot be asked, and may have received what no other server has`,
    bound: `At most what ${names} ha${unreachable.length === 1 ? 's' : 've'} received and ${candidate} has not, and nobody can see how much that is.`,
  };
}

/** Whether the dead primary, should it live, can acknowledge nothing before the promotion is over: no replica is left to acknowledge to it, and it waits for one. */
export function waitsInVain({ before: { last, doubt }, now }: Pick<Lost, 'before' | 'now'>): boolean {
  const source = last?.facts?.semiSync?.source;
  return (
    doubt === undefined && source !== undefined && last !== undefined && heldBack(source, now - last.at) === undefined
  );
}

/** How many replicas each commit waits for; undefined where it does not wait, or nobody knows. */
export function acknowledgers({ last, doubt }: Before): number | undefined {
  const source = doubt === undefined ? last?.facts?.semiSync?.source : undefined;
  return source?.enabled === true && source.active ? source.waitsFor : undefined;
}

function whyNotZero({ primary, before: { last, doubt }, replicas, unreachable, now }: Lost): string | undefined {
  if (last === undefined || doubt !== undefined) return doubt ?? `how ${primary} replicated is not known`;
  const source = last.facts?.semiSync?.source;
  if (source === undefined) return `${primary} did not replicate semi-synchronously when it was last seen`;
  const weak = heldBack(source, now - last.at);
  if (weak !== undefined) return weak;
  const waiting = last.facts?.activity?.waitingForReplicas;
  if (waiting !== 0 && (source.timeoutSeconds ?? 0) < endless)
    return `commits may have been waiting for longer already when ${primary} was last seen, and give up after ${source.timeoutSeconds ?? 0} s`;
  const wanted = source.waitsFor;
  if (wanted === undefined) return `for how many replicas a commit waited is not known`;
  if (unreachable.length >= wanted)
    return `${unreachable.join(' and ')} cannot be asked, and may have acknowledged what no other replica has`;
  if (!replicas.some(({ server }) => server.facts?.semiSync?.replica?.enabled === true))
    return 'no replica that can be asked acknowledges';
  return undefined;
}

/** Why a primary could acknowledge without a replica; undefined: it could not, for so long. */
function heldBack(source: NonNullable<SemiSyncFacts['source']>, milliseconds: number): string | undefined {
  if (!source.enabled) return 'semi-synchronous replication was off when it was last seen';
  if (!source.active) return 'semi-synchronous replication had fallen back to asynchronous when it was last seen';
  if (source.waitPoint !== 'after-sync') return 'commits were visible before a replica had them (AFTER_COMMIT)';
  if (source.waitsWithout !== true) return 'commits do not wait where no replica is connected';
  const needed = milliseconds / 1000 + promotionTakes;
  if (source.timeoutSeconds === undefined) return 'how long commits wait for a replica is not known';
  if (source.timeoutSeconds < needed)
    return `commits stop waiting for a replica after ${source.timeoutSeconds} s, and ${Math.ceil(needed)} s would have to be bridged`;
  return undefined;
}

/** Transactions that the primary had when it was last seen and the candidate has not received; undefined: not known. */
function missingOf({ before: { last }, candidate: { server, channel } }: Lost): bigint | undefined {
  const [theirs, own] = [last?.facts?.gtid, server.facts?.gtid];
  try {
    if (theirs?.kind === 'mysql' && own?.kind === 'mysql') {
      const had = parseGtidSet(theirs.executed);
      const received = unionGtidSets(parseGtidSet(own.executed), parseGtidSet(channel.gtid.received ?? ''));
      return containsGtidSet(received, had) ? 0n : countGtidSet(subtractGtidSets(had, received));
    }
    if (theirs?.kind === 'mariadb' && own?.kind === 'mariadb') {
      const received = unionMariadb(parseMariadbGtids(own.slavePos), parseMariadbGtids(channel.gtid.received ?? ''));
      return gapMariadb(parseMariadbGtids(theirs.binlogPos), received);
    }
  } catch {
    return undefined;
  }
  return undefined;
}

/** From the last look on, where it is known what is missing of what it had then: that something came from it later says nothing of what was under way. */
function boundOf(
  { primary, before, since, candidate: { server, channel } }: Lost,
  missing: bigint | undefined,
): string {
  const [seen, heard] = [before.last?.at, channel.receivedAt];
  const until = 'and whatever it acknowledges until it is known to be stopped.';
  const silent = (at: number) =>
    `${(Math.max(0, (since ?? at) - at) / 1000).toFixed(1)} s before it was first found silent`;
  if (missing !== undefined && seen !== undefined) {
    const last =
      heard === undefined ? '' : ` ${capital(server.name)} last heard of it at ${time(heard)}, ${silent(heard)}.`;
    return `At most ${missing} transactions that ${primary} had when it was last seen${before.recalled}, and what it has acknowledged since ${time(seen)}, when that was; ${until}${last}`;
  }
  if (heard === undefined || since === undefined)
    return `At most what ${primary} has acknowledged since ${server.name} last heard of it, and nobody knows when that was.`;
  return `At most what ${primary} has acknowledged since ${time(heard)}, when ${server.name} last heard of it, ${silent(heard)}, and what was under way then; ${until}`;
}

function time(at: number): string {
  return new Date(at).toISOString();
}
