import type { Parameters, Scene } from '../../../domain/scene.js';
import type { Need, Procedure, Refusal, Step } from '../../../engine/procedure.js';
import { unaskedWords, nextRound } from './rounds.js';
import { authorityRefusals, rotationPremises, sightOf, type Sight } from './sight.js';

/** What one round of a rotation makes of what is seen, once there are authorities to rotate. */
export interface Round {
  /** undefined: nothing is left to do for anybody who can be seen. */
  readonly needed: (sight: Sight, parameters: Parameters) => Need | undefined;
  /** What has come about when it is not needed. */
  readonly over: (sight: Sight) => string;
  readonly refusals: (sight: Sight, parameters: Parameters) => readonly Refusal[];
  /** Besides what the plans of all rounds rest on. */
  readonly premises?: (sight: Sight, parameters: Parameters) => Readonly<Record<string, unknown>>;
  readonly steps: (sight: Sight, parameters: Parameters) => readonly Step[];
  readonly remarks: (sight: Sight, parameters: Parameters) => readonly string[];
}

/** What the procedures of all three rounds have in common. */
export function procedureOf(
  round: Round,
): Pick<Procedure, 'locks' | 'looks' | 'needed' | 'refusals' | 'premises' | 'steps' | 'remarks'> {
  return {
    locks: 'cluster',
    looks: 'anew',
    needed: (scene, parameters) => {
      const sight = rotatable(scene);
      if (!('rotation' in sight)) return { observed: 'yes', why: sight.map(({ why }) => why).join('; ') };
      const need = round.needed(sight, parameters);
      if (need !== undefined) return need;
      const unasked = unaskedWords(sight, parameters);
      if (unasked !== undefined) return { observed: 'unknown', why: unasked };
      return { observed: 'no', why: `${round.over(sight)}: ${nextRound(sight)}` };
    },
    refusals: (scene, parameters) => {
      const sight = rotatable(scene);
      return 'rotation' in sight ? round.refusals(sight, parameters) : sight;
    },
    premises: (scene, parameters) => {
      const sight = sightOf(scene);
      return sight && { ...rotationPremises(sight), ...round.premises?.(sight, parameters) };
    },
    steps: (scene, parameters) => {
      const sight = sightOf(scene);
      return sight === undefined ? [] : round.steps(sight, parameters);
    },
    remarks: (scene, parameters) => {
      const sight = sightOf(scene);
      return sight === undefined ? [] : round.remarks(sight, parameters);
    },
  };
}

/** What is to be rotated, or why nothing can be. */
function rotatable(scene: Scene): Sight | readonly Refusal[] {
  const sight = sightOf(scene);
  const refused = authorityRefusals(scene);
  return sight === undefined || refused.length > 0 ? refused : sight;
}
