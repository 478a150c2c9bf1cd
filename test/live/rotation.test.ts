import { createPrivateKey, X509Certificate } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import { Scope } from '../../src/base/scope.js';
import { certificateOf, certificatesOf } from '../../src/base/x509.js';
import type { Procedure } from '../../src/engine/procedure.js';
import { LoginError, openSession } from '../../src/mysql/session.js';
import type { Authority } from '../../src/pki/authority.js';
import { issue } from '../../src/pki/issue.js';
import { renewCertificate } from '../../src/procedures/certificates/renew-certificate.js';
import { distrustAuthority } from '../../src/procedures/certificates/rotation/distrust-authority.js';
import { reissueCertificates } from '../../src/procedures/certificates/rotation/reissue-certificates.js';
import { trustAuthority } from '../../src/procedures/certificates/rotation/trust-authority.js';
import { switchover } from '../../src/procedures/switchover.js';
import { sandboxAuthority } from '../../src/sandbox/certificates.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { certificatesRotating } from '../../src/sandbox/configuration.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { describeEach, oneOfEach } from './matrix.js';
import { layTable, traffic } from './traffic.js';
import { Workbench, textOf, type Ran, type RunOptions } from './workbench.js';

await describeEach(
  'rotation of the authority',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let former: Authority;
    let next: Authority;
    let shop: string;
    const all = { acknowledged: 'reports' };
    const at = (server: SandboxServer, name: string) => path.join(server.tlsDirectory, name);
    const subjectsIn = (file: string) => certificatesOf(readFileSync(file, 'utf8')).map(({ subject }) => subject);
    const trusted = () => [...sandbox.servers.map((server) => at(server, 'ca.pem')), sandbox.client.ca, shop];
    const names = ['cert.pem', 'client-cert.pem'];
    const issuers = () =>
      sandbox.servers.flatMap((server) => names.map((name) => certificateOf(readFileSync(at(server, name))).issuer));

    /** What files, wire and links say of every server. */
    async function agree(): Promise<void> {
      const { snapshot } = await bench.look('anew');
      for (const server of snapshot.servers) {
        expect(server.login?.handshake?.verification, server.name).toMatchObject({ verified: true });
        const file = certificateOf(readFileSync(at(sandbox.server(server.name), 'cert.pem')));
        expect(server.login?.handshake?.chain[0]?.fingerprint).toBe(file.fingerprint);
      }
    }

    async function refusalsOf(procedure: Procedure, more: Readonly<Record<string, string>> = all) {
      const scene = await bench.look('anew');
      return procedure.refusals(scene, bench.parameters(more)).map(({ reason }) => reason);
    }

    async function done(procedure: Procedure, more: Readonly<Record<string, string>> = all): Promise<Ran> {
      const ran = await bench.run(procedure, bench.parameters(more));
      expect(ran.outcome, ran.why).toBe('succeeded');
      const keys = sandbox.servers.map((server) => readFileSync(at(server, 'key.pem'), 'utf8').split('\n')[3] ?? '');
      for (const secret of ['PRIVATE KEY', ...keys])
        expect(JSON.stringify([ran.notes, textOf(ran)])).not.toContain(secret);
      const { observed, why } = procedure.needed(await bench.look('anew'), bench.parameters(more));
      expect(observed, why).toBe('no');
      return ran;
    }

    /** A certificate of an authority, shown to a server as whoever logs in does. */
    async function shown(authority: Authority, server: SandboxServer): Promise<string> {
      const { chainPem: cert, keyPem: key } = await issue(authority, {
        commonName: 'somebody',
        use: 'client',
        names: [],
      });
      const { user, password } = sandbox.accounts.monitor;
      try {
        const session = await openSession(
          {
            address: server.address,
            user,
            password: () => Promise.resolve(password),
            tls: { verify: 'identity', ca: readFileSync(sandbox.client.ca), cert, key },
          },
          { signal: AbortSignal.timeout(10_000) },
        );
        await session.end();
        return 'accepted';
      } catch (cause) {
        if (cause instanceof LoginError) return cause.failure.reason;
        throw cause;
      }
    }

    /** Lockstep as it logs in, to every server on each of its accounts, all the time while something goes on. */
    async function knocking<T>(work: () => Promise<T>): Promise<{ done: T; logins: number; refused: string[] }> {
      const { certificates } = bench.reach;
      if (certificates === undefined) throw new Error('no certificates');
      let [over, logins] = [false, 0];
      const refused: string[] = [];
      const knock = async (server: string) => {
        while (!over)
          for (const target of await certificates.ownTargets({ cluster: 'sandbox', server })) {
            try {
              await (await openSession(target, { signal: AbortSignal.timeout(10_000) })).end();
              logins += 1;
            } catch (cause) {
              refused.push(String(cause));
            }
          }
      };
      const knocks = sandbox.servers.map(({ name }) => knock(name));
      try {
        return { done: await work(), logins, refused };
      } finally {
        over = true;
        await Promise.all(knocks);
      }
    }

    /** Requires of the account that Lockstep acts on what only certificates of this authority have, everywhere. */
    async function requireIssuer(authority: Authority | undefined): Promise<void> {
      const { primary, accounts, replicas } = sandbox;
      const requirement = authority === undefined ? 'SSL' : `ISSUER '/${authority.certificate.subject}'`;
      await primary.sql(`ALTER USER ${accounts.operate.user}@'%' REQUIRE ${requirement}`);
      for (const replica of replicas) await untilCaughtUp(replica, primary);
    }

    /** Whether that lets Lockstep in: the servers alone see what is presented to them. */
    async function presentedIs(authority: Authority): Promise<boolean> {
      await requireIssuer(authority);
      const logins = sandbox.servers.map(async ({ name: server }) => {
        const targets = (await bench.reach.certificates?.ownTargets({ cluster: 'sandbox', server })) ?? [];
        const target = targets.find(({ user }) => user === sandbox.accounts.operate.user);
        if (target === undefined) throw new Error('no account');
        return openSession(target, { signal: AbortSignal.timeout(10_000) }).then(
          async (session) => session.end().then(() => 'in'),
          (cause: unknown) => (cause instanceof LoginError ? cause.failure.reason : String(cause)),
        );
      });
      const words = new Set(await Promise.all(logins));
      await requireIssuer(undefined);
      expect(words.size).toBe(1);
      if (!words.has('in')) expect([...words]).toEqual(['access-denied']);
      return words.has('in');
    }

    const pairOf = () => [sandbox.client.cert, sandbox.client.key].map((file) => readFileSync(file, 'utf8'));

    /** What people do: another certificate, in one turn. */
    async function ownCertificate(authority: Authority): Promise<void> {
      const made = await issue(authority, { commonName: 'lockstep', use: 'client', names: [] });
      writeFileSync(sandbox.client.cert, made.chainPem);
      writeFileSync(sandbox.client.key, made.keyPem.reveal());
    }

    async function openBench(to: Authority, toName: string, from: Authority, fromName: string): Promise<Workbench> {
      const applications = { shop: { ca_file: shop }, reports: {} };
      const rotating = certificatesRotating(
        sandbox,
        { name: toName, directory: to.directory },
        { name: fromName, directory: from.directory },
        { applications },
      );
      return Workbench.open(scope, sandbox, rotating);
    }

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      former = sandbox.authority;
      next = await sandboxAuthority(sandbox.scope, 'Another authority');
      shop = path.join(await takeDirectory(sandbox.scope), 'mysql-ca.pem');
      writeFileSync(shop, former.authorityPem);
      bench = await openBench(next, 'next', former, 'former');
      await layTable(sandbox);
    });
    afterAll(() => scope.end());

    it("renews Lockstep's own, or presents the same bytes as before", async () => {
      const asked = bench.parameters({ what: 'both', when: 'now', order: 'replicas-first' });
      const before = pairOf();
      for (const breakAt of ['step:own-try:begins', 'step:own-see:begins', 'step:own-see:ends']) {
        const ran = await bench.run(renewCertificate, asked, { breakAt, hurry: 10 });
        expect(ran.outcome, ran.why).toBe('rolled-back');
        expect(pairOf(), breakAt).toEqual(before);
        expect(readdirSync(`${sandbox.client.cert}.lockstep`).sort()).toEqual(['a', 'current']);
      }
      // Servers that refuse it end it before it is presented.
      const stranger = await issue(await sandboxAuthority(sandbox.scope, 'Stranger'), { commonName: 'lockstep', use: 'client', names: [] }); // prettier-ignore
      const refused = await bench.run(renewCertificate, asked, {
        hurry: 10,
        at: {
          'step:own-try:begins': () => {
            const laid = [sandbox.client.cert, sandbox.client.key].map((file) => path.join(`${sandbox.client.cert}.lockstep/next`, path.basename(file))); // prettier-ignore
            writeFileSync(laid[0] ?? '', stranger.chainPem);
            writeFileSync(laid[1] ?? '', stranger.keyPem.reveal());
            return Promise.resolve();
          },
        },
      });
      expect(refused, refused.why).toMatchObject({ outcome: 'rolled-back', sent: ['own-lay', 'own-try'] });
      expect(refused.why).toContain('is not let in with the new certificate');
      expect(pairOf()).toEqual(before);
      // One that lets nobody in on an account says nothing of it.
      const refusing = sandbox.server('db2');
      const { user } = sandbox.accounts.operate;
      await refusing.run(['SET sql_log_bin = 0', `ALTER USER ${user}@'%' ACCOUNT LOCK`]);
      const { done: locked } = await knocking(() => bench.run(renewCertificate, asked));
      await refusing.run(['SET sql_log_bin = 0', `ALTER USER ${user}@'%' ACCOUNT UNLOCK`]);
      expect([locked.outcome, locked.notes['own-unseen']], locked.why).toEqual(['succeeded', `${user} on sandbox/db2`]);
      const { done: ran, refused: faults } = await knocking(() => bench.run(renewCertificate, asked));
      expect([ran.outcome, ran.notes['own-unseen'], faults], ran.why).toEqual(['succeeded', '', []]);
      const [cert = '', key = ''] = pairOf();
      expect(before).not.toContain(key);
      expect(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))).toBe(true);
      expect(statSync(sandbox.client.key).mode & 0o077).toBe(0);
      expect(JSON.stringify([ran.notes, textOf(ran)])).not.toContain(key.split('\n')[3]);
      await agree();
    });

    describe('before everybody trusts the new one', () => {
      it('refuses the later rounds, naming the earlier', async () => {
        expect(await refusalsOf(reissueCertificates)).toContain('authority-untrusted');
        expect(await refusalsOf(reissueCertificates, {})).toContain('trust-unacknowledged');
        expect(await refusalsOf(reissueCertificates, { acknowledged: 'reports,stranger' })).toContain(
          'unknown-application',
        );
        expect(await refusalsOf(distrustAuthority)).toEqual(
          expect.arrayContaining(['still-in-use', 'authority-untrusted']),
        );
      });

      /** Nothing of it is left anywhere. */
      async function unchanged(options: RunOptions, hosts?: (server: string) => void): Promise<Ran> {
        const before = trusted().map((file) => readFileSync(file, 'utf8'));
        const kept = bench.reach;
        const { certificates } = kept;
        if (certificates === undefined) throw new Error('no certificates');
        const host = (server: string) => {
          hosts?.(server);
          return certificates.host(server);
        };
        bench.reach = { ...kept, certificates: { ...certificates, host } };
        const ran = await bench.run(trustAuthority, bench.parameters(), { hurry: 10, ...options });
        bench.reach = kept;
        expect(ran.outcome, ran.why).toBe('rolled-back');
        // As text, what stood around the certificates of a file that stands by itself is gone.
        expect(trusted().map(subjectsIn)).toEqual(
          before.map((pem) => certificatesOf(pem).map(({ subject }) => subject)),
        );
        await agree();
        for (const replica of sandbox.replicas) await untilReplicating(replica);
        return ran;
      }

      it('takes all of it back when a server refuses to load what it is given', async () => {
        const broken = () => {
          writeFileSync(path.join(sandbox.primary.tlsDirectory, 'current/ca.pem'), 'nobody');
          return Promise.resolve();
        };
        const ran = await unchanged({ at: { 'step:db1-load:begins': broken } });
        expect(ran.why).toMatch(/said no|refresh SSL|set up SSL/);
        expect(ran.sent).toContain('db2-prove');
      });

      it('takes all of it back when a machine goes away in the middle', async () => {
        let gone = false;
        const ran = await unchanged(
          {
            at: {
              'step:db1-place:begins': () => Promise.resolve(void (gone = true)),
              // It comes back when it is looked for.
              'undo:db1-stage:begins': () => Promise.resolve(void (gone = false)),
            },
          },
          (server) => {
            if (gone && server === 'db1') throw new LockstepError('host-unreachable', 'the machine is gone');
          },
        );
        expect(ran.why).toContain('the machine is gone');
      });

      it('believes no file: a server that has not read it refuses, before any certificate changes', async () => {
        const kept = trusted().map((file) => [file, readFileSync(file, 'utf8')] as const);
        for (const [file, pem] of kept) writeFileSync(file, pem + next.authorityPem);
        expect(trustAuthority.needed(await bench.look('anew'), bench.parameters()).observed).toBe('no');
        const before = issuers();
        const ran = await bench.run(reissueCertificates, bench.parameters(all));
        expect(ran).toMatchObject({ outcome: 'failed', sent: ['prove'] });
        expect(ran.why).toMatch(/db2 refuses a certificate of the authority next/);
        expect(issuers()).toEqual(before);
        for (const [file, pem] of kept) writeFileSync(file, pem);
      });

      it('refuses to go on while a server cannot be asked', async () => {
        const [replica] = sandbox.replicas;
        await replica?.stop();
        for (const procedure of [trustAuthority, reissueCertificates, distrustAuthority])
          expect(await refusalsOf(procedure)).toContain('server-unseen');
        await replica?.start();
        await bench.lookUntil('it to be seen again', ({ snapshot }) =>
          snapshot.servers.every(({ facts }) => facts !== undefined),
        );
        if (replica) await untilReplicating(replica);
      });
    });

    it('moves everything to another authority while nobody notices', async () => {
      const { primary } = sandbox;
      const facts: string[] = [];
      const round = async (procedure: Procedure) => {
        const began = performance.now();
        await done(procedure);
        facts.push(`${procedure.name} ${((performance.now() - began) / 1000).toFixed(1)} s`);
      };
      const seen = await traffic(sandbox, async () => {
        await round(trustAuthority);
        for (const file of trusted())
          expect(subjectsIn(file), file).toEqual([former.certificate.subject, next.certificate.subject]);
        for (const server of sandbox.servers)
          expect([await shown(former, server), await shown(next, server)]).toEqual(['accepted', 'accepted']);

        // Accounts that the new certificates would break stop it.
        const { issuer } = certificateOf(readFileSync(at(sandbox.server('db2'), 'client-cert.pem')));
        await primary.sql(`ALTER USER replication@'%' REQUIRE ISSUER '/${issuer}'`);
        expect(await refusalsOf(reissueCertificates)).toEqual(['account-pinned', 'account-pinned']);
        await primary.sql("ALTER USER replication@'%' REQUIRE X509");

        // So do accounts of Lockstep's own.
        await requireIssuer(former);
        expect(await refusalsOf(reissueCertificates)).toEqual(['account-pinned']);
        expect([await presentedIs(next), await presentedIs(former)]).toEqual([false, true]);

        const knocked = await knocking(() => round(reissueCertificates));
        expect(knocked.refused).toEqual([]);
        expect(knocked.logins).toBeGreaterThan(20);
        expect(new Set(issuers())).toEqual(new Set([next.certificate.subject]));
        expect(certificateOf(pairOf()[0] ?? '').issuer).toBe(next.certificate.subject);
        expect(lstatSync(sandbox.client.cert).isSymbolicLink()).toBe(true);
        expect([await presentedIs(next), await presentedIs(former)]).toEqual([true, false]);
        // Somebody puts one of the old authority back.
        const kept = pairOf();
        await ownCertificate(former);
        const word = { acknowledged: 'reports,shop', accounts: 'app' };
        expect(await refusalsOf(distrustAuthority, word)).toEqual(['still-in-use']);
        writeFileSync(sandbox.client.cert, kept[0] ?? '');
        writeFileSync(sandbox.client.key, kept[1] ?? '');
        expect(await refusalsOf(distrustAuthority)).toEqual(['use-unacknowledged', 'accounts-unacknowledged']);
        await primary.sql(`CREATE USER bound@'%' IDENTIFIED BY 'a-word' REQUIRE ISSUER '/${issuer}'`);
        expect(await refusalsOf(distrustAuthority, word)).toEqual(['accounts-unacknowledged', 'account-pinned']);
        await primary.sql('DROP USER bound');

        Object.assign(all, word);
        await round(distrustAuthority);
      });
      process.stderr.write(
        `rotation on ${version}: ${facts.join(', ')}; ${JSON.stringify({ ...seen, failedWrites: seen.failedWrites.length, refusedLogins: seen.refusedLogins.length, standing: seen.standing.length })}; applier stopped ${seen.standing.filter((line) => line.includes('"sql":"No"')).length}\n`,
      );
      expect(seen.failedWrites).toEqual([]);
      expect(seen.refusedLogins).toEqual([]);
      expect(seen.standing.filter((line) => line.includes('"sql":"No"'))).toEqual([]);
      expect(seen.writes).toBeGreaterThan(50);
      expect(seen.logins).toBeGreaterThan(50);
      for (const file of trusted()) expect(subjectsIn(file), file).toEqual([next.certificate.subject]);
      for (const server of sandbox.servers)
        expect([await shown(former, server), await shown(next, server)]).toEqual(['tls-failed', 'accepted']);
      await agree();
      for (const replica of sandbox.replicas) {
        await untilReplicating(replica);
        await untilCaughtUp(replica, primary);
      }
      expect(lstatSync(at(primary, 'ca.pem')).isSymbolicLink()).toBe(true);
      // What a restart reads is what is served.
      await sandbox.server('db2').restart();
      await untilReplicating(sandbox.server('db2'));
      await agree();
    }, 240_000);

    it('goes on after the primary has changed in between', async () => {
      bench = await openBench(former, 'former', next, 'next');
      Object.assign(all, { acknowledged: 'reports,shop', accounts: 'app' });
      await done(trustAuthority);
      const ran = await bench.run(switchover, bench.parameters({ to: 'db2' }));
      expect(ran.outcome, ran.why).toBe('succeeded');
      const reissued = await done(reissueCertificates);
      // The former primary is a replica now, and comes before the new one.
      expect(reissued.sent.indexOf('db1-stage')).toBeLessThan(reissued.sent.indexOf('db2-stage'));
      expect(certificateOf(pairOf()[0] ?? '').issuer).toBe(former.certificate.subject);
      await done(distrustAuthority);
      expect(new Set(issuers())).toEqual(new Set([former.certificate.subject]));
      await agree();
    }, 180_000);
  },
  oneOfEach,
);
