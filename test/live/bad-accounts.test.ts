import { chmod, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { grantsFor } from '../../src/dialects/grants.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import type { Keys } from '../../src/sandbox/configuration.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { watch } from './lockstep.js';
import { describeEach } from './matrix.js';
import { hasProblem, reasonDown } from './readings.js';
import { addressOf, endSessions, Witness } from './witness.js';

await describeEach('accounts and secrets that do not serve', (version) => {
  const mysql = version.startsWith('mysql');
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let witness: Witness;
  let server: SandboxServer;

  beforeAll(async () => {
    sandbox = await createCluster({ version, replicas: 1, settings: { general_log: 1, log_output: 'TABLE' } });
    scope.defer(() => sandbox.stop());
    server = sandbox.primary;
    witness = new Witness(sandbox);
  });

  afterAll(() => scope.end());

  const account = (user: string, password_file: string): Keys => ({ accounts: { monitor: { user, password_file } } });

  it('a wrong password: whoever is in stays in, and one look in many tries it again', async () => {
    const file = await witness.passwordFile(sandbox.accounts.monitor.password.reveal());
    await witness.beside(account(sandbox.accounts.monitor.user, file), async (other) => {
      await other.probeUntil('db1', 'a session', (scrape) => scrape.value('mysql_up') === 1);
      await writeFile(file, 'not-the-pass-word\n');
      const denied = await other.probeUntil(
        'db1',
        'the refusal',
        (scrape) => witness.heard(scrape).state('mysql_login_failure', 'reason') === 'access-denied',
      );
      expect(denied.value('mysql_up')).toBe(1);
      await endSessions(server, sandbox.accounts.monitor.user);
      await other.probeUntil(
        'db1',
        'nobody to be in',
        (scrape) => reasonDown(witness.heard(scrape)) === 'access-denied',
      );
      // Read anew at each login: what is mended is taken without a reload.
      await writeFile(file, sandbox.accounts.monitor.password.reveal());
      await other.probeUntil('db1', 'recovery', (scrape) => scrape.value('mysql_up') === 1);
    });
    const wrong = await witness.passwordFile('not-the-pass-word');
    const patient = await watch(sandbox, {
      keys: account(sandbox.accounts.monitor.user, wrong),
      whole: { observe: { slow_interval: '1h' } },
    });
    const before = (await logins(server)).filter((login) => /denied/i.test(login)).length;
    for (let look = 0; look < 10; look += 1)
      expect(reasonDown(witness.heard(await patient.probe('db1')))).toBe('access-denied');
    await patient.stop();
    expect((await logins(server)).filter((login) => /denied/i.test(login)).length).toBe(before + 1);
    const checked = await witness.run('check', '--config', patient.file);
    expect(checked.code).toBe(1);
    expect(checked.output).toContain('check user and password');
  });

  it('a secret that is missing, or that everybody may read: nothing of ours is sent', async () => {
    const { user, password } = sandbox.accounts.monitor;
    const file = await witness.passwordFile(password.reveal());
    await witness.beside(account(user, file), async (other) => {
      for (const [spoil, words] of [
        [() => chmod(file, 0o644), `chmod 600 ${file}`],
        [() => rm(file), 'does not exist'],
      ] as const) {
        await other.probeUntil('db1', 'a session', (scrape) => scrape.value('mysql_up') === 1);
        await spoil();
        await endSessions(server, user);
        const seen = await other.probeUntil(
          'db1',
          'the reason',
          (scrape) => reasonDown(witness.heard(scrape)) === 'secret-unreadable',
        );
        expect(seen.state('mysql_login_failure', 'reason')).toBe('secret-unreadable');
        // The certificate was looked at all the same.
        expect(seen.value('mysql_certificate_verified')).toBe(1);
        const checked = await witness.run('check', '--config', other.file);
        expect(checked.code).toBe(1);
        expect(checked.output).toContain(words);
        await writeFile(file, password.reveal(), { mode: 0o600 });
        await chmod(file, 0o600);
      }
      await other.probeUntil('db1', 'recovery', (scrape) => scrape.value('mysql_up') === 1);
    });
    for (const key of ['ca_file', 'key_file'] as const) {
      const tls = { ca_file: sandbox.client.ca, cert_file: sandbox.client.cert, key_file: sandbox.client.key };
      await witness.beside({ tls: { ...tls, [key]: '/nowhere/file.pem' } }, async (other) => {
        const seen = witness.heard(await other.probe('db1'));
        expect(reasonDown(seen)).toBe('secret-unreadable');
        expect(seen.state('mysql_login_failure', 'reason')).toBe('secret-unreadable');
        const checked = await witness.run('check', '--config', other.file);
        expect(checked.output).toContain(`tls.${key}`);
      });
    }
  });

  it('a privilege that is missing: one collector fails, and the statement that mends it is printed', async () => {
    const user = 'narrow';
    const word = 'narrow-pass-word';
    const keys = account(user, await witness.passwordFile(word));
    await server.run([
      'SET sql_log_bin = 0',
      `CREATE USER ${user}@'%' IDENTIFIED BY '${word}' REQUIRE SSL`,
      ...grantsFor(server.column, { user }, server).filter(
        (grant) => !grant.includes('`mysql`') && !grant.includes(' mysql.user'),
      ),
      'SET sql_log_bin = 1',
    ]);
    await witness.beside({ ...keys, servers: { db1: { address: addressOf(server) } } }, async (other) => {
      const seen = witness.heard(await other.probe('db1'));
      expect(seen.value('mysql_up')).toBe(1);
      const failed = seen.all('lockstep_collector_success').filter(({ value }) => value === 0);
      expect(failed.map(({ labels }) => labels['collector'])).toEqual(['accounts']);
      const why = seen.all('lockstep_collector_failure_info');
      expect(why.map(({ labels }) => [labels['collector'], labels['reason']])).toEqual([['accounts', 'privilege']]);
      expect(seen.all('mysql_accounts_without_tls')).toEqual([]);
      expect(hasProblem(witness.heard(await other.metrics()), 'privilege-missing')).toBe(true);
      const checked = await witness.run('check', '--config', other.file);
      expect(checked.code).toBe(1);
      const grants = [...checked.output.matchAll(/^\s*(GRANT .*);$/gm)].map(([, statement = '']) => statement);
      expect(grants.length).toBeGreaterThan(0);
      await server.run(['SET sql_log_bin = 0', ...grants, 'SET sql_log_bin = 1']);
      expect(await witness.run('check', '--config', other.file)).toMatchObject({ code: 0 });
      await other.probeUntil('db1', 'all of it', (scrape) => scrape.value('mysql_accounts_without_tls') !== undefined);
    });
    await server.run(['SET sql_log_bin = 0', `DROP USER ${user}@'%'`, 'SET sql_log_bin = 1']);
  });

  it.each(plugins(version))('an account of the plugin %s: %s', async (plugin, expected, install) => {
    const user = `by_${plugin}`;
    const word = 'plugged-pass-word';
    const file = await witness.passwordFile(word);
    const identified = mysql
      ? `IDENTIFIED WITH ${plugin} BY '${word}'`
      : `IDENTIFIED VIA ${plugin}${expected === 'logs in' ? ` USING PASSWORD('${word}')` : ''}`;
    await server.run([
      'SET sql_log_bin = 0',
      ...(install === '' ? [] : [`INSTALL SONAME '${install}'`]),
      `CREATE USER ${user}@'%' ${identified} REQUIRE SSL`,
      ...grantsFor(server.column, { user }, server),
      'SET sql_log_bin = 1',
    ]);
    try {
      await witness.beside(
        { ...account(user, file), servers: { db1: { address: addressOf(server) } } },
        async (other) => {
          const seen = witness.heard(await other.probe('db1'));
          if (expected === 'logs in') {
            expect(reasonDown(seen)).toBeUndefined();
            await writeFile(file, 'another-word');
            await other.probeUntil(
              'db1',
              'the refusal',
              (scrape) => scrape.state('mysql_login_failure', 'reason') === 'access-denied',
            );
          } else {
            expect(reasonDown(seen)).toBe('auth-plugin-unsupported');
            const checked = await witness.run('check', '--config', other.file);
            expect(checked.code).toBe(1);
            expect(checked.output).toContain(expected);
          }
        },
      );
    } finally {
      await server.run(['SET sql_log_bin = 0', `DROP USER ${user}@'%'`, 'SET sql_log_bin = 1']);
    }
  });

  it('and nobody was told a password', () =>
    witness.swears('not-the-pass-word', 'narrow-pass-word', 'plugged-pass-word'));
});

/** Authentication plugins that the unpacked packages hold: what happens, and the library to install. */
function plugins(version: string): [plugin: string, expected: string, install: string][] {
  if (version.startsWith('mysql')) return [['sha256_password', 'logs in', '']];
  const mariadb: [string, string, string][] = [
    ['ed25519', 'logs in', 'auth_ed25519'],
    ['pam', 'dialog', 'auth_pam'],
  ];
  return version === 'mariadb-11.8' ? [...mariadb, ['parsec', 'logs in', 'auth_parsec']] : mariadb;
}

async function logins(server: SandboxServer): Promise<string[]> {
  const rows = await server.sql(
    "SELECT CONVERT(argument USING utf8mb4) AS argument FROM mysql.general_log WHERE command_type = 'Connect'",
  );
  return rows.map((row) => row['argument'] ?? '');
}
