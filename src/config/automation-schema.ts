import { z } from 'zod';
import { LockstepError } from '../base/errors.js';
import { parseMatcher } from '../base/matcher.js';
import { procedureNames } from '../domain/procedure-names.js';
import { days, notifiedEvents } from './automation.js';
import { isCron } from './cron.js';
import {
  atMostOne,
  duration,
  exactlyOne,
  flag,
  list,
  mapping,
  oneOf,
  path,
  secretKeys,
  strict,
  text,
} from './vocabulary.js';

/** The keys of the YAML file that concern the automation; what they become is `automation.ts`. */

const matcher = text('a matcher such as alertname="ReplicationStopped"').superRefine((given, context) => {
  try {
    parseMatcher(given);
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    context.addIssue({
      code: 'custom',
      message:
        'a matcher such as alertname="ReplicationStopped", or with an RE2 expression severity=~"warning|critical"',
    });
  }
});
const count = z.int({ error: 'a whole number above zero' }).min(1, { error: 'a whole number above zero' });
const label = text('the name of a label', /^[A-Za-z_][A-Za-z0-9_]{0,127}$/);
const fixed = text('a text of at most 200 characters', /^[^\0\n\r]{1,200}$/);
const url = (example: string) => text(`an address such as ${example}`, /^https?:\/\/[^\s@]{1,300}$/);
const name = text('letters, digits, "-" and "_"', /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/);

const policy = strict({
  match: list(matcher, 'a list of matchers').min(1, { error: 'at least one matcher' }),
  run: oneOf(procedureNames),
  mode: oneOf(['plan', 'approve', 'auto']).optional(),
  cooldown: duration.optional(),
  wait_at_most: duration.optional(),
  window: name.optional(),
  with: mapping(fixed, 'a mapping of parameters to values').optional(),
  labels: mapping(label, 'a mapping of parameters to names of labels').optional(),
});

const clock = text('a time such as 22:00', /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/);
const zone = text('a time zone such as Europe/Zurich').refine(isZone, { error: 'a time zone such as Europe/Zurich' });
const window = strict({
  days: list(oneOf(days), `a list of ${days.join(', ')}`).optional(),
  from: clock,
  to: clock,
  zone: zone.optional(),
});

const cron = text('five fields of a cron expression, such as "23 4 * * *"').refine(isCron, {
  error: 'five fields of a cron expression, such as "23 4 * * *"',
});

const alertmanager = strict({
  urls: list(url('https://alertmanager.example:9093'), 'a list of addresses').min(1, { error: 'at least one address' }),
  ...secretKeys('token'),
  user: text('the name of a user').optional(),
  ...secretKeys('password'),
  ca_file: path.optional(),
  cert_file: path.optional(),
  key_file: path.optional(),
})
  .refine((given) => (given.cert_file === undefined) === (given.key_file === undefined), {
    error: 'cert_file and key_file together, or neither',
  })
  .refine(...atMostOne('token'))
  .refine(
    ({ user, password_file, password_env }) =>
      [password_file, password_env].filter((key) => key !== undefined).length === (user === undefined ? 0 : 1),
    { error: 'user together with one of password_file and password_env, or none of them' },
  )
  .refine(({ user, token_file, token_env }) => user === undefined || (token_file ?? token_env) === undefined, {
    error: 'a token, or a user with its password',
  });

const on = list(oneOf(notifiedEvents), `a list of ${notifiedEvents.join(', ')}`).optional();
const notify = z.discriminatedUnion(
  'kind',
  [
    strict({
      kind: z.literal('webhook'),
      ...secretKeys('url'),
      on,
      ...secretKeys('signing_key'),
      ca_file: path.optional(),
    })
      .refine(...exactlyOne('url'))
      .refine(...atMostOne('signing_key')),
    strict({ kind: z.literal('slack'), ...secretKeys('url'), on, ca_file: path.optional() }).refine(
      ...exactlyOne('url'),
    ),
    strict({ kind: z.literal('silence') }),
    strict({
      kind: z.literal('grafana'),
      url: url('https://grafana.example:3000'),
      ...secretKeys('token'),
      ca_file: path.optional(),
    }).refine(...exactlyOne('token')),
  ],
  { error: 'a kind: webhook, slack, silence or grafana' },
);

export const automationKeys = {
  journal: strict({
    directory: path,
    keep: duration.optional(),
    prune: cron.optional(),
  }).optional(),
  automation: strict({
    wait_at_most: duration.optional(),
    cooldown: duration.optional(),
    runs_per_hour: strict({ cluster: count.optional(), overall: count.optional() }).optional(),
    two_person: flag.optional(),
    approval_expires: duration.optional(),
    pause_file: path.optional(),
    windows: mapping(window, 'a mapping of names to windows').optional(),
  }).optional(),
  policies: list(policy, 'a list of policies').optional(),
  alertmanager: alertmanager.optional(),
  notify: list(notify, 'a list of receivers').optional(),
  schedule: strict({
    verify_replicas: cron.optional(),
    renew_certificates: cron.optional(),
    drill: cron.optional(),
  }).optional(),
};

function isZone(given: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: given }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
