import type { ProcedureName } from '../domain/procedure-names.js';
import type { Parameters } from '../domain/scene.js';
import type { PlanView } from './automation.js';
import { passes } from './guards.js';
import type { Plan } from './plan.js';
import { planLines, plannedSteps } from './plan-text.js';
import type { GuardVerdict } from './run.js';

/** A plan for people and programs, with what stands against it. */
export function planViewOf(given: {
  readonly procedure: ProcedureName;
  readonly parameters: Parameters;
  readonly plan: Plan | undefined;
  readonly guards: readonly GuardVerdict[];
  readonly observed: string;
  readonly remarks: readonly string[];
}): PlanView {
  const { procedure, parameters, plan, guards, observed, remarks } = given;
  return {
    procedure,
    parameters,
    digest: plan?.digest,
    guards,
    observed,
    remarks,
    steps: plan === undefined ? [] : plannedSteps(plan),
    text: [
      `Seen: ${observed}`,
      ...remarks.map((remark) => `Note: ${remark}`),
      ...guards.map((guard) => `${passes(guard) ? 'Waits' : 'Refused'} (${guard.guard}): ${guard.why}${guard.remedy === undefined ? '' : `. ${guard.remedy}`}`), // prettier-ignore
      ...(plan === undefined ? [] : ['', ...planLines(plan)]),
    ],
  };
}
