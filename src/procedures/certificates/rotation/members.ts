import type { Parameters, Scene } from '../../../domain/scene.js';
import type { ServerName } from '../../../domain/snapshot.js';
import type { Refusal } from '../../../engine/procedure.js';
import { viewOf } from '../../view.js';
import { holderOf, isHolder, type Holder } from '../holder.js';

/** A server that takes part in a rotation. */
export interface Member {
  readonly name: ServerName;
  /** undefined: it cannot be asked, or its files are not Lockstep's to change. */
  readonly holder: Holder | undefined;
  /** Why they are not; empty for one that cannot be asked. */
  readonly refusals: readonly Refusal[];
}

/** Every server, those that replicate furthest from the primary first, the primary last. */
export function membersOf(scene: Scene): readonly Member[] {
  const depths = depthsOf(scene);
  const { primary } = viewOf(scene).topology;
  const place = (name: ServerName) => (name === primary ? -1 : (depths.get(name) ?? 0));
  const order = [...scene.site.servers].sort((a, b) => place(b.name) - place(a.name));
  return order.map(({ name }) => {
    const holder = holderOf(scene, name);
    return isHolder(holder) ? { name, holder, refusals: [] } : { name, holder: undefined, refusals: holder };
  });
}

/** Who comes before a server that is asked for alone: those that get everything from it; before the primary, all others. */
export function beforeIn(scene: Scene, server: ServerName): readonly ServerName[] {
  const { links, primary } = viewOf(scene).topology;
  const others = scene.site.servers.map(({ name }) => name).filter((name) => name !== server);
  if (server === primary) return others;
  const behind = new Set([server]);
  // A set goes on through what is added to it meanwhile.
  for (const source of behind) for (const link of links) if (link.source === source) behind.add(link.replica);
  return others.filter((name) => behind.has(name));
}

/** The one that is asked for, or all. */
export function askedOf(members: readonly Member[], { server }: Parameters): readonly Member[] {
  return server === undefined ? members : members.filter(({ name }) => name === server);
}

export function holdersOf(members: readonly Member[]): readonly Holder[] {
  return members.flatMap(({ holder }) => holder ?? []);
}

/** What keeps members from being changed, those that cannot be asked among it. */
export function memberRefusals(members: readonly Member[], { snapshot }: Scene): readonly Refusal[] {
  return members.flatMap(({ name, holder, refusals }): readonly Refusal[] => {
    if (holder !== undefined || refusals.length > 0) return refusals;
    const failure = snapshot.servers.find((one) => one.name === name)?.failure?.message ?? 'no answer';
    return [
      {
        reason: 'server-unseen',
        why: `${name} cannot be asked: ${failure}`,
        remedy: 'Bring it back first, or take it out of the configuration.',
      },
    ];
  });
}

/** How many servers stand between each and the one that it gets everything from. */
function depthsOf(scene: Scene): ReadonlyMap<ServerName, number> {
  const { links } = viewOf(scene).topology;
  const depth = (name: ServerName, seen: readonly ServerName[]): number => {
    const sources = links.flatMap(({ replica, source }) => (replica === name && source !== undefined ? [source] : []));
    const above = sources.filter((source) => !seen.includes(source));
    return above.length === 0 ? 0 : 1 + Math.max(...above.map((source) => depth(source, [...seen, source])));
  };
  return new Map(scene.site.servers.map(({ name }) => [name, depth(name, [name])]));
}
