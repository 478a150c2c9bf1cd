import { chmodSync, chownSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { certificateOf } from '../../src/base/x509.js';
import { openHost } from '../../src/hosts/open.js';
import { enableTls } from '../../src/procedures/certificates/enable-tls.js';
import { renewCertificate } from '../../src/procedures/certificates/renew-certificate.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { certificatesKept } from '../../src/sandbox/configuration.js';
import { untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { serviceOf } from '../../src/sandbox/service.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Workbench, type Ran, type RunOptions } from './workbench.js';

/** Whom the servers run as, and whom Lockstep is on a host where it is not root. */
const [mysqld, another] = [60_042, 60_043];

// Elsewhere in these tests servers run as root, who may read everything.
await describeEach(
  'a server that runs as a user of its own',
  (version) => {
    describe.skipIf(process.getuid?.() !== 0)('needs root', () => {
      const scope = new Scope();
      let sandbox: SandboxCluster;
      let bench: Workbench;
      let replica: SandboxServer;
      const at = (...names: readonly string[]) => path.join(replica.tlsDirectory, ...names);
      const names = ['cert.pem', 'key.pem', 'ca.pem', 'client-cert.pem', 'client-key.pem'];
      const asked = () => bench.parameters({ server: 'db2', what: 'both', when: 'now', order: 'any' });

      /** Content, owner and mode of every file that the server and its channel read. */
      const files = () =>
        names.map((name) => {
          const { uid, gid, mode } = statSync(at(name));
          return [name, readFileSync(at(name), 'utf8'), uid, gid, mode & 0o777];
        });

      /** What is served is what stands in the file, and the replica replicates. */
      async function agree(): Promise<void> {
        const { snapshot } = await bench.look('anew');
        const server = snapshot.servers.find(({ name }) => name === 'db2');
        expect(server?.login?.handshake?.verification).toMatchObject({ verified: true });
        expect(server?.login?.handshake?.chain[0]?.fingerprint).toBe(
          certificateOf(readFileSync(at('cert.pem'))).fingerprint,
        );
        await untilReplicating(replica);
      }

      /** Nothing of it is left: bytes, owners and modes of before, on the wire too, and after a restart. */
      async function unchanged(options: RunOptions): Promise<Ran> {
        const before = files();
        const ran = await bench.run(renewCertificate, asked(), { hurry: 10, ...options });
        expect(ran.outcome, ran.why).toBe('rolled-back');
        expect(files()).toEqual(before);
        await agree();
        return ran;
      }

      beforeAll(async () => {
        sandbox = scope.own(
          await createCluster({ version, replicas: 1, servers: { db2: { user: mysqld } } }),
          (cluster) => cluster.stop(),
        );
        replica = sandbox.server('db2');
        const services = { db2: await serviceOf(scope, replica) };
        bench = await Workbench.open(scope, sandbox, certificatesKept(sandbox, {}, services));
      });
      afterAll(() => scope.end());

      it('cannot read a key that belongs to another', async () => {
        expect(readFileSync(`/proc/${replica.pid}/status`, 'utf8')).toMatch(new RegExp(`^Uid:\\t${mysqld}\\t${mysqld}\\t`, 'm')); // prettier-ignore
        chownSync(at('key.pem'), 0, 0);
        await expect(replica.sql(replica.words.reloadTls)).rejects.toThrow();
        chownSync(at('key.pem'), mysqld, mysqld);
        await replica.sql(replica.words.reloadTls);
      });

      it('gets nothing from a Lockstep that could not give it away', async () => {
        // An account for Lockstep in the group of the server, with a directory that it may write into.
        const { mode } = statSync(replica.tlsDirectory);
        chmodSync(replica.tlsDirectory, 0o770);
        for (const name of ['key.pem', 'client-key.pem']) chmodSync(at(name), 0o640);
        const { reach } = bench;
        const { certificates } = reach;
        if (certificates === undefined) throw new Error('no certificates');
        const command = ['setpriv', `--reuid=${another}`, `--regid=${mysqld}`, '--clear-groups'];
        const limits = { paths: [replica.tlsDirectory], programs: [], services: {} };
        const host = () => openHost({ kind: 'command', command, ...limits });
        bench.reach = { ...reach, certificates: { ...certificates, host } };
        const before = files();
        const ran = await bench.run(renewCertificate, asked(), { hurry: 10 });
        bench.reach = reach;
        expect(ran).toMatchObject({ outcome: 'rolled-back', sent: ['stage'] });
        expect(ran.why).toContain('may not be read or changed');
        expect(files()).toEqual(before);
        await agree();
        chmodSync(replica.tlsDirectory, mode);
        for (const name of ['key.pem', 'client-key.pem']) chmodSync(at(name), 0o600);
      });

      it('can read all that a renewal gives it, at once and when it starts', async () => {
        const ran = await bench.run(renewCertificate, asked());
        expect(ran.outcome, ran.why).toBe('succeeded');
        const owned = files().map(([name, , ...facts]) => [name, ...facts]);
        expect(owned).toEqual(names.map((name) => [name, mysqld, mysqld, name.endsWith('key.pem') ? 0o600 : 0o644]));
        expect(lstatSync(at('current')).isSymbolicLink()).toBe(true);
        await agree();
        await replica.restart(1500);
        await agree();
      });

      it.each([
        ['key', 'key.pem'],
        ['certificate', 'cert.pem'],
        ['file of authorities', 'ca.pem'],
        ['directory', '.'],
      ])('keeps what it serves when it may not read the new %s, which is taken back', async (_, name) => {
        const ran = await unchanged({
          at: {
            // As a copy by hand leaves it, in between.
            'step:place:begins': async () => {
              chownSync(at('next', name), 0, 0);
              chmodSync(at('next', name), name === '.' ? 0o700 : 0o600);
              return Promise.resolve();
            },
          },
        });
        expect(ran.sent).toEqual(['stage', 'rehearse', 'place', 'load']);
        expect(ran.why).toMatch(/said no|refresh SSL|set up SSL/);
      });

      it('takes it back where its link to the source may not read what it is to present', async () => {
        const ran = await unchanged({
          at: {
            'step:place:begins': async () => {
              chownSync(at('next/client-key.pem'), 0, 0);
              return Promise.resolve();
            },
          },
        });
        expect(ran.sent).toEqual(['stage', 'rehearse', 'place', 'load', 'reconnect-1']);
      });

      it('reads its first certificate, which is made for whom its directory belongs to', async () => {
        replica.setTls('off');
        await replica.restart(1500);
        await untilReplicating(replica);
        // Its channel reads these; of its own there is nothing yet.
        const own = ['ca.pem', 'client-cert.pem', 'client-key.pem'].map((name) => [at(name), readFileSync(at(name))] as const); // prettier-ignore
        for (const name of readdirSync(replica.tlsDirectory)) await rm(at(name), { recursive: true });
        for (const [file, content] of own) writeFileSync(file, content, { mode: 0o600 });
        await replica.own(replica.tlsDirectory);
        const ran = await bench.run(enableTls, bench.parameters({ server: 'db2' }));
        expect(ran.outcome, ran.why).toBe('succeeded');
        const { uid, gid, mode } = statSync(at('key.pem'));
        expect([uid, gid, mode & 0o777]).toEqual([mysqld, mysqld, 0o600]);
        const { snapshot } = await bench.look('anew');
        const server = snapshot.servers.find(({ name }) => name === 'db2');
        expect(server?.login?.handshake?.chain[0]?.fingerprint).toBe(certificateOf(readFileSync(at('cert.pem'))).fingerprint); // prettier-ignore
      });
    });
  },
  oneOfEach,
);
