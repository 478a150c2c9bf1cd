import { z } from 'zod';
import type { Automation } from '../engine/automation.js';
import { procedureNames } from '../domain/procedure-names.js';
import type { Parameters } from '../domain/scene.js';
import { modes, type RunView } from '../engine/run.js';
import { route } from './api.js';
import { component, name, reason } from './components.js';
import { Problem, quoted } from './problem.js';
import { run, runDetail } from './run-schemas.js';

const parameters = z
  .object({ cluster: name })
  .catchall(z.string().max(200))
  .refine((given) => Object.keys(given).every((key) => /^[a-z][a-z0-9_-]{0,31}$/.test(key)), {
    error: 'names of parameters are lower case',
  })
  .describe('`cluster` always; the rest as the procedure declares them.');

/** What a plan and a run are asked for with. */
export const wanted = { procedure: z.enum(procedureNames), parameters };

const runWanted = component(
  'RunWanted',
  'What to do, where.',
  z.strictObject({
    ...wanted,
    mode: z
      .enum(modes)
      .default('auto')
      .describe('`plan`: only say what it would do; `approve`: do it once an operator has approved; `auto`: do it.'),
  }),
);
const runList = component('RunList', 'The newest first.', z.object({ runs: z.array(run) }));
const approving = component(
  'Approving',
  'The plan that is approved; without a digest, the one that the run has now.',
  z.strictObject({
    digest: z
      .string()
      .regex(/^[0-9a-f]{12,64}$/, { error: 'must be 12 to 64 hex digits' })
      .optional()
      .describe('At least its first 12 digits.'),
  }),
);
const abandoning = component('Abandoning', 'A person has seen to it.', z.strictObject({ reason }));

export const runRoutes = [
  route({
    method: 'get',
    path: '/api/v1/runs',
    operation: 'listRuns',
    summary: 'Runs, the newest first',
    who: 'viewer',
    automation: true,
    query: z.strictObject({
      cluster: name.optional(),
      open: z.enum(['true', 'false']).optional().describe('`true`: only those that have not ended.'),
      limit: z.coerce.number<string>().int().min(1).max(1000).default(100),
    }),
    answers: { 200: { description: 'The runs.', schema: runList } },
    handle: ({ automation, query: { cluster, open, limit } }) => ({
      body: {
        runs: automation.runs({ limit, ...(cluster === undefined ? {} : { cluster }), ...openOf(open) }),
      },
    }),
  }),
  route({
    method: 'post',
    path: '/api/v1/runs',
    operation: 'requestRun',
    summary: 'Ask for a run; answers once that is durable, and the run goes on by itself',
    who: 'operator',
    automation: true,
    headers: { 'Idempotency-Key': 'A second request with the same key gives the run of the first.' },
    body: runWanted,
    answers: {
      200: { description: 'The run that the same key asked for before.', schema: run },
      201: { description: 'The new run.', schema: run },
    },
    problems: [
      'idempotency-key-malformed',
      'idempotency-key-reused',
      'cluster-unknown',
      'procedure-unknown',
      'parameters-invalid',
      'journal-full',
      'stopping',
    ],
    async handle({ automation, body, identity, request }) {
      const key = idempotencyKeyOf(request.get('Idempotency-Key'));
      const asked = await automation.request({
        ...body,
        trigger: { kind: 'person', by: identity.name },
        // Two people who think of the same key do not mean the same run.
        ...(key === undefined ? {} : { idempotencyKey: `${identity.name} ${key}` }),
      });
      if (asked.repeated && key !== undefined && !sameWish(asked.run, body))
        throw new Problem('idempotency-key-reused', `${quoted(key)} asked for another run: ${asked.run.id}`);
      return {
        status: asked.repeated ? 200 : 201,
        headers: { Location: `/api/v1/runs/${asked.run.id}` },
        body: asked.run,
      };
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/runs/{id}',
    operation: 'getRun',
    summary: 'One run, with its plan and its history',
    who: 'viewer',
    automation: true,
    answers: { 200: { description: 'The run.', schema: runDetail } },
    problems: ['run-unknown'],
    async handle({ automation, parameters: { id = '' } }) {
      knownRun(automation, id);
      const [plan, history] = await Promise.all([automation.planOf(id), automation.history(id)]);
      return { body: { ...knownRun(automation, id), plan, history } };
    },
  }),
  route({
    method: 'post',
    path: '/api/v1/runs/{id}/approve',
    operation: 'approveRun',
    summary: 'Approve the plan of a waiting run',
    who: 'operator',
    automation: true,
    body: approving,
    bodyOptional: true,
    answers: { 200: { description: 'The run.', schema: run } },
    problems: ['run-unknown', 'not-waiting-for-approval', 'plan-changed', 'second-person-needed', 'journal-full'],
    handle: async ({ automation, parameters: { id = '' }, body, identity }) => ({
      body: await automation.approve(id, identity.name, body.digest),
    }),
  }),
  route({
    method: 'post',
    path: '/api/v1/runs/{id}/abort',
    operation: 'abortRun',
    summary: 'Cancel a waiting run; end a running one at its next step boundary, undone, before its commit point',
    who: 'operator',
    automation: true,
    answers: { 200: { description: 'The run.', schema: run } },
    problems: ['run-unknown', 'run-ended', 'past-commit-point'],
    handle: async ({ automation, parameters: { id = '' }, identity }) => ({
      body: await automation.abort(id, identity.name),
    }),
  }),
  route({
    method: 'post',
    path: '/api/v1/runs/{id}/resume',
    operation: 'resumeRun',
    summary: 'Look again at a run that needs a human, and go on or undo',
    who: 'operator',
    automation: true,
    answers: { 200: { description: 'The run.', schema: run } },
    problems: ['run-unknown', 'not-needing-human'],
    handle: async ({ automation, parameters: { id = '' }, identity }) => ({
      body: await automation.resume(id, identity.name),
    }),
  }),
  route({
    method: 'post',
    path: '/api/v1/runs/{id}/abandon',
    operation: 'abandonRun',
    summary: 'End a run that a person has seen to, and free its cluster',
    who: 'operator',
    automation: true,
    body: abandoning,
    answers: { 200: { description: 'The run.', schema: run } },
    problems: ['run-unknown', 'not-needing-human'],
    handle: async ({ automation, parameters: { id = '' }, body, identity }) => ({
      body: await automation.abandon(id, identity.name, body.reason),
    }),
  }),
];

/** @throws Problem `run-unknown` */
export function knownRun(automation: Automation, id: string): RunView {
  const found = automation.run(id);
  if (found !== undefined) return found;
  throw new Problem('run-unknown', `there is no run ${quoted(id)}`);
}

function openOf(given: 'true' | 'false' | undefined): { open?: boolean } {
  return given === 'true' ? { open: true } : {};
}

function idempotencyKeyOf(given: string | undefined): string | undefined {
  if (given === undefined || /^[\x21-\x7e]{1,200}$/.test(given)) return given;
  throw new Problem('idempotency-key-malformed', `Idempotency-Key was ${quoted(given)}`);
}

/** Parameters that were left out have their defaults in the run, so only those that were given are compared. */
function sameWish(run: RunView, wish: { procedure: string; parameters: Parameters; mode: string }): boolean {
  return (
    run.procedure === wish.procedure &&
    run.mode === wish.mode &&
    Object.entries(wish.parameters).every(([key, value]) => run.parameters[key] === value)
  );
}
