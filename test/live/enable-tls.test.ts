import { rm, writeFile } from 'node:fs/promises';
import { lstatSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { certificateOf } from '../../src/base/x509.js';
import { stopReplica } from '../../src/dialects/replication-statements.js';
import { issue } from '../../src/pki/issue.js';
import { enableTls } from '../../src/procedures/certificates/enable-tls.js';
import type { Account } from '../../src/sandbox/accounts.js';
import { renewCertificate } from '../../src/procedures/certificates/renew-certificate.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { tryCommand } from '../../src/sandbox/command.js';
import { certificatesKept, type Services } from '../../src/sandbox/configuration.js';
import { fillDisk, mountDisk } from '../../src/sandbox/disk.js';
import { untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { serviceOf } from '../../src/sandbox/service.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Workbench, textOf, type Ran, type RunOptions } from './workbench.js';

await describeEach(
  'enable-tls',
  (version) => {
    const mysql = version.startsWith('mysql');
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let services: Services;
    const at = (server: SandboxServer, name: string) => path.join(server.tlsDirectory, name);
    const asked = (server: string) => bench.parameters({ server });
    const fragment = (server: SandboxServer) => path.join(server.includeDirectory, 'zz-lockstep-tls.cnf');

    /** What stands in the directories that Lockstep may write into, links followed where they lead somewhere. */
    function files(server: SandboxServer): Readonly<Record<string, string>> {
      const names = [server.tlsDirectory, server.includeDirectory].flatMap((directory) =>
        readdirSync(directory)
          .map((name) => path.join(directory, name))
          .filter((file) => !['a', 'b', 'current', 'next'].includes(path.basename(file))),
      );
      return Object.fromEntries(names.map((name) => [name, readFileSync(name, 'utf8')]));
    }

    async function off(server: SandboxServer): Promise<void> {
      server.setTls('off');
      await server.restart(1500);
      if (server.name !== 'db1') await untilReplicating(server);
    }

    async function onTheWire(name: string): Promise<string> {
      const { snapshot } = await bench.look('anew');
      const server = snapshot.servers.find((one) => one.name === name);
      expect(server?.login?.handshake?.verification, name).toMatchObject({ verified: true });
      return server?.login?.handshake?.chain[0]?.fingerprint ?? '';
    }

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 2 }), (cluster) => cluster.stop());
      const words = await Promise.all(sandbox.servers.map(async (server) => [server.name, await serviceOf(scope, server)] as const)); // prettier-ignore
      services = Object.fromEntries(words);
      bench = await Workbench.open(scope, sandbox, certificatesKept(sandbox, {}, services));
    });
    afterAll(() => scope.end());

    describe('where Lockstep logs in over TLS alone', () => {
      afterEach(() => sandbox.reset());

      it('turns it on for a replica that lets nobody in without, by a file of its own and a restart', async () => {
        const server = sandbox.server('db2');
        await off(server);
        const own = readFileSync(server.configFile, 'utf8');
        for (const name of ['cert.pem', 'key.pem', 'ca.pem']) rmSync(at(server, name), { force: true });
        // Its own channel reads that one.
        writeFileSync(at(server, 'ca.pem'), sandbox.authority.authorityPem);
        const ran = await bench.run(enableTls, asked('db2'));
        expect(ran.outcome, ran.why).toBe('succeeded');
        expect(ran.sent).toEqual(['stage', 'rehearse', 'place', 'configure', 'turn-on']);
        expect(await onTheWire('db2')).toBe(certificateOf(readFileSync(at(server, 'cert.pem'))).fingerprint);
        expect(readFileSync(server.configFile, 'utf8')).toBe(own);
        expect(readFileSync(fragment(server), 'utf8').split('\n').includes('ssl')).toBe(!mysql);
        expect(lstatSync(at(server, 'cert.pem')).isSymbolicLink()).toBe(true);
        expect(lstatSync(at(server, 'current/key.pem')).mode & 0o777).toBe(0o600);
        expect(JSON.stringify([ran.notes, textOf(ran)])).not.toMatch(/PRIVATE KEY/);
        await untilReplicating(server);
        // What the next start reads is the same.
        await server.restart(1500);
        expect(await onTheWire('db2')).toBe(certificateOf(readFileSync(at(server, 'cert.pem'))).fingerprint);
        expect(enableTls.needed(await bench.look('anew'), asked('db2')).observed).toBe('no');
      });

      it('keeps what a renewal laid beside it', async () => {
        const server = sandbox.server('db2');
        const renewed = await bench.run(renewCertificate, bench.parameters({ server: 'db2', what: 'both', when: 'now', order: 'any' })); // prettier-ignore
        expect(renewed.outcome, renewed.why).toBe('succeeded');
        const client = readFileSync(at(server, 'client-cert.pem'), 'utf8');
        await off(server);
        const ran = await bench.run(enableTls, asked('db2'));
        expect(ran.outcome, ran.why).toBe('succeeded');
        expect(readFileSync(at(server, 'client-cert.pem'), 'utf8')).toBe(client);
        await server.restart(1500);
        await untilReplicating(server);
      });

      it('refuses the primary, which only a restart would help', async () => {
        await off(sandbox.primary);
        const scene = await bench.look('anew');
        expect(enableTls.needed(scene, asked('db1')).observed).toBe('yes');
        expect(enableTls.refusals(scene, asked('db1'))).toMatchObject([{ reason: 'restart-of-primary' }]);
      });

      /** Nothing of it is left, and the server is up as it was. */
      async function takenBack(options: RunOptions): Promise<Ran> {
        const server = sandbox.server('db2');
        await off(server);
        const before = files(server);
        const ran = await bench.run(enableTls, asked('db2'), { hurry: 10, ...options });
        expect(ran.outcome, ran.why).toBe('rolled-back');
        expect(files(server)).toEqual(before);
        expect(readdirSync(server.tlsDirectory).filter((name) => name === 'next')).toEqual([]);
        await untilReplicating(server);
        const { snapshot } = await bench.look('anew');
        expect(snapshot.servers.find(({ name }) => name === 'db2')?.login?.handshake?.tlsOffered).toBe(false);
        return ran;
      }

      it('brings a server that does not come up with it back up without it', async () => {
        const server = sandbox.server('db2');
        const ran = await takenBack({
          at: { 'step:turn-on:begins': async () => writeFile(at(server, 'current/key.pem'), 'nothing of the sort') },
        });
        // MariaDB does not start; MySQL does, without TLS.
        expect(ran.why).toMatch(mysql ? /offers no TLS/ : /ended with 1/);
        expect(ran.sent.at(-1)).toBe('turn-on');
      });

      it('changes nothing where another file takes it back, or an option is not known', async () => {
        const server = sandbox.server('db2');
        const other = path.join(server.includeDirectory, 'zzz.cnf');
        writeFileSync(other, `[mysqld]\n${mysql ? "tls_version = ''" : 'skip_ssl'}\n`);
        const ran = await takenBack({});
        expect(ran.sent).toEqual(['stage', 'rehearse', 'place', 'configure']);
        expect(ran.why).toMatch(mysql ? /tls-version would be/ : /ssl would be FALSE/);
        rmSync(other);
        const wrong = await takenBack({
          at: {
            'step:configure:begins': () => writeFile(other, '[mysqld]\nno_such_option = 1\n'),
            'undo:configure:begins': () => rm(other),
          },
        });
        expect(wrong.sent).toEqual(ran.sent);
        expect(wrong.why).toMatch(/unknown variable 'no_such_option/);
      });

      it('changes nothing where its option file does not fit on the disk', async ({ skip }) => {
        const directory = sandbox.server('db2').includeDirectory;
        const mounted = await mountDisk(directory, 1).then(
          () => true,
          () => false,
        );
        if (!mounted) skip('needs root');
        try {
          let room = () => Promise.resolve();
          const ran = await takenBack({
            at: {
              'step:configure:begins': async () => {
                room = await fillDisk(directory);
              },
              'undo:place:ends': () => room(),
            },
          });
          expect(ran.sent).toEqual(['stage', 'rehearse', 'place', 'configure']);
          expect(ran.why).toContain('does not fit on the disk');
        } finally {
          await tryCommand('umount', [directory]);
        }
      });
    });

    describe('in a cluster without TLS', () => {
      let kept: Workbench['reach'];

      /** As with \`tls: { mode: disabled }\`: whoever configured it has chosen. */
      beforeAll(async () => {
        await sandbox.reset();
        for (const server of sandbox.servers)
          await server.run(['SET sql_log_bin = 0', ...Object.values(sandbox.accounts).map((one: Account) => `ALTER USER '${one.user}'@'%' REQUIRE NONE`)]); // prettier-ignore
        const { ofServer, whole, keys } = certificatesKept(sandbox, {}, services);
        const plain = await Workbench.open(scope, sandbox, { ofServer, whole, keys: { ...keys, tls: { mode: 'disabled' } } }); // prettier-ignore
        const { reach } = plain;
        const target = async (name: string) => ({ ...(await reach.target(name)), tls: undefined });
        const { certificates } = reach;
        kept = bench.reach;
        bench = plain;
        bench.reach = { ...reach, target, ...(certificates && { certificates: { ...certificates, target } }) };
      });

      it('turns it on, and lets the streams of that server speak TLS alone', async () => {
        const [db1, db2, db3] = [sandbox.primary, sandbox.server('db2'), sandbox.server('db3')];
        // MySQL turns it on where it stands; MariaDB restarts, a replica only.
        const server = mysql ? db1 : db2;
        await off(server);
        for (const replica of mysql ? [db2, db3] : [db2]) {
          await replica.sql(stopReplica(replica.column, ''));
          await sandbox.follow(replica, db1, { tls: 'off' });
        }
        const started = async () => (await server.sql("SHOW GLOBAL STATUS LIKE 'Uptime'"))[0]?.['Value'];
        const uptime = Number(await started());
        const ran = await bench.run(enableTls, asked(server.name));
        expect(ran.outcome, ran.why).toBe('succeeded');
        expect(ran.sent).toContain('channel-1-start');
        expect(ran.sent.includes('channel-2-start')).toBe(mysql);
        if (mysql) expect(Number(await started())).toBeGreaterThanOrEqual(uptime);
        const { snapshot } = await bench.look('anew');
        for (const replica of mysql ? [db2, db3] : [db2]) {
          const channels = snapshot.servers.find(({ name }) => name === replica.name)?.facts?.channels;
          expect(channels).toMatchObject([{ tls: { enabled: true, verify: true }, io: 'running', sql: 'running' }]);
        }
        expect(snapshot.servers.find(({ name }) => name === server.name)?.facts?.tls?.haveSsl).toBe('YES');
        await server.restart(1500);
        expect((await bench.look('anew')).snapshot.servers.find(({ name }) => name === server.name)?.facts?.tls?.haveSsl).toBe('YES'); // prettier-ignore
      });

      it('turns it off again where what is served is not what was made', async () => {
        const server = mysql ? sandbox.primary : sandbox.server('db3');
        for (const name of readdirSync(server.includeDirectory)) rmSync(path.join(server.includeDirectory, name));
        await off(server);
        const before = files(server);
        const ran = await bench.run(enableTls, asked(server.name), {
          hurry: 10,
          at: {
            'step:turn-on:begins': async () => {
              const other = await issue(sandbox.authority, { commonName: 'another', use: 'server', names: [server.address.host] }); // prettier-ignore
              writeFileSync(at(server, 'current/cert.pem'), other.chainPem);
              writeFileSync(at(server, 'current/key.pem'), other.keyPem.reveal());
            },
          },
        });
        expect(ran.outcome, ran.why).toBe('rolled-back');
        expect(ran.why).toContain('not the one that was made for it');
        expect(files(server)).toEqual(before);
        const { snapshot } = await bench.look('anew');
        expect(snapshot.servers.find(({ name }) => name === server.name)?.login?.handshake?.tlsOffered).toBe(false);
        bench.reach = kept;
      });
    });
  },
  oneOfEach,
);
