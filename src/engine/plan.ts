import { canonical, sha256 } from '../base/canonical.js';
import type { ProcedureName } from '../domain/procedure-names.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { Procedure, Step } from './procedure.js';

/** What would be done, as data. */
export interface Plan {
  readonly procedure: ProcedureName;
  readonly parameters: Parameters;
  readonly premises: unknown;
  readonly sections: readonly Section[];
  /** What an operator approves: 64 hex digits over procedure, parameters, premises and steps. */
  readonly digest: string;
}

/** Neighbouring steps that are looked at once before and once after. */
export interface Section {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Pure: the same scene and parameters give the same plan. */
export function planOf(procedure: Procedure, scene: Scene, parameters: Parameters): Plan {
  const premises = procedure.premises(scene, parameters);
  const steps = procedure.steps(scene, parameters);
  const digest = sha256(canonical({ procedure: procedure.name, parameters, premises, steps: steps.map(asData) }));
  return { procedure: procedure.name, parameters, premises, sections: sectionsOf(steps), digest };
}

export function stepsOf(plan: Plan): readonly Step[] {
  return plan.sections.flatMap(({ steps }) => steps);
}

/** Default of {@link Step.within}, seconds. */
export const defaultWithin = 30;

function sectionsOf(steps: readonly Step[]): readonly Section[] {
  const sections: { name: string; steps: Step[] }[] = [];
  for (const step of steps) {
    const last = sections.at(-1);
    if (step.section !== undefined && last?.name === step.section) last.steps.push(step);
    else sections.push({ name: step.section ?? step.id, steps: [step] });
  }
  return sections;
}

/** All of a step but its questions, which follow from procedure and scene. */
function asData({ id, title, plan, undo, section, commits, notes, afterRecord, apart, within, attempts }: Step) {
  return { id, title, plan, undo: undo?.plan, section, commits, notes, afterRecord, apart, within, attempts };
}
