import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { folderWith, lineOf, refusal } from './files.js';

const sound = `version: 1
defaults: { accounts: { monitor: { user: look, password_env: LOOK } } }
clusters: { shop: { servers: { db1: { address: db1 } } } }
`;
const armed = `${sound}tokens: [{ name: am, role: alertmanager, token_env: AM }]
journal: { directory: journal }
`;

async function faultsOf(text: string): Promise<readonly string[]> {
  const folder = folderWith({ 'lockstep.yml': text });
  return (await refusal(loadConfig(path.join(folder, 'lockstep.yml')))).faults.map(lineOf);
}

async function loaded(text: string) {
  const folder = folderWith({ 'lockstep.yml': text });
  return { folder, config: await loadConfig(path.join(folder, 'lockstep.yml')) };
}

describe('the automation', () => {
  it('is off without a journal, and has the documented defaults with one', async () => {
    expect((await loaded(sound)).config.automation).toBeUndefined();
    const { folder, config } = await loaded(`${sound}journal: { directory: journal }\n`);
    expect(config.automation).toEqual({
      journal: { directory: path.join(folder, 'journal'), keepSeconds: 400 * 86_400, prune: '23 4 * * *' },
      waitAtMostSeconds: 3600,
      cooldownSeconds: 600,
      runsPerHour: { cluster: 4, overall: 20 },
      twoPerson: false,
      approvalSeconds: 3600,
      pauseFile: undefined,
      policies: [],
      windows: [],
      renewCertificates: undefined,
      drill: '*/10 * * * *',
      alertmanager: undefined,
      notify: [],
    });
  });

  it('takes policies in their order, and windows', async () => {
    const { config } = await loaded(`${armed}
policies:
  - { match: ['alertname="ReplicationStopped"', 'severity=~"critical|warning"'], run: restart-replication, mode: auto, cooldown: 10m, wait_at_most: 2h, window: nights }
  - { match: ['alertname = MySQLDown'], run: fence-writable-replica, with: { cluster: shop }, labels: { server: host } }
automation: { windows: { nights: { days: [sat, sun], from: 22:00, to: 06:30, zone: Europe/Zurich }, always: { from: 00:00, to: 24:00 } } }
`);
    expect(config.automation?.policies).toEqual([
      { match: ['alertname="ReplicationStopped"', 'severity=~"critical|warning"'], run: 'restart-replication', mode: 'auto', cooldownSeconds: 600, waitAtMostSeconds: 7200, window: 'nights', parameters: {}, labels: {} },
      { match: ['alertname = MySQLDown'], run: 'fence-writable-replica', mode: 'plan', cooldownSeconds: undefined, waitAtMostSeconds: undefined, window: undefined, parameters: { cluster: 'shop' }, labels: { server: 'host' } },
    ]); // prettier-ignore
    expect(config.automation?.windows).toEqual([
      { name: 'nights', days: ['sat', 'sun'], from: 1320, to: 390, zone: 'Europe/Zurich' },
      { name: 'always', days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: 0, to: 1440, zone: 'UTC' },
    ]);
  });

  it('means nothing without a journal', async () => {
    const found = await faultsOf(`${sound}automation: {}
policies: [{ match: ['alertname=A'], run: restart-replication }]
alertmanager: { urls: ['http://127.0.0.1:9093'] }
notify: [{ kind: silence }]
tokens: [{ name: ops, role: operator, token_env: OPS }]
`);
    const words = (key: string) => `"${key}" means nothing without a journal: nothing acts that could not be accounted for. Write \`journal: { directory: /var/lib/lockstep/journal }\``; // prettier-ignore
    expect(found).toEqual([
      `4:1 automation: ${words('automation')}`,
      `5:1 policies: ${words('policies')}`,
      `6:1 alertmanager: ${words('alertmanager')}`,
      `7:1 notify: ${words('notify')}`,
    ]);
  });
});

