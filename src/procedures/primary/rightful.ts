import type { Scene } from '../../domain/scene.js';
import type { ServerName } from '../../domain/snapshot.js';
import type { Refusal } from '../../engine/procedure.js';

/** Whom applications are told is the primary, where all that could be read back agree; undefined: nobody tells. */
export function toldPrimary({ announcements = [] }: Scene): ServerName | undefined {
  const said = new Set(announcements.filter(({ failure }) => failure === undefined).map(({ says }) => says));
  return said.size === 1 ? [...said][0] : said.size === 0 ? undefined : 'more than one';
}

/** Where the journal, or what applications are told, names another primary than this one, which is seen read-only. */
export function disputesOf(scene: Scene, name: ServerName): readonly Refusal[] {
  const { lastChange } = scene;
  const told = toldPrimary(scene);
  return [
    ...(lastChange === undefined || lastChange.primary === name
      ? []
      : [
          {
            reason: 'another-primary',
            why: `the journal tells that ${lastChange.primary} was made the primary on ${new Date(lastChange.at).toISOString()}`,
            remedy: `Open ${lastChange.primary} instead, or decide by hand.`,
          },
        ]),
    ...(told === undefined || told === name
      ? []
      : [
          {
            reason: 'another-announced',
            why: `applications are told that ${told} is the primary`,
            remedy: `Find out which is right; open ${told} instead, or decide by hand.`,
          },
        ]),
  ];
}

/** Why a person must say that it is the primary indeed; undefined: the journal does, or what applications are told. */
export function doubtOf(scene: Scene, name: ServerName): string | undefined {
  if (scene.lastChange?.primary === name || toldPrimary(scene) === name) return undefined;
  return `neither the journal nor what applications are told says that ${name} is the primary`;
}
