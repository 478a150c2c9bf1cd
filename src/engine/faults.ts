/** As much of a plan as its fault points follow from. */
export interface Outline {
  readonly sections: readonly {
    readonly name: string;
    readonly steps: readonly { readonly id: string; readonly commits?: boolean }[];
  }[];
}

/**
 * Named points that tests can break: before and after every step and its undo, at both ends of every section, and at
 * the turns of the run itself.
 */
export function faultPointsOf(plan: Outline): readonly string[] {
  return [
    ...runPoints,
    ...plan.sections.flatMap(({ name, steps }) => [
      sectionBegins(name),
      ...steps.flatMap(({ id }) => [stepBegins(id), stepEnds(id)]),
      ...(steps.some(({ commits }) => commits === true) ? [commitRecorded] : []),
      sectionEnds(name),
    ]),
    runEnds,
  ];
}

/** Only reached by a run that takes this step back. */
export function undoPointsOf(id: string): readonly string[] {
  return [undoBegins(id), undoEnds(id)];
}

export const runRequested = 'run:requested';
export const runPlanned = 'run:planned';
export const runLocked = 'run:locked';
export const runStarted = 'run:started';
export const runEnds = 'run:ends';
/** The commit record is on the disk, and nothing of what follows it is sent. */
export const commitRecorded = 'run:commit-recorded';
const runPoints = [runRequested, runPlanned, runLocked, runStarted] as const;

export const sectionBegins = (name: string) => `section:${name}:begins`;
export const sectionEnds = (name: string) => `section:${name}:ends`;
export const stepBegins = (id: string) => `step:${id}:begins`;
export const stepEnds = (id: string) => `step:${id}:ends`;
export const undoBegins = (id: string) => `undo:${id}:begins`;
export const undoEnds = (id: string) => `undo:${id}:ends`;
