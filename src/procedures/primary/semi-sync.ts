import { setSemiSync } from '../../dialects/primary-statements.js';
import type { Statement } from '../../domain/action.js';
import type { ServerFacts } from '../../domain/snapshot.js';

/** What semi-synchronous replication is to be on a server that is opened. */
export interface Waiting {
  /** Prefix of its variables as a source; undefined: it has none. */
  readonly prefix: string | undefined;
  /** It is turned on with the opening, before the first commit. */
  readonly on: boolean;
  /** It is turned off, for nobody would acknowledge. */
  readonly off: boolean;
}

/**
 * Whether its commits wait for replicas: as the primary before it was seen to do it; where nobody saw that, because a
 * restart of a server or of Lockstep came in between, as those who follow it say, who acknowledge or do not. Never
 * where fewer acknowledge than a commit waits for.
 * @param before whether the primary waited when it was last seen; undefined: not known
 */
export function waitingOf(facts: ServerFacts, followers: readonly ServerFacts[], before: boolean | undefined): Waiting {
  const source = facts.semiSync?.source;
  const acknowledging = followers.filter(({ semiSync }) => semiSync?.replica?.enabled === true).length;
  const enough = acknowledging > 0 && acknowledging >= (source?.waitsFor ?? 1);
  const { prefix } = source ?? {};
  return {
    prefix,
    on: prefix !== undefined && enough && (before ?? true),
    off: prefix !== undefined && !enough && source?.enabled === true,
  };
}

/** Sent before a server is opened. */
export function waitingStatements({ prefix, on, off }: Waiting): readonly Statement[] {
  return prefix === undefined || on === off ? [] : [setSemiSync(prefix, on)];
}

/**
 * What a server that becomes a replica says first, once it is closed and nothing of it waits any more: it waits for
 * nobody, for its applier would, and acknowledges where the primary's other replicas do, or the primary waits.
 */
export function replicaStatements(
  facts: ServerFacts,
  primary: ServerFacts,
  others: readonly ServerFacts[],
): readonly Statement[] {
  const { source, replica } = facts.semiSync ?? {};
  const acknowledge =
    primary.semiSync?.source?.enabled === true || others.some(({ semiSync }) => semiSync?.replica?.enabled === true);
  return [
    ...(source?.prefix !== undefined && source.enabled ? [setSemiSync(source.prefix, false)] : []),
    ...(replica?.prefix !== undefined && !replica.enabled && acknowledge ? [setSemiSync(replica.prefix, true)] : []),
  ];
}
