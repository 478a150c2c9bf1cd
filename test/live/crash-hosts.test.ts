import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { certificatesOf } from '../../src/base/x509.js';
import { renewCertificate } from '../../src/procedures/certificates/renew-certificate.js';
import { trustAuthority } from '../../src/procedures/certificates/rotation/trust-authority.js';
import { sandboxAuthority } from '../../src/sandbox/certificates.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { certificatesKept, certificatesRotating } from '../../src/sandbox/configuration.js';
import { untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { isWhole } from './extent.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Papers } from './papers.js';
import { reachedBySsh, type SshHosts } from './ssh-hosts.js';
import { until } from '../../src/sandbox/until.js';
import { watchedHost } from './watched-host.js';
import { Workbench, type Ran } from './workbench.js';

/** Whether everything is tried, or what belongs to every run of the tests. */
const whole = isWhole();

// The server runs on, and clients and replicas reach it: only Lockstep no longer comes to its files.
await describeEach(
  'a machine that Lockstep no longer reaches',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let machines: SshHosts;
    let bench: Workbench;
    let server: SandboxServer;
    let papers: Papers;
    const asked = () => bench.parameters({ server: 'db2', what: 'both', when: 'now', order: 'any' });
    const lost = () => machines.link('db2').cut();

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      server = sandbox.server('db2');
      papers = new Papers(sandbox, server);
      machines = await reachedBySsh(scope, sandbox);
      bench = await Workbench.open(scope, sandbox, machines.over(certificatesKept(sandbox)));
    });
    afterAll(() => scope.end());

    beforeEach(async () => {
      await machines.link('db2').mend();
      await seenAgain();
    });

    /** Every certificate has the key beside it, what is served is accepted, and the server replicates. */
    async function sound(): Promise<string> {
      expect(papers.whole()).toBe(true);
      const print = await papers.served();
      await untilReplicating(server);
      await untilCaughtUp(server, sandbox.primary);
      return print;
    }

    interface Lost {
      readonly moment: string;
      readonly at?: Readonly<Record<string, () => Promise<void>>>;
      /** Lost after so many links of the placing were made. */
      readonly afterLinks?: number;
      /** No way breaks: it falls silent, and only looks that waited for it know. */
      readonly silent?: true;
      readonly outcome: 'needs-human' | 'rolled-back';
      /** Of every run of the tests. */
      readonly always?: boolean;
    }

    const broken = () => Promise.reject(new Error('it fails'));
    const moments: readonly Lost[] = [
      { moment: 'once it is made ready', at: { 'step:rehearse:begins': () => lost() }, outcome: 'rolled-back' }, // prettier-ignore
      { moment: 'before it is placed', at: { 'step:place:begins': () => lost() }, outcome: 'needs-human' },
      { moment: 'after the first link', afterLinks: 1, outcome: 'needs-human' },
      { moment: 'amid the links', afterLinks: 3, outcome: 'needs-human', always: true },
      { moment: 'after the link that decides', afterLinks: 6, outcome: 'needs-human' },
      { moment: 'after the link that decides, falling silent', afterLinks: 6, silent: true, outcome: 'needs-human' }, // prettier-ignore
      { moment: 'when it is placed', at: { 'step:place:ends': () => lost() }, outcome: 'needs-human' },
      { moment: 'before the reload', at: { 'step:load:begins': () => lost() }, outcome: 'needs-human', always: true },
      { moment: 'after the reload', at: { 'step:load:ends': () => lost() }, outcome: 'needs-human' },
      {
        moment: 'while it is taken back, before the files are',
        at: { 'step:load:begins': broken, 'undo:place:begins': () => lost() },
        outcome: 'needs-human',
      },
      {
        moment: 'while it is taken back, once the files are',
        at: { 'step:load:begins': broken, 'undo:place:ends': () => lost() },
        outcome: 'rolled-back',
      },
    ];

    it.each(moments.filter(({ always }) => whole || always === true))(
      'keeps its server sound, and is told of, where it is lost $moment',
      async ({ at: points = {}, afterLinks, silent, outcome }) => {
        await papers.plainly();
        const [before, print] = [papers.files(), await sound()];
        const { reach } = bench;
        const { certificates } = reach;
        if (certificates === undefined) throw new Error('no certificates');
        let links = 0;
        let placing = false;
        const host = (name: string) => {
          const real = certificates.host(name);
          if (afterLinks === undefined || real === undefined) return real;
          const counted = async () => {
            if (!placing || (links += 1) !== afterLinks) return;
            if (silent === true) machines.link('db2').blackhole();
            else await lost();
          };
          return watchedHost(real, counted, ['symlink']);
        };
        bench.reach = { ...reach, certificates: { ...certificates, host } };
        const begins = () => {
          placing = true;
          return Promise.resolve();
        };
        const marks = { 'step:place:begins': begins, ...points };
        // What a silent machine is asked ends by keepalive alone, and once more while it is taken back.
        const longer = silent === true ? { within: 150_000 } : {};
        const ran = await bench.run(renewCertificate, asked(), { hurry: 10, at: marks, ...longer });
        bench.reach = reach;
        expect(ran.outcome, ran.why).toBe(outcome);
        if (outcome === 'needs-human')
          expect(ran.why).toMatch(
            silent ? /could not be taken back: / : /could not be taken back: .* cannot be reached/,
          );
        // Old or new, whoever connects now accepts it; and a server that starts now reads whole pairs.
        const meanwhile = await sound();
        await server.restart(1500);
        await untilReplicating(server);
        expect([print, papers.print()]).toContain(await sound());
        process.stderr.write(`lost on ${version}: ${outcome}, ${meanwhile === print ? 'the former' : 'the new one'} served meanwhile: ${ran.why}\n`); // prettier-ignore

        await machines.link('db2').mend();
        await seenAgain();
        if (outcome === 'needs-human') {
          const back = await bench.resume(renewCertificate, ran, { hurry: 10 });
          expect(back.outcome, back.why).toBe('rolled-back');
        }
        expect(papers.files()).toEqual(before);
        expect(await sound()).toBe(print);
        expect(papers.print()).toBe(print);
      },
      180_000,
    );

    it('is renewed by the next run, whatever the one before had to leave', async () => {
      const before = await sound();
      const ran = await bench.run(renewCertificate, asked(), { hurry: 10, at: { 'step:place:ends': () => lost() } });
      expect(ran.outcome, ran.why).toBe('needs-human');
      // Nobody told the server of them yet.
      expect([await sound(), papers.print() === before]).toEqual([before, false]);
      await machines.link('db2').mend();
      await seenAgain();
      const due = bench.parameters({ server: 'db2', what: 'both', when: 'due', order: 'any' });
      const next = await bench.run(renewCertificate, due, { hurry: 10 });
      expect(next.outcome, next.why).toBe('succeeded');
      expect(await sound()).toBe(papers.print());
      expect(papers.print()).not.toBe(before);
    });

    describe.skipIf(!whole)('for a process that runs', () => {
      it('is what its run says, and it is taken back when somebody tells it to go on', async () => {
        const print = await sound();
        const lockstep = await LockstepProcess.lay(sandbox, {}, { hosts: machines.hosts }, (one) =>
          machines.ofServer(one),
        );
        await lockstep.start({ LOCKSTEP_FAULT: 'step:load:begins=stop' });
        const { id } = await lockstep.run({ procedure: 'renew-certificate', parameters: asked() });
        await until('it to stand still', () => lockstep.frozen(), { within: 30_000 });
        await lost();
        lockstep.child.kill('SIGCONT');
        const run = await lockstep.until(id, 'given up', ({ state }) => state === 'needs-human', 120_000);
        process.stderr.write(`lost on ${version}, as its run says: ${run.why}\n`);
        expect(run.why).toMatch(/cannot be reached/);
        expect(await sound()).toBe(papers.print());
        await machines.link('db2').mend();
        await lockstep.api('POST', `/runs/${id}/resume`);
        const ended = await lockstep.until(id, 'ended', ({ state }) => state === 'ended', 60_000);
        expect(ended.outcome, ended.why).toBe('rolled-back');
        expect([await sound(), papers.print()]).toEqual([print, print]);
        await lockstep.stop();
      }, 240_000);

      it('during a rotation leaves everybody accepting everybody, and the round goes on later', async () => {
        const next = await sandboxAuthority(sandbox.scope, 'Another authority');
        const to = { name: 'next', directory: next.directory };
        const from = { name: 'former', directory: sandbox.authority.directory };
        const rotating = await Workbench.open(scope, sandbox, machines.over(certificatesRotating(sandbox, to, from)));
        const ran: Ran = await rotating.run(trustAuthority, rotating.parameters(), {
          hurry: 10,
          at: { 'step:db1-load:begins': () => machines.link('db1').cut() },
        });
        expect(ran.outcome, ran.why).toBe('needs-human');
        await sound();
        await machines.link('db1').mend();
        await seenAgain();
        const back = await rotating.resume(trustAuthority, ran, { hurry: 10 });
        expect(back.outcome, back.why).toBe('rolled-back');
        const trusted = () => sandbox.servers.map(({ tlsDirectory }) => certificatesOf(readFileSync(path.join(tlsDirectory, 'ca.pem'), 'utf8')).length); // prettier-ignore
        expect(trusted()).toEqual([1, 1]);
        await sound();
        const again = await rotating.run(trustAuthority, rotating.parameters(), { hurry: 10 });
        expect(again.outcome, again.why).toBe('succeeded');
        expect(trusted()).toEqual([2, 2]);
        await sound();
      }, 240_000);
    });

    /** Files are read once per login: each of these looks is a new one. */
    async function seenAgain(): Promise<void> {
      await until('its files to be seen', async () => {
        const { servers } = (await bench.look('anew')).snapshot;
        const roles = servers.flatMap(({ certificates }) => certificates.filter(({ origin }) => origin === 'file').map(({ role }) => role)); // prettier-ignore
        return roles.filter((role) => role === 'server').length === servers.length && roles.includes('client');
      });
    }
  },
  oneOfEach,
);
