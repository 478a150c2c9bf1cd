import type { PlaintextFacts, ServerName, ServerSnapshot } from './snapshot.js';

/** What was seen over time of who is connected to a cluster's servers without TLS. JSON; times are milliseconds since the Unix epoch. */
export interface Sightings {
  readonly servers: Readonly<Record<ServerName, ServerSightings>>;
}

export interface ServerSightings {
  /**
   * How the server tells. `sessions`: it is asked now and then who is connected, and shorter sessions are missed.
   * `logins`: it counts every login by user, over the network and over its socket alike.
   */
  readonly how: 'sessions' | 'logins';
  /** Since when it was asked again and again, without a gap. */
  readonly since: number;
  /** When it was asked last. */
  readonly last: number;
  /** The newest first. */
  readonly seen: readonly Sighting[];
  /** `logins`: the counts by user, to tell the next look what is new. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface Sighting {
  readonly user: string;
  /** Its address or name; undefined where logins alone are counted. */
  readonly client: string | undefined;
  /** Over a socket, which no network sees; undefined where logins alone are counted. */
  readonly local: boolean | undefined;
  readonly last: number;
}

/** After so long without a look, milliseconds, what was observed before no longer counts as one period: a restart does not take that long. */
const longestGap = 600_000;

/** More of one server are not remembered, nor longer than so. */
const most = 200;
const longest = 400 * 86_400_000;

/**
 * What is known after one more look.
 * @returns undefined while the server never told
 */
export function sightingsAfter(
  before: ServerSightings | undefined,
  { at, facts }: Pick<ServerSnapshot, 'at' | 'facts'>,
): ServerSightings | undefined {
  const plaintext = facts?.plaintext;
  if (plaintext === undefined) return before;
  const how = plaintext.logins === undefined ? 'sessions' : 'logins';
  const goesOn = before?.how === how && at >= before.last && at - before.last <= longestGap;
  return {
    how,
    since: goesOn ? before.since : at,
    last: at,
    seen: merged(before?.seen ?? [], seenNow(plaintext, before, at), at),
    counts: Object.fromEntries((plaintext.logins ?? []).map(({ user, count }) => [user, count])),
  };
}

/** How long a server has been observed without a gap until now, seconds; 0 when it has not. */
export function observedSeconds(sightings: ServerSightings | undefined, now: number): number {
  if (sightings === undefined || now - sightings.last > longestGap) return 0;
  return Math.max(0, (now - sightings.since) / 1000);
}

/** Those of the last so many seconds. */
export function seenWithin(sightings: ServerSightings | undefined, now: number, seconds: number): readonly Sighting[] {
  return (sightings?.seen ?? []).filter(({ last }) => last >= now - seconds * 1000);
}

/** A count that is not what it was has had logins; one that is smaller began anew, with the server. */
function seenNow(
  { sessions, logins }: PlaintextFacts,
  before: ServerSightings | undefined,
  at: number,
): readonly Sighting[] {
  const moved = (logins ?? []).filter(
    ({ user, count }) => count > 0 && count !== (Object.hasOwn(before?.counts ?? {}, user) ? before?.counts[user] : 0),
  );
  return [
    ...(sessions ?? []).map(({ user, client, local }) => ({ user, client, local, last: at })),
    ...moved.map(({ user }) => ({ user, client: undefined, local: undefined, last: at })),
  ];
}

function merged(before: readonly Sighting[], now: readonly Sighting[], at: number): readonly Sighting[] {
  const key = ({ user, client, local }: Sighting) => JSON.stringify([user, client ?? null, local ?? null]);
  const newest = new Map(before.map((sighting) => [key(sighting), sighting]));
  for (const sighting of now) newest.set(key(sighting), sighting);
  return [...newest.values()]
    .filter(({ last }) => at - last <= longest)
    .sort((a, b) => b.last - a.last)
    .slice(0, most);
}
