import { goingOf, outsiderWords } from '../../../domain/rotation.js';
import type { Parameters, Scene } from '../../../domain/scene.js';
import { brokenRemarks, linksOf, serverChanges, type Exchange } from '../exchange.js';
import { askedOf } from './members.js';
import { ownOfFormer, ownStays } from './own.js';
import { foreignOf, notTrusting, type Sight } from './sight.js';
import { filesHolding, outsidersHolding, trustWords } from './trust.js';

/** What is to be done next, as it is seen now: weeks may have passed since the round before. */
export function nextRound(sight: Sight): string {
  const { rotation, holders, at } = sight;
  const { from } = rotation;
  if (notTrusting(sight).length > 0) return 'trust-authority is next';
  const foreign = holders.flatMap((holder) => foreignOf(holder, rotation, at));
  if (foreign.length > 0 || (ownOfFormer(sight) !== undefined && ownStays(sight) === undefined))
    return 'reissue-certificates is next';
  if (from !== undefined && stillTrusting(sight).length > 0) return 'distrust-authority is next';
  return from === undefined
    ? 'there is nothing to rotate'
    : `nothing is left to do, and \`replaces: ${from.name}\` may leave the configuration`;
}

/** Everybody who is seen to trust what gives way. */
export function stillTrusting({ holders, rotation }: Sight): readonly string[] {
  const going = goingOf(rotation);
  return [
    ...holders.flatMap((holder) => filesHolding(holder, going).map((file) => trustWords(holder, file))),
    ...outsidersHolding(rotation.outsiders, going).map(outsiderWords),
  ];
}

/** Which of those that are asked for cannot be asked; undefined: none. */
export function unaskedWords({ members, scene }: Sight, parameters: Parameters): string | undefined {
  const hidden = askedOf(members, parameters).filter(
    ({ holder, refusals }) => holder === undefined && refusals.length === 0,
  );
  if (hidden.length === 0) return undefined;
  const failure = scene.snapshot.servers.find(({ name }) => name === hidden[0]?.name)?.failure?.message ?? 'no answer';
  return `${hidden.map(({ name }) => name).join(', ')} cannot be asked: ${failure}`;
}

/** What it costs. */
export function linkRemarks(exchanges: readonly Exchange[], scene: Scene): readonly string[] {
  const links = exchanges.flatMap((exchange) => linksOf(exchange, scene));
  const restarted = exchanges.filter((exchange) => serverChanges(exchange) && !exchange.holder.column.reloadsTls);
  return [
    ...(links.length === 0
      ? []
      : [`Receiving stops for a moment on ${links.map(({ words }) => words).join(', then on ')}; applying goes on.`]),
    ...brokenRemarks(links),
    ...restarted.map(({ holder }) => `${holder.name} is restarted: this version has no other way.`),
  ];
}
