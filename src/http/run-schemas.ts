import { z } from 'zod';
import { procedureNames } from '../domain/procedure-names.js';
import { modes, outcomes, refusingGuards, runStates, waitingGuards } from '../engine/run.js';
import { component, hex, moment } from './components.js';

/** What the API says of runs and plans: `engine/run.ts` and `engine/automation.ts` as JSON. */

export const guardVerdict = component(
  'Guard',
  'Why a run waits or was refused.',
  z.object({
    guard: z.enum([...waitingGuards, ...refusingGuards]),
    why: z.string(),
    remedy: z.string().optional(),
    reason: z.string().optional().describe("Of `precheck`: which of the procedure's refusals."),
    human: z.literal(true).optional().describe('Nobody but a person can decide what is to be done.'),
  }),
);

const trigger = component(
  'Trigger',
  'Who or what asked for a run.',
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('alert'),
      alertname: z.string(),
      fingerprint: z.string(),
      labels: z.record(z.string(), z.string()).describe('As they came: text from outside.'),
      startsAt: z.string().describe('As Alertmanager said it.'),
      by: z.string().describe('Who delivered it.'),
    }),
    z.object({ kind: z.literal('person'), by: z.string() }),
    z.object({ kind: z.literal('schedule'), by: z.string() }),
  ]),
);

const step = component(
  'Step',
  'Where a step of a run stands.',
  z.object({
    id: z.string(),
    title: z.string(),
    section: z.string().describe('Steps of one section are looked at once before and once after it.'),
    status: z.enum(['pending', 'running', 'done', 'skipped', 'failed', 'undone']),
  }),
);

const approval = component(
  'Approval',
  'Bound to the run, the digest of its plan, and a time.',
  z.object({ by: z.string(), at: moment, until: moment, digest: hex }),
);

const parameters = z
  .record(z.string(), z.string())
  .describe('`cluster` always; the rest as the procedure declares them.');

const progress = component(
  'Progress',
  'How far long work has come.',
  z.object({
    at: z.string().describe('What it is at.'),
    unit: z.enum(['rows', 'bytes']),
    done: z.number(),
    total: z.number().optional().describe('An estimate of the server; absent while nobody can tell.'),
    rate: z.number().describe('Per second.'),
  }),
);

export const runSchema = z.object({
  id: z.string().describe('Sorts by time.'),
  procedure: z.enum(procedureNames),
  parameters,
  mode: z.enum(modes),
  trigger,
  state: z.enum(runStates),
  guard: guardVerdict.optional(),
  outcome: z.enum(outcomes).optional().describe('Once it has ended.'),
  why: z.string().describe('Why it is where it is, one plain sentence.'),
  requestedAt: moment,
  startedAt: moment.optional(),
  endedAt: moment.optional(),
  expiresAt: moment.describe('When it expires if it has not started by then.'),
  digest: hex.optional().describe('Of its plan; absent until it was planned.'),
  steps: z.array(step),
  approval: approval.optional(),
  committed: z.boolean().describe('Whether its commit point was seen on the servers.'),
  progress: progress.optional().describe('While it is at work that takes long.'),
  report: z.array(z.string()).optional().describe('What it found, a line each.'),
});

export const run = component('Run', 'One execution of a procedure.', runSchema);

export const plan = component(
  'Plan',
  'What a procedure would do now. What was seen is in `observed`; nothing was changed.',
  z.object({
    procedure: z.string(),
    parameters,
    digest: hex.optional().describe('What an operator approves; absent when it cannot be planned.'),
    guards: z.array(guardVerdict).describe('What would keep it from starting, in the order in which it is asked.'),
    observed: z.string(),
    remarks: z.array(z.string()),
    steps: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        section: z.string(),
        commits: z.boolean(),
        actions: z.array(z.string()).describe('What is sent, a line each; secrets stand by their name.'),
        undo: z.array(z.string()),
        within: z.number().describe('Seconds that it may take.'),
      }),
    ),
    text: z.array(z.string()).describe('The same for people, a line each.'),
  }),
);

export const historyLine = component(
  'HistoryLine',
  'An entry of the journal.',
  z.object({ seq: z.int().min(1), hash: hex, at: moment, type: z.string(), sentence: z.string() }),
);

export const runDetail = component(
  'RunDetail',
  'A run with its plan, where it has one, and all that the journal holds of it.',
  runSchema.extend({ plan: plan.optional(), history: z.array(historyLine) }),
);
