import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { issue } from '../../src/pki/issue.js';
import { writeIssued } from '../../src/pki/written.js';
import { sandboxAuthority } from '../../src/sandbox/certificates.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { writeConfiguration } from '../../src/sandbox/configuration.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { expired, swapServerCertificate } from '../../src/sandbox/faults.js';
import { lockstepCommand as run } from './command.js';
import { describeEach } from './matrix.js';
import { Witness } from './witness.js';

await describeEach('lockstep check and status', (version) => {
  const mysql = version.startsWith('mysql');
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let witness: Witness;
  let file: string;

  beforeAll(async () => {
    sandbox = await createCluster({ version, replicas: 1, durable: true });
    scope.defer(() => sandbox.stop());
    witness = new Witness(sandbox);
    file = await writeConfiguration(sandbox);
  });

  afterAll(() => scope.end());

  it('check says what is fine: the dialect and the certificate', async () => {
    const checked = await witness.run('check', '--config', file);
    expect(checked.output).toContain(`dialect column ${mysql ? 'mysql-9' : version}, tested on real servers`);
    expect(checked.output).toMatch(/TLSv1\.3, certificate verified, valid until \d{4}-\d\d-\d\d/);
    expect(checked.code).toBe(0);
    const json = await witness.run('check', '--config', file, '--json');
    expect(JSON.parse(json.output)).toMatchObject([
      { cluster: 'sandbox', server: 'db1', proof: 'live', faults: [], grants: [] },
      { cluster: 'sandbox', server: 'db2', proof: 'live', faults: [], grants: [], switchover: [] },
    ]);
  });

  it('status shows the topology, to people and programs', async () => {
    const status = await witness.run('status', '--config', file, '--json', '--fail-on-problem');
    expect(JSON.parse(status.output)).toMatchObject([
      {
        cluster: 'sandbox',
        topology: { primary: 'db1' },
        servers: [{ name: 'db1' }, { name: 'db2' }],
        problems: [],
        switchovers: [{ server: 'db2', objections: [] }],
      },
    ]);
    expect(status.code).toBe(0);
    const table = await witness.run('status', '--config', file, 'sandbox');
    expect(table.code).toBe(0);
    expect(table.output).toMatch(/db1.*primary/);
    expect(table.output).toMatch(/db2.*replica/);
    expect(table.output).toContain('ready for a switchover: db2\n');
    const elsewhere = await witness.run('status', '--config', file, 'elsewhere');
    expect(elsewhere.code).toBe(2);
    expect(elsewhere.output).toContain('there is no cluster "elsewhere"');
  });

  it('both end with what is wrong', async () => {
    const replica = sandbox.server('db2');
    await swapServerCertificate(sandbox.authority, replica, { names: ['elsewhere.example'] });
    const problem = await witness.run('status', '--config', file, '--fail-on-problem');
    expect(problem.code).toBe(1);
    expect(problem.output).toContain('certificate-wrong-name');
    expect(problem.output).toContain('not ready for a switchover: db2 (server-unseen)');
    const checked = await witness.run('check', '--config', file);
    expect(checked.code).toBe(1);
    expect(checked.output).toContain('certificate wrong-name');
    expect(checked.output).toContain('elsewhere.example');
    expect(checked.output).toMatch(/not ready for a switchover: db2\n {6}server-unseen: /);
    await swapServerCertificate(sandbox.authority, replica, {});
  });

  it('and nobody was told a password', () => witness.swears());
});

describe('lockstep', () => {
  const scope = new Scope();
  afterAll(() => scope.end());

  it('refuses a configuration that is wrong: every fault with its line, and no secret', async () => {
    const directory = await takeDirectory(scope);
    const file = path.join(directory, 'lockstep.yml');
    const cases: [commands: string[], text: string, ...words: string[]][] = [
      [['check'], 'clusters: [a: {', 'lockstep.yml:1:'],
      [['check'], 'version: 1\nclusters:\n\tdb: 1\n', 'lockstep.yml:3:'],
      [
        ['check', 'status', 'serve'],
        'version: 1\nclusters:\n  c:\n    servers: { db1: { address: "not an address", adress: x } }\n    accounts: { monitor: { user: u, password: word-in-clear } }\n',
        'lockstep.yml:4:',
        'not an address',
        'adress',
        'lockstep.yml:5:',
        'password_file',
      ],
    ];
    for (const [commands, text, ...words] of cases) {
      await writeFile(file, text);
      for (const command of commands) {
        const refused = await run(command, '--config', file);
        expect(refused.code, command).toBe(2);
        for (const word of words) expect(refused.output).toContain(word);
        expect(refused.output).not.toContain('word-in-clear');
      }
    }
    const absent = await run('check', '--config', path.join(directory, 'absent.yml'));
    expect(absent.code).toBe(2);
    expect(absent.output).toContain('absent.yml');
  });

  it('inspects a certificate, and ends with what is wrong with it', async () => {
    const authority = await sandboxAuthority(scope, 'Inspected');
    const directory = await takeDirectory(scope);
    const request = { commonName: 'db9', use: 'server' as const, names: ['db9.example'] };
    const good = await writeIssued(await issue(authority, request), directory);
    const sound = await run('pki', 'inspect', good.certificate, '--ca', good.authority, '--key', good.key);
    expect(sound.code).toBe(0);
    expect(sound.output).toContain('db9.example');
    const bad = await writeIssued(await issue(authority, { ...request, ...expired() }), directory, 'old');
    const over = await run('pki', 'inspect', bad.certificate, '--ca', bad.authority, '--json');
    expect(over.code).toBe(1);
    expect(JSON.parse(over.output)).toMatchObject([{ file: bad.certificate, sound: false }]);
  });

  it('ends with 2 for what it does not know, and with 0 for help', async () => {
    expect((await run('dance')).code).toBe(2);
    expect((await run('check', '--colour')).code).toBe(2);
    expect((await run('pki', 'inspect', '/nowhere/cert.pem')).code).toBe(2);
    const help = await run('check', '--help');
    expect(help.code).toBe(0);
    expect(help.output).toContain('Exits 0 when all is well');
  });
});
