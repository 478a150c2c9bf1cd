import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { certificateOf, certificatesOf } from '../../src/base/x509.js';
import type { Procedure } from '../../src/engine/procedure.js';
import type { Authority } from '../../src/pki/authority.js';
import { distrustAuthority } from '../../src/procedures/certificates/rotation/distrust-authority.js';
import { reissueCertificates } from '../../src/procedures/certificates/rotation/reissue-certificates.js';
import { trustAuthority } from '../../src/procedures/certificates/rotation/trust-authority.js';
import { sandboxAuthority } from '../../src/sandbox/certificates.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { certificatesRotating } from '../../src/sandbox/configuration.js';
import { untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { describeEach, matrix } from './matrix.js';
import { reachedBySsh } from './ssh-hosts.js';
import { overhearSsh } from './ssh-overheard.js';
import { layTable, traffic } from './traffic.js';
import { Workbench, textOf } from './workbench.js';

/** Whom the servers run as, where that can be. */
const user = process.getuid?.() === 0 ? 60_042 : undefined;

// What differs between servers is no matter of how their machines are reached: one version.
await describeEach(
  'rotation of the authority over SSH, keys staying on the hosts',
  (version) => {
    describe('all three rounds', () => {
      const scope = new Scope();
      let sandbox: SandboxCluster;
      let bench: Workbench;
      let next: Authority;
      const passed = overhearSsh();
      const pairs = ['', 'client-'] as const;
      const at = (server: SandboxServer, name: string) => path.join(server.tlsDirectory, name);

      /** Lines of every key that lies anywhere on the hosts, in whichever generation. */
      const keyLines = () =>
        sandbox.servers.flatMap((server) =>
          readdirSync(server.tlsDirectory, { recursive: true })
            .map(String)
            .filter((name) => name.endsWith('key.pem'))
            .flatMap((name) => readFileSync(at(server, name), 'utf8').split('\n'))
            .filter((line) => line.length > 20 && !line.startsWith('-----')),
        );

      beforeAll(async () => {
        sandbox = scope.own(
          await createCluster({ version, replicas: 1, servers: { db1: { user }, db2: { user } } }),
          (cluster) => cluster.stop(),
        );
        next = await sandboxAuthority(sandbox.scope, 'Another authority');
        const machines = await reachedBySsh(scope, sandbox);
        const rotating = certificatesRotating(
          sandbox,
          { name: 'next', directory: next.directory },
          { name: 'former', directory: sandbox.authority.directory },
          { keys: 'host' },
        );
        bench = await Workbench.open(scope, sandbox, machines.over(rotating));
        await layTable(sandbox);
      });
      afterAll(() => scope.end());

      it('go by while nobody notices, and no byte of a key passes', async () => {
        const { rotation } = await bench.look('anew');
        const [before, facts]: [Set<string>, string[]] = [new Set(keyLines()), []];
        const told: string[] = [];
        const round = async (procedure: Procedure) => {
          const began = performance.now();
          const asked = bench.parameters({ acknowledged: 'applications', accounts: 'app' });
          const ran = await bench.run(
            procedure,
            procedure === distrustAuthority
              ? asked
              : bench.parameters(procedure === trustAuthority ? {} : { acknowledged: 'applications' }),
          );
          expect(ran.outcome, ran.why).toBe('succeeded');
          facts.push(`${procedure.name} ${((performance.now() - began) / 1000).toFixed(1)} s`);
          told.push(JSON.stringify(ran.notes), textOf(ran));
          for (const line of keyLines()) before.add(line);
        };
        const seen = await traffic(sandbox, async () => {
          await round(trustAuthority);
          await round(reissueCertificates);
          expect(certificateOf(readFileSync(sandbox.client.cert)).issuer).toBe(next.certificate.subject);
          await round(distrustAuthority);
        });
        const stopped = seen.standing.filter((line) => line.includes('"sql":"No"'));
        const [sent = '', come = ''] = passed();
        process.stderr.write(
          `rotation over SSH, keys on hosts, on ${version}: ${facts.join(', ')}; ${JSON.stringify({ ...seen, failedWrites: seen.failedWrites.length, refusedLogins: seen.refusedLogins.length, standing: seen.standing.length })}; applier stopped ${stopped.length}; ${sent.length} and ${come.length} bytes overheard, ${before.size} lines of keys looked for\n`,
        );
        expect(seen.failedWrites).toEqual([]);
        expect(seen.refusedLogins).toEqual([]);
        expect(stopped).toEqual([]);
        expect(seen.writes).toBeGreaterThan(50);
        expect(seen.logins).toBeGreaterThan(50);

        const { to } = rotation ?? {};
        for (const server of sandbox.servers) {
          for (const pair of pairs) {
            const certificate = new X509Certificate(readFileSync(at(server, `${pair}cert.pem`)));
            expect(certificateOf(certificate).issuer).toBe(to?.certificates[0].subject);
            expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(at(server, `${pair}key.pem`))))).toBe(true); // prettier-ignore
            const { uid, mode } = statSync(at(server, `${pair}key.pem`));
            expect([uid, mode & 0o777]).toEqual([user ?? process.getuid?.(), 0o600]);
          }
          expect(certificatesOf(readFileSync(at(server, 'ca.pem'), 'utf8')).map(({ subject }) => subject)).toEqual([to?.certificates[0].subject]); // prettier-ignore
        }
        const { snapshot } = await bench.look('anew');
        for (const server of snapshot.servers)
          expect(server.login?.handshake?.chain[0]?.fingerprint).toBe(certificateOf(readFileSync(at(sandbox.server(server.name), 'cert.pem'))).fingerprint); // prettier-ignore
        await untilReplicating(sandbox.server('db2'));
        await untilCaughtUp(sandbox.server('db2'), sandbox.primary);

        // What listens there does hear: requests come, certificates go.
        expect(come).toContain('BEGIN CERTIFICATE REQUEST');
        expect(sent).toContain('BEGIN CERTIFICATE-----');
        for (const line of ['PRIVATE KEY', ...before]) {
          expect(sent.includes(line), 'sent').toBe(false);
          expect(come.includes(line), 'received').toBe(false);
          expect(told.join('\n').includes(line), 'told').toBe(false);
        }
        // What a restart reads is what is served.
        await sandbox.server('db2').restart(1500);
        await untilReplicating(sandbox.server('db2'));
      }, 240_000);
    });
  },
  matrix.filter((name) => name === 'mariadb-10.11'),
);
