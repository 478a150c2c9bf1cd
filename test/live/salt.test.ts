import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Announcer } from '../../src/announce/announcer.js';
import { openAnnouncer } from '../../src/announce/open.js';
import type { SaltApiSettings } from '../../src/announce/salt-api.js';
import { adviceOf } from '../../src/base/errors.js';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import { openHost } from '../../src/hosts/open.js';
import { isUnavailable } from '../../src/sandbox/packages.js';
import { installSalt, startSalt, type Salt } from '../../src/sandbox/salt.js';

const scope = new Scope();
const patient = new AbortController().signal;
const db1 = { name: 'db1', address: { host: '192.0.2.1', port: 3306 } };
const db2 = { name: 'db2', address: { host: '192.0.2.2', port: 3306 } };

const pillar = `{% set site = 'production' %}
infra:
  hosts_entries: # {{ site }}
    masterdb:  192.0.2.1  # the primary
    reports: 192.0.2.9
`;
const state = (target: string) => `{% set entries = pillar['infra']['hosts_entries'] %}
${target}/hosts:
  file.managed:
    - contents: |
        127.0.0.1 localhost
{%- for name, address in entries.items() %}
        {{ address }} {{ name }}
{%- endfor %}
`;

const missing = await whyUnavailable();

describe.skipIf(missing !== undefined)(missing === undefined ? 'Salt' : `Salt: ${missing}`, () => {
  let salt: Salt;
  let announcer: Announcer;

  beforeAll(async () => {
    salt = await startSalt(scope, {
      pillar: { 'top.sls': "base:\n  '*': [production]\n", 'production.sls': pillar },
      states: (target) => ({ 'hosts.sls': state(target) }),
    });
    announcer = announcerOf();
  }, 300_000);

  afterAll(() => scope.end());

  function announcerOf(more: Partial<SaltApiSettings> = {}): Announcer {
    const api: SaltApiSettings = {
      ...{
        kind: 'salt-api',
        url: salt.url,
        user: salt.user,
        eauth: 'sharedsecret',
        target: 'app*',
        targetType: 'glob',
      },
      ...{ run: 'state.apply', arguments: ['hosts'], atLeast: 1, tls: () => Promise.resolve({}) },
      password: () => Promise.resolve(new Secret(salt.password)),
      ...more,
    };
    const file = path.join(salt.pillar, 'production.sls');
    const settings = { kind: 'salt-pillar', name: 'salt', file, key: 'infra:hosts_entries:masterdb', addresses: {}, apply: api } as const; // prettier-ignore
    const machine = openHost({ kind: 'local', sudo: false, paths: [], programs: [], services: {} });
    return openAnnouncer(settings, { name: 'shop', names: ['masterdb'], servers: [db1, db2] }, { machine, here: true });
  }

  const hosts = () => readFile(path.join(salt.target, 'hosts'), 'utf8');

  it('brings another primary into the hosts file of its minions', async () => {
    await announcer.prepare(db2, patient);
    await announcer.announce(db1, patient);
    expect(await hosts()).toBe('127.0.0.1 localhost\n192.0.2.1 masterdb\n192.0.2.9 reports\n');
    await announcer.announce(db2, patient);
    expect(await hosts()).toBe('127.0.0.1 localhost\n192.0.2.2 masterdb\n192.0.2.9 reports\n');
    expect(await readFile(path.join(salt.pillar, 'production.sls'), 'utf8')).toBe(
      pillar.replace('192.0.2.1', '192.0.2.2'),
    );
    expect(await announcer.read(patient)).toEqual({ found: '192.0.2.2', says: 'db2', holding: false });
    await announcer.restore(db1, patient);
    expect(await hosts()).toContain('192.0.2.1 masterdb\n');
  });

  it('says what stands in the way: no minion, a wrong password, a state that fails', async () => {
    await expect(announcerOf({ target: 'web*' }).prepare(db2, patient)).rejects.toMatchObject({
      code: 'salt-failed',
      message: expect.stringContaining('no minion answered test.ping') as unknown,
    });
    await expect(announcerOf({ atLeast: 2 }).prepare(db2, patient)).rejects.toThrow('only app1 answered test.ping');
    const wrong = announcerOf({ password: () => Promise.resolve(new Secret('wrong')) });
    await expect(wrong.prepare(db2, patient)).rejects.toThrow('refused the user or its password');
    await writeFile(
      path.join(salt.states, 'broken.sls'),
      `${salt.target}/absent/x:\n  file.managed:\n    - contents: x\n`,
    );
    const broken = announcerOf({ arguments: ['broken'] });
    await expect(broken.announce(db2, patient)).rejects.toThrow(/^app1: Parent directory not present/);
    await expect(broken.read(patient)).rejects.toThrow('which was not applied');
    await expect(announcerOf({ arguments: ['absent'] }).announce(db2, patient)).rejects.toThrow(
      /^app1: No matching sls found/,
    );
    await announcer.announce(db2, patient);
    expect(await hosts()).toContain('192.0.2.2 masterdb\n');
  });
});

/** undefined: it is there now. Anything else that goes wrong is thrown. */
async function whyUnavailable(): Promise<string | undefined> {
  try {
    await installSalt({ progress: (line) => process.stderr.write(`${line}\n`) });
    return undefined;
  } catch (thrown) {
    if (isUnavailable(thrown)) return adviceOf(thrown);
    throw thrown;
  }
}
