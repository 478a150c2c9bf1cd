import { z } from 'zod';
import { LockstepError } from '../base/errors.js';
import { alertResults, type TurnedAway } from '../intake/intake.js';
import { parseWebhook, payloadForm } from '../intake/payload.js';
import { rejections } from '../intake/rejection.js';
import { route } from './api.js';
import { component } from './components.js';
import type { ErrorCode } from './errors.js';
import { Problem } from './problem.js';

const payload = component('Webhook', 'What a webhook receiver of Alertmanager sends, version 4.', payloadForm);
const delivery = component(
  'Delivery',
  'What became of each alert, in their order. Alertmanager itself reads none of it.',
  z.object({
    alerts: z.array(
      z.object({
        result: z.enum([...alertResults, 'watchdog']),
        fingerprint: z.string().optional(),
        reason: z.enum(rejections).optional().describe('Of a rejected one.'),
        run: z.string().optional().describe('The run of its episode.'),
      }),
    ),
  }),
);

/**
 * The webhook of Alertmanager. Who sends is found out before a byte of the body is read. It answers 202 once all that
 * must be is durable; 503 makes Alertmanager try again at once, any 4xx later. It never redirects: Alertmanager would
 * follow without the body, and take that for success.
 */
export const alertRoutes = [
  route({
    method: 'post',
    path: '/api/v1/alerts',
    operation: 'deliverAlerts',
    summary: "Alertmanager's webhook: what its alerts ask for is durable once this has answered",
    who: 'alertmanager',
    automation: true,
    body: payload,
    // A group of some thousand alerts.
    bodyLimits: { most: 4 * 1024 * 1024 },
    bodyFault: 'payload-malformed',
    answers: { 202: { description: 'The alerts were taken, each as it says.', schema: delivery } },
    problems: ['not-durable', 'not-ready'],
    refused: ({ code, message }, { alerts }, request) => {
      const reason = reasons[code];
      if (reason !== undefined) alerts?.turnedAway(reason, { from: request.socket.remoteAddress, why: message });
    },
    handle: async ({ ports, body, identity }) => {
      if (ports.alerts === undefined) throw new Problem('not-ready', 'nothing takes alerts yet');
      try {
        return { status: 202, body: await ports.alerts.take(parseWebhook(body), identity.name) };
      } catch (error) {
        if (!(error instanceof LockstepError) || error.code !== 'not-durable') throw error;
        throw new Problem('not-durable', error.message);
      }
    },
  }),
];

const reasons: Partial<Record<ErrorCode, TurnedAway>> = {
  unauthenticated: 'unauthenticated',
  'too-many-failures': 'unauthenticated',
  forbidden: 'forbidden',
  'cross-origin': 'forbidden',
  'body-too-large': 'too-large',
  'body-malformed': 'malformed',
  'media-type-unsupported': 'malformed',
  'payload-malformed': 'malformed',
  'not-durable': 'not-durable',
};
