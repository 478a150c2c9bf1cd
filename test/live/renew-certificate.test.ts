import { existsSync, lstatSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateAction, type CertificateReach } from '../../src/actors/certificates/actor.js';
import { LockstepError } from '../../src/base/errors.js';
import { Scope } from '../../src/base/scope.js';
import { certificateOf } from '../../src/base/x509.js';
import type { Host } from '../../src/hosts/host.js';
import { createAuthority } from '../../src/pki/authority.js';
import { issue, type IssueRequest } from '../../src/pki/issue.js';
import { renewCertificate } from '../../src/procedures/certificates/renew-certificate.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { authorityWish, sandboxAuthority } from '../../src/sandbox/certificates.js';
import { tryCommand } from '../../src/sandbox/command.js';
import { certificatesKept } from '../../src/sandbox/configuration.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { fillDisk, mountDisk } from '../../src/sandbox/disk.js';
import { expired, notYetValid } from '../../src/sandbox/faults.js';
import { untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { describeEach, oneOfEach } from './matrix.js';
import { layTable, traffic } from './traffic.js';
import { watchedHost } from './watched-host.js';
import { Workbench, textOf, type Ran, type RunOptions } from './workbench.js';

await describeEach(
  'renew-certificate',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    const renew = (server: string, more: Readonly<Record<string, string>> = {}) =>
      bench.parameters({ server, what: 'both', when: 'now', order: 'any', ...more });
    const at = (server: SandboxServer, name: string) => path.join(server.tlsDirectory, name);
    const filePrint = (server: SandboxServer, name: string) =>
      certificateOf(readFileSync(at(server, name))).fingerprint;
    const keys: string[] = [];

    /** What the files, and what the wire, say of every server. */
    async function agree(): Promise<void> {
      const { snapshot } = await bench.look('anew');
      for (const server of snapshot.servers) {
        expect(server.login?.handshake?.verification, server.name).toMatchObject({ verified: true });
        expect(server.login?.handshake?.chain[0]?.fingerprint).toBe(filePrint(sandbox.server(server.name), 'cert.pem'));
      }
      for (const replica of sandbox.replicas) await untilReplicating(replica);
    }

    function bytes(server: SandboxServer): Readonly<Record<string, string>> {
      const names = ['cert.pem', 'key.pem', 'ca.pem', 'client-cert.pem', 'client-key.pem'];
      return Object.fromEntries(names.map((name) => [name, readFileSync(at(server, name), 'utf8')]));
    }

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 2 }), (cluster) => cluster.stop());
      bench = await Workbench.open(scope, sandbox, certificatesKept(sandbox));
      await layTable(sandbox);
    });
    afterAll(() => scope.end());

    it('renews every certificate of every server while nobody notices', async () => {
      const before = sandbox.servers.map((server) => filePrint(server, 'cert.pem'));
      const seen = await traffic(sandbox, async () => {
        for (const name of ['db3', 'db2', 'db1']) {
          const ran = await bench.run(renewCertificate, renew(name));
          expect(ran.outcome, ran.why).toBe('succeeded');
          keys.push(readFileSync(at(sandbox.server(name), 'key.pem'), 'utf8'));
          expect(JSON.stringify([ran.notes, textOf(ran)])).not.toMatch(/PRIVATE KEY/);
        }
      });
      process.stderr.write(
        `renewal on ${version}: ${JSON.stringify({ ...seen, failedWrites: seen.failedWrites.length, refusedLogins: seen.refusedLogins.length, standing: seen.standing.length })}\n`,
      );
      expect(seen.failedWrites).toEqual([]);
      expect(seen.refusedLogins).toEqual([]);
      expect(seen.writes).toBeGreaterThan(50);
      expect(seen.logins).toBeGreaterThan(50);
      await agree();
      expect(
        sandbox.servers.map((server) => filePrint(server, 'cert.pem')).filter((one) => before.includes(one)),
      ).toEqual([]);
      for (const server of sandbox.servers) {
        expect(lstatSync(at(server, 'cert.pem')).isSymbolicLink()).toBe(true);
        expect(lstatSync(path.join(server.tlsDirectory, 'current/key.pem')).mode & 0o777).toBe(0o600);
        await untilCaughtUp(sandbox.replicas[0] ?? server, sandbox.primary);
      }
      // What a restart reads is what is served.
      await sandbox.server('db3').restart();
      await agree();
    });

    describe('with something wrong', () => {
      /** Nothing of it is left: the bytes of before, on disk and on the wire. */
      async function unchanged(options: RunOptions, reach: Partial<CertificateReach> = {}): Promise<Ran> {
        const before = bytes(sandbox.primary);
        const kept = bench.reach;
        const { certificates } = kept;
        if (certificates === undefined) throw new Error('no certificates');
        bench.reach = { ...kept, certificates: { ...certificates, ...reach } };
        const ran = await bench.run(renewCertificate, renew('db1'), { hurry: 10, ...options });
        bench.reach = kept;
        expect(bytes(sandbox.primary)).toEqual(before);
        await agree();
        return ran;
      }

      const next = (name: string) => path.join(sandbox.primary.tlsDirectory, 'next', name);
      async function lay(wish: Partial<IssueRequest>): Promise<void> {
        const names = [sandbox.primary.address.host, 'db1'];
        const other = await issue(sandbox.authority, { commonName: 'db1', use: 'server', names, ...wish });
        writeFileSync(next('cert.pem'), other.chainPem);
        writeFileSync(next('key.pem'), other.keyPem.reveal());
      }
      const before = (work: () => void | Promise<void>) => ({ at: { 'step:rehearse:begins': async () => work() } });
      const after = (work: () => void | Promise<void>) => ({ at: { 'step:place:begins': async () => work() } });

      it.each([
        [
          'a key of another certificate',
          () => lay({}).then(() => writeFileSync(next('key.pem'), keys[0] ?? '')),
          /key/,
        ],
        ['another name', () => lay({ names: ['elsewhere.example'] }), /would refuse.*altnames/],
        ['a time that is over', () => lay(expired()), /would refuse.*expired/],
        ['a time that has not come', () => lay(notYetValid()), /would refuse.*not yet valid/],
        ['a use that is none of a server', () => lay({ use: 'client' }), /would refuse.*purpose|usage/],
        ['nothing in its file', () => writeFileSync(next('cert.pem'), ''), /./],
      ])('changes nothing for a certificate with %s', async (_, work, why) => {
        const ran = await unchanged(before(work));
        expect(ran).toMatchObject({ outcome: 'rolled-back', sent: ['stage', 'rehearse'] });
        expect(ran.why).toMatch(why);
        expect(existsSync(next('cert.pem'))).toBe(false);
        expect(readdirSync(sandbox.primary.tlsDirectory).filter((name) => name === 'a' || name === 'b')).toHaveLength(
          1,
        );
      });

      it('changes nothing for an authority that nobody trusts, or a chain with a gap', async () => {
        const stranger = await sandboxAuthority(sandbox.scope, 'a stranger');
        const strange = await unchanged({}, { authority: () => Promise.resolve(stranger) });
        expect(strange).toMatchObject({ outcome: 'rolled-back', sent: ['stage', 'rehearse'] });
        expect(strange.why).toMatch(/^Shake hands .* would refuse/);
        const wish = authorityWish(path.join(await takeDirectory(sandbox.scope), 'between'), 'between');
        const between = await createAuthority({ ...wish, parent: sandbox.authority });
        const gap = { ...between, authorityPem: sandbox.authority.authorityPem };
        const gone = await unchanged({}, { authority: () => Promise.resolve(gap) });
        expect(gone).toMatchObject({ outcome: 'rolled-back', sent: ['stage', 'rehearse'] });
      });

      it.each([
        [
          'the server refuses to load it',
          () => writeFileSync(next('key.pem'), keys[0] ?? ''),
          /said no|refresh SSL|set up SSL/,
        ],
        ['it was swapped for one that is over', () => lay(expired()), /not seen|said no/],
      ])('takes it back when %s', async (_, work, why) => {
        const ran = await unchanged(after(work));
        expect(ran.outcome).toBe('rolled-back');
        expect(ran.why).toMatch(why);
      });

      it('takes it back when a replica cannot connect any more', async () => {
        const replica = sandbox.server('db3');
        const trust = readFileSync(at(replica, 'ca.pem'), 'utf8');
        const stranger = await sandboxAuthority(sandbox.scope, 'another stranger');
        const ran = await unchanged({
          at: {
            'step:reconnect-2:begins': () => writeFile(at(replica, 'ca.pem'), stranger.authorityPem),
            'undo:reconnect-2:begins': () => writeFile(at(replica, 'ca.pem'), trust),
          },
        });
        expect(ran).toMatchObject({ outcome: 'rolled-back' });
        expect(ran.sent).toEqual(['stage', 'rehearse', 'place', 'load', 'reconnect-1', 'reconnect-2']);
      });

      it('changes nothing on a full disk, whenever it fills', async ({ skip }) => {
        const directory = sandbox.primary.tlsDirectory;
        const kept = bytes(sandbox.primary);
        const mounted = await mountDisk(directory, 1).then(
          () => true,
          () => false,
        );
        if (!mounted) skip('needs root');
        try {
          for (const [name, content] of Object.entries(kept)) writeFileSync(at(sandbox.primary, name), content);
          let room = await fillDisk(directory);
          const ran = await unchanged({});
          expect(ran).toMatchObject({ outcome: 'rolled-back', sent: ['stage'] });
          expect(ran.why).toContain('does not fit on the disk');
          await room();
          // Full after the first files of the generation, of which nothing stays.
          const { certificates } = bench.reach;
          let writes = 0;
          const filling = async () => {
            if ((writes += 1) === 3) room = await fillDisk(directory);
          };
          const host = (server: string) => {
            const real = certificates?.host(server);
            return real && watchedHost(real, filling, ['write']);
          };
          const halfway = await unchanged({}, { host });
          expect(halfway).toMatchObject({ outcome: 'rolled-back', sent: ['stage'] });
          expect(halfway.why).toContain('does not fit on the disk');
          await room();
          // Full once it is made: neither placing nor taking back needs room for files.
          const fill = async () => {
            room = await fillDisk(directory);
          };
          const placed = await unchanged({ at: { 'step:place:begins': fill }, breakAt: 'step:load:ends' });
          expect(placed).toMatchObject({ outcome: 'rolled-back', sent: ['stage', 'rehearse', 'place', 'load'] });
          await room();
        } finally {
          await tryCommand('umount', [directory]);
        }
        await agree();
      });

      it('leaves the server as it is when its machine goes away in between', async () => {
        const { certificates } = bench.reach;
        let gone = false;
        const host = (server: string) => {
          const real = certificates?.host(server);
          return (
            real &&
            watchedHost(real, () => {
              if (gone) throw new LockstepError('host-unreachable', 'the machine is gone');
              return Promise.resolve();
            })
          );
        };
        const ran = await unchanged(
          after(() => void (gone = true)),
          { host },
        );
        expect(ran).toMatchObject({ outcome: 'rolled-back', sent: ['stage', 'rehearse', 'place'] });
        expect(ran.why).toContain('the machine is gone');
      });
    });

    it('waits, after a restart, until the server lets a login in', async () => {
      const server = sandbox.server('db3');
      const { certificates } = bench.reach;
      if (certificates === undefined) throw new Error('no certificates');
      let started: Promise<void> | undefined;
      const host = {
        restart: async () => {
          await server.kill();
          started = server.start();
        },
        close: () => Promise.resolve(),
      } as unknown as Host;
      const action = { kind: 'restart', on: 'db3', service: 'mysql', noteAs: 'loaded' } as const;
      const signal = AbortSignal.timeout(60_000);
      const notes = await certificateAction(action, { ...certificates, host: () => host }, {}, signal);
      expect(Date.parse(notes['loaded'] ?? '')).toBeGreaterThan(Date.now() - 60_000);
      await agree();
      await started;
    });
  },
  oneOfEach,
);
