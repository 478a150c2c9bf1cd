import { silentReasons, type Outage, type Outlook } from '../domain/outlook.js';
import {
  collectorNames,
  type ClusterName,
  type FailureReason,
  type ServerName,
  type ServerSnapshot,
} from '../domain/snapshot.js';
import { startedSince, type LastSeenMemory } from './last-seen-memory.js';

/** What is remembered of one server. */
interface Remembered {
  /** When the newest look that could ask it began, whole or not. Ours, milliseconds. */
  readonly askedAt: number | undefined;
  /** The newest whole look that could ask it. */
  readonly lastSeen: ServerSnapshot | undefined;
  /** undefined while the newest look could ask it. */
  readonly failing: { readonly since: number; readonly looks: number; readonly reasons: ReadonlySet<FailureReason>; readonly answered: boolean } | undefined;
} // prettier-ignore

/** A server that the configuration names. */
export interface Named {
  readonly cluster: ClusterName;
  readonly name: ServerName;
}

/**
 * Remembers over every look how long a server has been away, what it last showed, and how much of the fleet answers.
 * After a start of Lockstep an outage begins with the first look that fails, and only what a primary last showed is
 * known from before.
 */
export class OutlookMemory {
  readonly #servers = new Map<string, Remembered>();

  /** @param lastSeen left out: nothing is known from before the start */
  constructor(readonly lastSeen?: LastSeenMemory) {}

  /** Takes in what a look at a server ended with, of whatever collectors. */
  note(snapshot: ServerSnapshot): void {
    const key = keyOf(snapshot);
    this.lastSeen?.note(snapshot);
    this.#servers.set(key, after(this.#servers.get(key), snapshot));
  }

  /** @param fleet every server that is watched now: what others did is not told */
  of(cluster: ClusterName, fleet: readonly Named[]): Outlook {
    const outages = fleet
      .filter((one) => one.cluster === cluster)
      .flatMap((one): Outage[] => {
        const known = this.#servers.get(keyOf(one));
        if (known?.failing === undefined) return [];
        const { since, looks, reasons } = known.failing;
        const before = known.lastSeen === undefined ? this.lastSeen?.of(cluster, one.name) : undefined;
        return [{ server: one.name, since, looks, reasons: [...reasons], lastSeen: known.lastSeen, ...before }];
      });
    const answers = (one: Named) => {
      const known = this.#servers.get(keyOf(one));
      return known !== undefined && known.failing === undefined;
    };
    return { outages, fleet: { servers: fleet.length, reachable: fleet.filter(answers).length } };
  }
}

function after(before: Remembered | undefined, snapshot: ServerSnapshot): Remembered {
  const { at, facts, failure } = snapshot;
  if (facts !== undefined) {
    const whole = snapshot.collectors.length >= collectorNames.length;
    const askedAt = Math.max(at, before?.askedAt ?? at);
    // Started again it replicates as its files say, and nobody has asked it how that is.
    const lastSeen = startedSince(before?.lastSeen?.at, snapshot) ? undefined : before?.lastSeen;
    return { askedAt, lastSeen: whole ? snapshot : lastSeen, failing: undefined };
  }
  const [askedAt, lastSeen] = [before?.askedAt, before?.lastSeen];
  // Looks go on side by side: one that began later has asked it meanwhile.
  if (before !== undefined && before.failing === undefined && askedAt !== undefined && askedAt > at) return before;
  const answered = gaveSign(snapshot);
  // Who still answered somehow at the look before, and does not any more, has been silent since now alone.
  const goesOn = answered || before?.failing?.answered !== true;
  const failing = (goesOn ? before?.failing : undefined) ?? { since: at + snapshot.durationSeconds * 1000, looks: 0, reasons: [] }; // prettier-ignore
  const reasons = new Set([...failing.reasons, ...(failure === undefined ? [] : [failure.reason])]);
  return { askedAt, lastSeen, failing: { since: failing.since, looks: failing.looks + 1, reasons, answered } };
}

/** Whether a server that could not be asked was heard of in this look: it greeted, or said something. */
function gaveSign({ at, failure, login }: ServerSnapshot): boolean {
  const greeted = login?.handshake?.at;
  if (greeted !== undefined && greeted >= at) return true;
  return failure !== undefined && (failure.reason === 'stuck' || !silentReasons.has(failure.reason));
}

function keyOf({ cluster, name }: Named): string {
  return `${cluster}/${name}`;
}
