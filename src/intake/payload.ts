import { z } from 'zod';
import type { Labels } from '../base/matcher.js';
import type { Rejection } from './rejection.js';

/** The envelope. What an alert is made of is told alert by alert: one that is wrong is no fault of the others. */
export const payloadForm = z.looseObject({
  version: z.literal('4'),
  alerts: z.array(z.unknown()),
  truncatedAlerts: z.int().min(0).optional().describe('How many `max_alerts` of the receiver has cut off.'),
});

export type Payload = Readonly<Pick<z.output<typeof payloadForm>, 'truncatedAlerts'>> & {
  readonly alerts: readonly unknown[];
};

/** What Alertmanager sends, version 4 of its payload: the parts that mean anything to Lockstep. */
export interface Webhook {
  /** One by one, in the order of the payload: a group mixes firing and resolved ones, and says nothing of its members. */
  readonly alerts: readonly (Alert | RefusedAlert)[];
  /** How many `max_alerts` of the receiver has cut off. */
  readonly truncated: number;
}

/** Everything in it is text from outside, whoever was let in. */
export interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly alertname: string;
  /** Without a prototype: `__proto__` and `constructor` are names like any other. */
  readonly labels: Labels;
  readonly annotations: Labels;
  /** As Alertmanager wrote it. Its peers may disagree. */
  readonly startsAt: string;
  /** Of all labels, 16 hex digits. */
  readonly fingerprint: string;
}

export interface RefusedAlert {
  readonly rejection: Rejection;
  readonly why: string;
}

/** Alertmanager's own limits are looser or absent. Lengths are counted in UTF-16 units. */
export const alertLimits = {
  /** In one payload; the rest are rejected one by one. */
  alerts: 5000,
  /** Of one alert; so many annotations too. */
  labels: 100,
  name: 500,
  value: 8000,
  /** All names and values of one alert's labels together, and of its annotations. */
  text: 32_000,
  alertname: 200,
} as const;

/** Reads a payload. Unknown fields are tolerated; an alert that cannot be read does not keep the others from being read. */
export function parseWebhook({ alerts, truncatedAlerts = 0 }: Payload): Webhook {
  return {
    alerts: alerts.map((alert, index) =>
      index < alertLimits.alerts ? alertOf(alert) : refused('too-many-alerts', `the most is ${alertLimits.alerts}`),
    ),
    truncated: truncatedAlerts,
  };
}

const alert = z.object({
  status: z.enum(['firing', 'resolved']),
  labels: z.unknown(),
  annotations: z.unknown().optional(),
  startsAt: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/),
  fingerprint: z.string().regex(/^[0-9a-f]{16}$/),
});

/** It goes into the journal and to terminals: nothing that is no character, no line of its own. */
const alertnameForm = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;

function alertOf(given: unknown): Alert | RefusedAlert {
  const form = alert.safeParse(given);
  if (!form.success) {
    const [field] = form.error.issues[0]?.path ?? [];
    return refused('alert-malformed', typeof field === 'string' ? `its ${field} cannot be read` : 'it is no mapping');
  }
  const { status, startsAt, fingerprint } = form.data;
  const labels = textsOf(form.data.labels);
  if (typeof labels === 'string') return refused(labels, 'see the limits of labels');
  const annotations = textsOf(form.data.annotations ?? {});
  if (typeof annotations === 'string') return refused('annotations-malformed', `as labels: ${annotations}`);
  const alertname = labels['alertname'] ?? '';
  if (alertname.length > alertLimits.alertname || !alertnameForm.test(alertname))
    return refused('alertname-malformed', alertname === '' ? 'it has none' : 'it is too long, or holds no plain text');
  return { status, alertname, labels, annotations, startsAt, fingerprint };
}

/** Names and values, on an object that nothing is inherited by. */
function textsOf(given: unknown): Labels | 'labels-malformed' | 'labels-too-many' | 'label-too-long' {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return 'labels-malformed';
  const names = Object.keys(given);
  if (names.length > alertLimits.labels) return 'labels-too-many';
  const texts = Object.create(null) as Record<string, string>;
  let length = 0;
  for (const name of names) {
    const value = (given as Record<string, unknown>)[name];
    if (name === '' || typeof value !== 'string') return 'labels-malformed';
    length += name.length + value.length;
    if (name.length > alertLimits.name || value.length > alertLimits.value || length > alertLimits.text)
      return 'label-too-long';
    texts[name] = value;
  }
  return texts;
}

function refused(rejection: Rejection, why: string): RefusedAlert {
  return { rejection, why };
}
