import type { Scene } from '../../domain/scene.js';
import { spell } from '../../domain/spell.js';
import { columnOf } from '../view.js';
import { accountText, type Aim } from './aim.js';
import { lockedOutOf, lookback, observedOn, sightingsOf, type LockedOut } from './locked-out.js';

/** More names than this are counted. */
const most = 20;

/** What people should know before they approve. @param period that was to be observed, seconds */
export function remarksFor(scene: Scene, aim: Aim, period: number): readonly string[] {
  const { accounts, kept, servers } = aim;
  return [
    ...(accounts.length === 0 ? [] : [`To log in over TLS alone: ${listed(accounts.map(accountText))}.`]),
    ...lockedOutRemarks(lockedOutOf(scene, aim, period), lookback(period)),
    ...scene.snapshot.servers.flatMap(({ name }) => observationRemark(scene, name)),
    ...kept.map(({ account, server, why }) => `${accountText(account)} of ${server} stays as it is: ${why}.`),
    ...(servers.some(({ facts }) => !columnOf(facts).persists)
      ? ['Write require_secure_transport = ON into the option files too: without it a restart lets plaintext in again.']
      : []),
    'Sessions that are open stay open: whoever speaks plaintext is refused at the next login, with 3159, or with 1045 as if the password were wrong.',
  ];
}

function lockedOutRemarks(lockedOut: readonly LockedOut[], seconds: number): readonly string[] {
  if (lockedOut.length === 0) return [`Nobody who would be locked out was seen within ${spell(seconds)}.`];
  const lines = lockedOut.slice(0, most).map((one) => `Would be locked out: ${lockedOutText(one)}.`);
  const rest = lockedOut.length - lines.length;
  return rest === 0 ? lines : [...lines, `Would be locked out: ${rest} more.`];
}

function lockedOutText({ server, user, client, local, last }: LockedOut): string {
  const whence =
    local === undefined ? ', unless over its socket' : local ? ' over its socket' : ` from ${client ?? '?'}`;
  const minute = new Date(last).toISOString().slice(0, 16).replace('T', ' ');
  return `"${user}" at ${server}${whence}, last seen ${minute} UTC`;
}

function observationRemark(scene: Scene, server: string): readonly string[] {
  const sightings = sightingsOf(scene, server);
  if (sightings === undefined) return [`Who comes to ${server} without TLS is not known: it does not tell.`];
  const observed = spell(observedOn(scene, server));
  return sightings.how === 'logins'
    ? [`${server} has counted logins by user for ${observed}, those over its socket among them.`]
    : [`${server} has been asked for ${observed}, about once a minute: who came for less may not have been seen.`];
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
