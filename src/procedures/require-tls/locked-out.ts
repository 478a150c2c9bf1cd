import { accountFor } from '../../domain/account-match.js';
import {
  observedSeconds,
  seenWithin,
  sightingsAfter,
  type ServerSightings,
  type Sighting,
} from '../../domain/plaintext.js';
import type { Scene } from '../../domain/scene.js';
import type { Account, ServerName } from '../../domain/snapshot.js';
import type { Aim, SeenServer } from './aim.js';

/** Somebody who came without TLS and could not come so again. */
export interface LockedOut {
  readonly server: ServerName;
  readonly user: string;
  readonly client: string | undefined;
  /** undefined: the server counts logins, and does not say whence. */
  readonly local: boolean | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly last: number;
}

/** At least so much of the past is shown, seconds, also to whoever asks for no observation. */
const shown = 7 * 86_400;

/** How far back {@link lockedOutOf} goes, seconds. */
export function lookback(period: number): number {
  return Math.max(period, shown);
}

/** Everybody who was seen without TLS lately on a server that would refuse it. @param period that must have been observed, seconds */
export function lockedOutOf(scene: Scene, aim: Aim, period: number): readonly LockedOut[] {
  return scene.snapshot.servers.flatMap((server) => {
    const seen = seenWithin(sightingsOf(scene, server.name), scene.snapshot.at, lookback(period));
    if (server.facts === undefined) return [];
    const asked: SeenServer = { ...server, facts: server.facts };
    return seen
      .filter((sighting) => isLockedOut(sighting, asked, aim))
      .map(({ user, client, local, last }) => ({ server: server.name, user, client, local, last }));
  });
}

/** How long a server has been observed without a gap, seconds; 0 where it tells nothing. */
export function observedOn(scene: Scene, server: ServerName): number {
  return observedSeconds(sightingsOf(scene, server), scene.snapshot.at);
}

/** What is remembered, and what this look adds to it. */
export function sightingsOf(scene: Scene, name: ServerName): ServerSightings | undefined {
  const server = scene.snapshot.servers.find((one) => one.name === name);
  const before = scene.plaintext?.servers[name];
  // Without its own word today the past is no evidence.
  return server?.facts?.plaintext === undefined ? undefined : sightingsAfter(before, server);
}

/** The server refuses what comes over the network; an account refuses what comes over a socket too. */
function isLockedOut({ user, client, local }: Sighting, server: SeenServer, aim: Aim): boolean {
  const listed = server.facts.accounts?.listed ?? [];
  const own = listed.filter((account) => account.user === user);
  if (local === false) return aim.servers.some(({ name }) => name === server.name) || isChanged(user, client, own, aim);
  if (local === true) return isChanged(user, client, own, aim);
  // Nobody knows whence: a user of the socket alone is let in as before.
  return (
    own.some(({ host }) => host !== 'localhost') &&
    (aim.servers.length > 0 || aim.accounts.some((one) => one.user === user))
  );
}

function isChanged(user: string, client: string | undefined, own: readonly Account[], aim: Aim): boolean {
  const changed = aim.accounts.filter((account) => account.user === user);
  const account = client === undefined ? undefined : accountFor(own, user, client);
  return account === undefined ? changed.length > 0 : changed.some(({ host }) => host === account.host);
}