describe('policies', () => {
  const one = `policies: [{ match: ['alertname=A'], run: restart-replication }]\n`;

  it('are of no use when nobody may deliver alerts', async () => {
    const journal = 'journal: { directory: j }\n';
    const viewer = `tokens: [{ name: eyes, role: viewer, token_env: EYES }]\n`;
    expect(await faultsOf(sound + journal + viewer + one)).toEqual([
      '6:1 policies: nobody may deliver the alerts that these policies are for. Write `tokens: [{ name: alertmanager, role: alertmanager, token_file: … }]`',
    ]);
    expect((await loaded(sound + journal + viewer.replace('viewer', 'operator') + one)).config.tokens).toHaveLength(1);
    // Without policies of one's own there is the built-in one, and it may wait for its Alertmanager.
    expect((await loaded(sound + journal)).config.automation?.policies).toEqual([]);
  });

  it('name windows that there are', async () => {
    const found = await faultsOf(`${armed}automation: { windows: { nights: { from: 22:00, to: 06:00 } } }
policies:
  - { match: ['alertname=A'], run: restart-replication, window: night }
  - { match: ['alertname=B'], run: restart-replication, window: holidays }
`);
    expect(found).toEqual([
      '8:65 policies[0].window: there is no window "night". Did you mean "nights"?',
      '9:65 policies[1].window: there is no window "holidays". Write it under `automation.windows`',
    ]);
  });

  it('give a parameter once', async () => {
    const found = await faultsOf(`${armed}policies:
  - match: ['alertname=A']
    run: restart-replication
    with: { server: db1 }
    labels: { server: host, cluster: site }
`);
    expect(found).toEqual([
      '10:15 policies[0].labels.server: the parameter "server" is fixed by `with`, so that no label is asked for it. Keep one of the two',
    ]);
  });

  it('do not stand behind one that takes all that they match', async () => {
    const found = await faultsOf(`${armed}policies:
  - { match: ['alertname="A"'], run: restart-replication }
  - { match: ['alertname="B"', 'cluster="shop"'], run: restart-replication }
  - { match: ['cluster = shop', 'alertname = "A"'], run: restart-replication, mode: auto }
  - { match: ['alertname="B"'], run: restart-replication }
  - { match: ['alertname="B"'], run: fence-writable-replica }
`);
    const words = (index: number) => `no alert reaches this policy: every one that it matches is decided by policies[${index}] before it. Put it first, or give the other one more matchers`; // prettier-ignore
    expect(found).toEqual([`9:5 policies[2]: ${words(0)}`, `11:5 policies[4]: ${words(3)}`]);
  });

  it('have matchers that Alertmanager would take', async () => {
    const found = await faultsOf(`${armed}policies:
  - { match: ['alertname'], run: restart-replication }
  - { match: ['alertname=~"("'], run: restart-replication }
  - { match: [], run: restart-replication }
  - { match: ['alertname="A"'], run: fail-over }
`);
    expect(found.map((line) => line.slice(0, line.indexOf(':', 3) + 40))).toEqual([
      expect.stringMatching(/^7:15 policies\[0\].match\[0\]: given "alertname"/) as string,
      expect.stringMatching(/^8:15 policies\[1\].match\[0\]: given "alertname=~/) as string,
      expect.stringMatching(/^9:14 policies\[2\].match: given a list, expected/) as string,
      expect.stringMatching(/^10:38 policies\[3\].run: given "fail-over", expected/) as string,
    ]);
  });
});

it('windows open some time, and are named once', async () => {
  const found = await faultsOf(`${armed}automation:
  windows:
    never: { from: 01:00, to: 02:00 }
    late: { from: 24:00, to: 06:00 }
    daily: { days: [], from: 01:00, to: 02:00 }
    twice: { days: [mon, tue, mon], from: 01:00, to: 02:00 }
    never: { from: 08:00, to: 08:00 }
`);
  expect(found).toEqual([
    '9:19 automation.windows.late.from: given "24:00", when the window is over. Write `from: 00:00` and `to: 24:00` for the whole day',
    '10:20 automation.windows.daily.days: given no day, so that the window never opens. Leave `days` out for every day',
    '11:31 automation.windows.twice.days[2]: given "mon", which stands there already',
    '12:5 : this key stands twice in the same mapping. Keep one of the two.',
    '12:20 automation.windows.never.from: given "08:00", when the window is over. Write `from: 00:00` and `to: 24:00` for the whole day',
  ]);
});

it.each([
  ['token_env: T, token_file: t', 'one of token_file and token_env'],
  ['user: lockstep', 'user together with one of password_file and password_env, or none of them'],
  ['password_env: P', 'user together with one of password_file and password_env, or none of them'],
  [
    'user: u, password_env: P, password_file: p',
    'user together with one of password_file and password_env, or none of them',
  ],
  ['user: u, password_env: P, token_env: T', 'a token, or a user with its password'],
  ['cert_file: c', 'cert_file and key_file together, or neither'],
])('an Alertmanager with %s', async (keys, expected) => {
  const [fault] = await faultsOf(`${armed}alertmanager: { urls: [https://a.example], ${keys} }\n`);
  expect(fault).toBe(`6:15 alertmanager: expected ${expected}`);
});

it('a webhook with two keys', async () => {
  const keys = 'url_env: A, signing_key_env: B, signing_key_file: c';
  const [fault] = await faultsOf(`${armed}notify:\n  - { kind: webhook, ${keys} }\n`);
  expect(fault).toBe('7:5 notify[0]: expected one of signing_key_file and signing_key_env');
});

it('a run silences its alert once', async () => {
  expect(await faultsOf(`${armed}alertmanager: { urls: ['http://127.0.0.1:9093'] }
notify: [{ kind: silence }, { kind: silence }]
`)).toEqual(['7:37 notify[1].kind: given "silence", which is given above. Keep one of the two']); // prettier-ignore
});
