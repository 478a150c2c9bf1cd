import { z } from 'zod';
import { route } from './api.js';
import { lockings } from '../engine/procedure.js';
import { component } from './components.js';

const parameter = z.object({
  name: z.string(),
  kind: z.enum(['server', 'channel', 'choice', 'duration', 'names']),
  required: z.boolean(),
  values: z.array(z.string()).optional(),
  default: z.string().optional(),
  help: z.string(),
});
const procedure = component(
  'Procedure',
  'A named remediation.',
  z.object({
    name: z.string(),
    purpose: z.string(),
    locks: z.enum(lockings).describe('What nothing else may work on meanwhile.'),
    parameters: z.array(parameter).describe('Beside `cluster`, which each has.'),
  }),
);
const catalogue = component('ProcedureList', 'Every procedure.', z.object({ procedures: z.array(procedure) }));

export const procedureRoutes = [
  route({
    method: 'get',
    path: '/api/v1/procedures',
    operation: 'listProcedures',
    summary: 'What Lockstep can mend, and what each procedure must be told',
    who: 'viewer',
    automation: true,
    answers: { 200: { description: 'The catalogue.', schema: catalogue } },
    handle: ({ automation }) => ({ body: { procedures: automation.procedures() } }),
  }),
];
