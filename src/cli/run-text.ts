import type { HistoryLine } from '../engine/automation.js';
import { progressWords } from '../domain/progress.js';
import type { RunView } from '../engine/run.js';
import type { Colours } from './colours.js';
import { aligned } from './status-table.js';
import { agoWords, clean, placeWords, spanWords, stateWords, timeWords, triggerWords, wrapped } from './words.js';

/** So that what is long goes on below its own column. */
const factsHang = 10;
const historyHang = 26;

/** Where the text goes: a terminal has a width, a pipe has none. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * The newest runs: on a terminal why each is where it is stands below it, cut at the edge; in a pipe it is the last column.
 * @param now milliseconds
 */
export function runTable(runs: readonly RunView[], now: number, screen: Screen, colours: Colours): string {
  if (runs.length === 0) return 'Nothing was run.';
  const columns = screen.isTTY === true ? screen.columns : undefined;
  const titles = ['RUN', 'WHEN', 'PROCEDURE', 'ON', 'BY', 'STATE', ...(columns === undefined ? ['WHY'] : [])];
  const rows = runs.map((run) => [
    run.id,
    agoWords(run.requestedAt, now),
    run.procedure,
    placeWords(run.parameters),
    triggerWords(run.trigger),
    stateWords(run, colours),
    ...(columns === undefined ? [clean(run.why)] : []),
  ]);
  const [header = '', ...lines] = aligned([titles.map((title) => colours.dim(title)), ...rows]);
  if (columns === undefined) return [header, ...lines].join('\n');
  const below = runs.map((run) => colours.dim(cut(`    ${clean(run.why)}`, columns)));
  return [header, ...lines.flatMap((line, index) => [line, below[index] ?? ''])].join('\n');
}

/** Everything of one run, from where it stands to the first line of its history. @param now milliseconds */
export function runDetailText(
  run: RunView,
  history: readonly HistoryLine[],
  plan: string | undefined,
  now: number,
  screen: Screen,
  colours: Colours,
): string {
  const columns = screen.isTTY === true ? screen.columns : undefined;
  const facts = [
    [
      'asked',
      `${timeWords(run.requestedAt)}, ${agoWords(run.requestedAt, now)}, by ${triggerWords(run.trigger)}, mode ${run.mode}`,
    ],
    ...(run.startedAt === undefined ? [] : [['started', timeWords(run.startedAt)]]),
    ...(run.endedAt === undefined ? [] : [['ended', `${timeWords(run.endedAt)}${tookWords(run)}`]]),
    ...(run.state === 'waiting' ? [['expires', `${timeWords(run.expiresAt)}, ${agoWords(run.expiresAt, now)}`]] : []),
    ...(run.approval === undefined ? [] : [['approved', `${timeWords(run.approval.at)} by ${clean(run.approval.by)}, plan ${run.approval.digest.slice(0, 12)}`]]), // prettier-ignore
    ...(run.progress === undefined ? [] : [['progress', clean(progressWords(run.progress))]]),
    ...(run.guard?.remedy === undefined ? [] : [['to do', clean(run.guard.remedy)]]),
  ].map(([label = '', text = '']) => [colours.dim(label), text]);
  return [
    `${colours.bold(run.procedure)} on ${placeWords(run.parameters)}  ${colours.dim(run.id)}`,
    wrapped(`${stateWords(run, colours)}: ${clean(run.why)}`, columns),
    '',
    ...aligned(facts).map((line) => wrapped(`  ${line}`, columns, factsHang)),
    ...(run.steps.length === 0
      ? []
      : ['', ...aligned(run.steps.map((step) => [`  ${step.status}`, clean(step.title)]))]),
    ...(run.report === undefined ? [] : ['', ...run.report.map((line) => wrapped(`  ${clean(line)}`, columns, 4))]),
    ...(plan === undefined ? [] : ['', colours.dim('— plan —'), plan]),
    '',
    colours.dim('— history —'),
    ...aligned(history.map((line) => [colours.dim(timeWords(line.at)), String(line.seq), clean(line.sentence)])).map(
      (line) => wrapped(line, columns, historyHang),
    ),
  ].join('\n');
}

function tookWords({ startedAt, endedAt }: RunView): string {
  return startedAt === undefined || endedAt === undefined ? '' : `, after ${spanWords((endedAt - startedAt) / 1000)}`;
}

function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}
