import { shown, shownValue } from '../dialects/written.js';
import type { Action, AnnounceAction, ReadersAction, Statement, VerifyAction } from '../domain/action.js';
import { certificateLines } from './certificate-text.js';
import { copyLines, discardLines, loadLines, putBackLines, swapLines } from './copy-text.js';
import type { PlannedStep } from './automation.js';
import { defaultWithin, type Plan, type Section } from './plan.js';
import type { Step } from './procedure.js';

/** A plan for people: a line per step, what is sent below it, how it is taken back below that. */
export function planLines(plan: Plan): readonly string[] {
  const { cluster, ...others } = plan.parameters;
  const given = Object.entries(others).map(([name, value]) => `${name} ${value === '' ? '""' : value}`);
  const steps = plan.sections.flatMap((section) => section.steps.map((step) => ({ section, step })));
  return [
    `${plan.procedure} on ${[cluster, ...given].join(', ')}`,
    `digest ${plan.digest.slice(0, 12)}`,
    ...steps.flatMap(({ section, step }, index) => [
      '',
      `${index + 1}. ${step.title}${sectionWords(section)}${step.commits === true ? ' [commit point]' : ''}`,
      ...step.plan.flatMap(actionLines).map((line) => `     ${line}`),
      ...(step.notes === undefined ? [] : [`     once it is seen, the journal keeps ${noted(step.notes)}`]),
      ...(step.undo === undefined || step.undo.plan.length === 0
        ? []
        : ['   to take it back:', ...step.undo.plan.flatMap(actionLines).map((line) => `     ${line}`)]),
    ]),
  ];
}

export function plannedSteps(plan: Plan): readonly PlannedStep[] {
  return plan.sections.flatMap(({ name, steps }) => steps.map((step) => plannedStep(name, step)));
}

/** What an action does, a line for each thing that is sent. Secrets stand by name, notes in angle brackets. */
export function actionLines(action: Action): readonly string[] {
  switch (action.kind) {
    case 'sql':
      return action.statements.map((statement) => `${action.on}: ${shown(statement)};${answerWords(statement)}${action.detached === true ? ' -- nobody waits for it' : ''}`); // prettier-ignore
    case 'kill':
      return [
        ...(action.settles === undefined ? [] : [`${action.on}: ${shown(action.settles)}; -- until it finds nothing, for some seconds`]), // prettier-ignore
        `${action.on}: end ${action.whose}, as found by ${shown(action.select)};`,
        ...(action.gone === undefined ? [] : [`${action.on}: ${shown(action.gone)}; -- where somebody was ended, until it finds nothing, for some seconds`]), // prettier-ignore
      ];
    case 'received':
      return [`${action.on}: ${shown(action.status)}; ${shown(action.events)}; up to the last whole transaction -- gives <${action.noteAs.file}>, <${action.noteAs.position}>`]; // prettier-ignore
    case 'release':
      return [`${action.on}: close the session "${action.session}", with all that it holds;`];
    case 'announce':
      return action.announcers.map((announcer) => `${announcer}: ${announceWords(action)}${action.noteAs === undefined ? '' : ` -- gives <${action.noteAs}>`}`); // prettier-ignore
    case 'copy':
      return copyLines(action);
    case 'room':
      return [`${action.on}: see that its disk still holds a copy of ${action.from} only once it is emptied, by what is free and ${shown(action.droppable)}; -- gives <${action.noteAs}>`]; // prettier-ignore
    case 'empty':
      return [`${action.on}: DROP DATABASE, of every one but mysql, sys, performance_schema and information_schema -- gives <${action.noteAs}>`]; // prettier-ignore
    case 'load':
      return loadLines(action);
    case 'put-back':
      return putBackLines(action);
    case 'swap':
      return swapLines(action);
    case 'discard':
      return discardLines(action);
    case 'readers':
      return action.announcers.map(
        (announcer) => `${announcer}: ${readersActWords(action)} -- gives <${action.noteAs}>`,
      );
    case 'verify':
      return verifyLines(action);
    case 'program':
      return [`${action.on}: run ${action.argv.map((word) => (typeof word === 'string' ? word : `<${word.note}>${word.ending ?? ''}`)).join(' ')} on its machine, which must end with 0 -- gives <${action.noteAs}>`]; // prettier-ignore
    case 'stage-certificates':
    case 'rehearse-certificates':
    case 'place-certificates':
    case 'discard-certificates':
    case 'option-file':
    case 'check-configuration':
    case 'meet-certificate':
    case 'restart':
    case 'change-trust':
    case 'prove-authority':
    case 'own-certificate':
      return certificateLines(action);
    case 'login': {
      const { tls } = action;
      const files = [tls.caFile, tls.certFile, tls.keyFile].filter((file) => file !== undefined).join(', ');
      const name = tls.verify ? ', and its certificate must name it' : '';
      return [
        `rehearse: log in to ${action.to.host}:${action.to.port} as ${action.user} with ${files} of ${action.filesOf}${name} -- gives <${action.noteAs}>`,
      ];
    }
  }
}

