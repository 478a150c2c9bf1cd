import type { AnnouncedServer } from '../../domain/announcement.js';
import { readAnnouncers, type ReadAnnouncer, type ReadersSeen } from '../../domain/readers.js';
import type { Scene, Site } from '../../domain/scene.js';
import type { ServerName, ServerSnapshot } from '../../domain/snapshot.js';
import type { Refusal } from '../../engine/procedure.js';
import { viewOf } from '../view.js';

/** Announcers that let applications read from a server when nobody is withdrawn. */
export function leadingTo({ announcers }: Site, server: ServerName): readonly ReadAnnouncer[] {
  return readAnnouncers(announcers).filter(({ readers }) => readers.servers.includes(server));
}

/** Whether none of those that can be asked lets applications read from it. One that cannot be read does not say so. */
export function isOut(scene: Scene, server: ServerName): boolean {
  return readings(scene, server).every((seen) => seen?.failure === undefined && seen?.readers.includes(server) === false); // prettier-ignore
}

/** Whether all of those that can be asked let applications read from it. */
export function isIn(scene: Scene, server: ServerName): boolean {
  return readings(scene, server).every((seen) => seen?.failure === undefined && seen?.readers.includes(server) === true); // prettier-ignore
}

/**
 * Who stands in while nobody else may be read from; undefined: the server is the primary itself, or nobody is.
 * @param head the primary, where more than the topology tells which it is
 */
export function standInFor(
  scene: Scene,
  server: ServerName,
  head: ServerName | undefined = viewOf(scene).topology.primary,
): AnnouncedServer | undefined {
  const primary = viewOf(scene).server(head);
  if (primary === undefined || primary.name === server) return undefined;
  return { name: primary.name, address: primary.address };
}

/**
 * Why a server must not leave what applications read from now, each with a remedy: an announcer that cannot be read would
 * not be believed afterwards, and nobody is left without anybody to read from.
 */
export function withdrawalRefusals(scene: Scene, server: ServerName, head?: ServerName): readonly Refusal[] {
  return leadingTo(scene.site, server).flatMap((announcer): readonly Refusal[] => {
    const { name, readers } = announcer;
    const seen = seenOf(scene, name);
    if (seen?.failure !== undefined) return [unreadable(name, seen.failure)];
    const left = remaining(scene, announcer, server);
    if (left.length === 0) return readers.fallback && standInFor(scene, server, head) !== undefined ? [] : [last(announcer, server)]; // prettier-ignore
    return left.some((one) => isFit(viewOf(scene).server(one))) ? [] : [nobodyFit(name, left, readers.fallback)];
  });
}

/** What people should know before they approve: who is read from meanwhile. */
export function withdrawalRemarks(scene: Scene, server: ServerName, head?: ServerName): readonly string[] {
  return leadingTo(scene.site, server).map((announcer) => {
    const left = remaining(scene, announcer, server);
    const standIn = standInFor(scene, server, head)?.name ?? 'nobody';
    const who = left.length > 0 ? left.join(' and ') : `${standIn}, the primary, for ${server} is the last to read from: it has both loads`; // prettier-ignore
    return `Until ${server} is returned, applications read from ${who} (${announcer.name}).`;
  });
}

/** Where it cannot be asked, those whom nobody has withdrawn. */
function remaining(scene: Scene, { name, readers }: ReadAnnouncer, server: ServerName): readonly ServerName[] {
  const withdrawn = (scene.withdrawals ?? []).map((one) => one.server);
  const now = seenOf(scene, name)?.readers ?? readers.servers.filter((one) => !withdrawn.includes(one));
  return now.filter((one) => one !== server);
}

/** Whoever applications would still find: it answers, and what it has of a channel runs. */
function isFit(server: ServerSnapshot | undefined): boolean {
  const channels = server?.facts?.channels;
  return channels?.every(({ io, sql }) => io === 'running' && sql === 'running') === true;
}

function readings(scene: Scene, server: ServerName): readonly (ReadersSeen | undefined)[] {
  return leadingTo(scene.site, server)
    .filter(({ readers }) => readers.readsBack)
    .map(({ name }) => seenOf(scene, name));
}

function seenOf({ readSides = [] }: Scene, announcer: string): ReadersSeen | undefined {
  return readSides.find((one) => one.announcer === announcer);
}

export function unreadable(name: string, failure: string): Refusal {
  return {
    reason: 'announcer-failing',
    why: `from whom ${name} lets applications read cannot be seen: ${failure}`,
    remedy: 'Mend it first: docs/runbooks/ReadersDiffer.md.',
  };
}

function last({ name }: ReadAnnouncer, server: ServerName): Refusal {
  return {
    reason: 'last-reader',
    why: `${server} is the last that applications read from by ${name}, and nobody may stand in`,
    remedy: 'Return another one first (return-replica), or let the primary stand in (`fallback: primary`).',
  };
}

function nobodyFit(name: string, left: readonly ServerName[], fallback: boolean): Refusal {
  const are = left.length === 1 ? 'does not answer or does not replicate' : 'do not answer or do not replicate';
  return {
    reason: 'no-fit-reader',
    why: `applications would be left with ${left.join(' and ')} by ${name}, which ${are}`,
    remedy: `Mend ${left.length === 1 ? 'it' : 'one of them'}${fallback ? ', or withdraw it too (withdraw-replica): then the primary stands in' : ''}.`,
  };
}
