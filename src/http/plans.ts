import { z } from 'zod';
import { route } from './api.js';
import { component } from './components.js';
import { plan } from './run-schemas.js';
import { wanted } from './runs.js';

const planWanted = component('PlanWanted', 'What would be done, where.', z.strictObject(wanted));

export const planRoutes = [
  route({
    method: 'post',
    path: '/api/v1/plans',
    operation: 'plan',
    summary: 'Look, and say what a run would do now; changes nothing',
    who: 'operator',
    automation: true,
    body: planWanted,
    answers: { 200: { description: 'The plan.', schema: plan } },
    problems: ['cluster-unknown', 'procedure-unknown', 'parameters-invalid'],
    handle: async ({ automation, body, identity, signal }) => ({
      body: await automation.plan({ ...body, trigger: { kind: 'person', by: identity.name } }, signal),
    }),
  }),
];