function verifyLines({
  on,
  with: source,
  sessions,
  position,
  wait,
  chunkSeconds,
  noteAs,
  mustEqual,
}: VerifyAction): string[] {
  return [
    ...sessions.source.map((statement) => `${source}: ${shown(statement)};`),
    ...sessions.replica.map((statement) => `${on}: ${shown(statement)};`),
    `${source} and ${on}: count the rows of every table and sum up their checksums, a range of keys after the other, each read in about ${chunkSeconds} s with as long a rest, and row by row where they differ${mustEqual === true ? ' -- must be equal' : ''} -- gives <${noteAs}>, <report>`,
    `  ${source}, once it was read: ${shown(position)};${answerWords(position)}`,
    `  ${on}, before it is read: ${shown(wait)};${answerWords(wait)}`,
  ];
}

function announceWords({ act, primary, address }: AnnounceAction): string {
  const where = `${primary} (${address.host}:${address.port})`;
  switch (act) {
    case 'prepare':
      return `make ready to name ${where}, and change nothing`;
    case 'hold':
      return 'keep clients waiting, for a time that ends by itself';
    case 'announce':
      return `name ${where} as the primary`;
    case 'restore':
      return `name ${where} again, and let clients go on`;
  }
}

function readersActWords({ act, server, address, fallback }: ReadersAction): string {
  const where = `${server} (${address.host}:${address.port})`;
  if (act === 'return') return `lead readers to ${where} again; who stood in goes, unless it is a reader itself`;
  const last = fallback === undefined ? 'and refuse if it is the last' : `to ${fallback.name} if it is the last`;
  return `lead readers away from ${where}, ${last}`;
}

function noted(notes: NonNullable<Step['notes']>): string {
  const words = Object.entries(notes).map(([name, value]) => `${name} = ${typeof value === 'string' ? value : `<${value.note}>`}`); // prettier-ignore
  return words.join(', ');
}

function plannedStep(section: string, step: Step): PlannedStep {
  return {
    id: step.id,
    title: step.title,
    section,
    commits: step.commits === true,
    actions: step.plan.flatMap(actionLines),
    undo: (step.undo?.plan ?? []).flatMap(actionLines),
    within: step.within ?? defaultWithin,
  };
}

function sectionWords({ name, steps }: Section): string {
  return steps.length > 1 ? ` (in "${name}")` : '';
}

function answerWords({ expect, agrees = {}, notes }: Statement): string {
  const kept = Object.values(notes ?? {}).map((name) => `<${name}>`);
  return [
    ...(expect === undefined ? [] : [` -- must answer ${shownValue(expect)}`]),
    ...Object.entries(agrees).map(([column, value]) => ` -- ${column} must be ${shownValue(value)}`),
    ...(kept.length === 0 ? [] : [` -- gives ${kept.join(', ')}`]),
  ].join('');
}
