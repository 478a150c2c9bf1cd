import type { Plan } from './plan.js';

/**
 * Named points that tests can break: before and after every step and its undo, at both ends of every section, and at
 * the turns of the run itself.
 */
export function faultPointsOf(plan: Plan): readonly string[] {
  return [
    ...runPoints,
    ...plan.sections.flatMap(({ name, steps }) => [
      sectionBegins(name),
      ...steps.flatMap(({ id }) => [stepBegins(id), stepEnds(id)]),
      sectionEnds(name),
    ]),
    runEnds,
  ];
}

/** Only reached by a run that takes itself back. */
export function undoPointsOf(plan: Plan): readonly string[] {
  return plan.sections
    .flatMap(({ steps }) => steps)
    .filter(({ undo }) => undo !== undefined && undo.plan.length > 0)
    .flatMap(({ id }) => [undoBegins(id), undoEnds(id)]);
}

export const runRequested = 'run:requested';
export const runPlanned = 'run:planned';
export const runLocked = 'run:locked';
export const runStarted = 'run:started';
export const runEnds = 'run:ends';
const runPoints = [runRequested, runPlanned, runLocked, runStarted] as const;

export const sectionBegins = (name: string) => `section:${name}:begins`;
export const sectionEnds = (name: string) => `section:${name}:ends`;
export const stepBegins = (id: string) => `step:${id}:begins`;
export const stepEnds = (id: string) => `step:${id}:ends`;
export const undoBegins = (id: string) => `undo:${id}:begins`;
export const undoEnds = (id: string) => `undo:${id}:ends`;
