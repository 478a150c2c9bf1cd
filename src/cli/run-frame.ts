import { stripVTControlCharacters } from 'node:util';
import { progressWords } from '../domain/progress.js';
import type { RunView, StepView } from '../engine/run.js';
import type { Colours } from './colours.js';
import { agoWords, clean, placeWords, spanWords, stateWords } from './words.js';

/** What a live picture of a run is drawn from. */
export interface Frame {
  readonly run: RunView;
  /** When each step began, and how long those took that have ended; milliseconds on one clock with `now`. */
  readonly began: ReadonlyMap<string, number>;
  readonly took: ReadonlyMap<string, number>;
  readonly now: number;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly at: number;
  /** Something besides the run: `nobody answers …`. */
  readonly note: string | undefined;
  readonly columns: number;
  readonly rows: number;
}

const spin = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** The lines of the picture, none wider than the terminal and no more than it has rows. */
export function frameLines(frame: Frame, colours: Colours): readonly string[] {
  const { run, columns, rows, note } = frame;
  const head = [
    `${colours.bold(run.procedure)} on ${placeWords(run.parameters)}  ${colours.dim(run.id)}`,
    // How it ended is said below, by whoever concludes.
    ...(run.state === 'ended' ? [] : [`${stateWords(run, colours)}${whyOf(frame, colours)}`]),
    ...(note === undefined ? [] : [colours.yellow(clean(note))]),
  ];
  // The row that the cursor stands on is not ours.
  const steps = visible(run.steps, Math.max(1, rows - head.length - 1)).map((step) => stepLine(step, frame, colours));
  return [...head, ...steps].map((line) => cut(line, columns - 1));
}

function whyOf({ run, at }: Frame, colours: Colours): string {
  if (run.state === 'waiting') {
    const guard = run.guard;
    const why = guard === undefined ? run.why : [guard.why, guard.remedy].filter(Boolean).join('. ');
    return `  ${clean(why)} ${colours.dim(`(expires ${agoWords(run.expiresAt, at)})`)}`;
  }
  return run.state === 'running' ? '' : `  ${clean(run.why)}`;
}

function stepLine(step: StepView, { run, began, took, now }: Frame, colours: Colours): string {
  const since = began.get(step.id);
  const span = took.get(step.id) ?? (step.status === 'running' && since !== undefined ? now - since : undefined);
  const time = span === undefined ? '' : ` ${colours.dim(spanWords(span / 1000))}`;
  const title = step.status === 'pending' ? colours.dim(clean(step.title)) : clean(step.title);
  const far = step.status === 'running' && run.progress !== undefined ? ` ${clean(progressWords(run.progress))}` : '';
  return `  ${mark(step.status, now, colours)} ${title}${time}${far}`;
}

function mark(status: StepView['status'], now: number, colours: Colours): string {
  switch (status) {
    case 'pending':
      return colours.dim('·');
    case 'running':
      return colours.cyan(spin[Math.floor(now / 100) % spin.length] ?? '');
    case 'done':
      return colours.green('✔');
    case 'skipped':
      return colours.dim('–');
    case 'failed':
      return colours.red('✖');
    case 'undone':
      return colours.yellow('↶');
  }
}

/** As many steps as there is room for, around the one at work. */
function visible(steps: readonly StepView[], room: number): readonly StepView[] {
  if (steps.length <= room) return steps;
  const at = steps.findLastIndex(({ status }) => status !== 'pending');
  const from = Math.max(0, Math.min(at - Math.floor(room / 2), steps.length - room));
  return steps.slice(from, from + room);
}

/** Colours do not count, and none runs on past the cut. */
function cut(line: string, columns: number): string {
  if (stripVTControlCharacters(line).length <= columns) return line;
  let [text, shown] = ['', 0];

  for (const [part] of line.matchAll(/\u001b\[[\d;]*m|./gsu)) {
    if (!part.startsWith('\u001b')) shown += 1;
    if (shown >= columns && !part.startsWith('\u001b')) continue;
    text += part;
  }
  return `${text}…`;
}
