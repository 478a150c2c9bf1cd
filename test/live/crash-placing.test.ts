import { lstatSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { faultPointsOf, undoPointsOf } from '../../src/engine/faults.js';
import { renewCertificate } from '../../src/procedures/certificates/renew-certificate.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { certificatesKept } from '../../src/sandbox/configuration.js';
import { untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { isWhole, seed } from './extent.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Papers } from './papers.js';
import { watchedHost } from './watched-host.js';
import { Workbench, type Ran, type RunOptions } from './workbench.js';

/** Whether everything is tried, or what belongs to every run of the tests: about so many moments of each way. */
const whole = isWhole();
const most = 3;

// Not Lockstep dies here but the server whose certificates are placed: whenever it does, it starts with a whole pair.
await describeEach(
  'a server that is killed and started anew while its certificates are placed',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let server: SandboxServer;
    let papers: Papers;
    const asked = { cluster: 'sandbox', server: 'db2', what: 'both', when: 'now', order: 'any' } as const;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      server = sandbox.server('db2');
      papers = new Papers(sandbox, server);
      bench = await Workbench.open(scope, sandbox, certificatesKept(sandbox));
    });
    afterAll(() => scope.end());

    /** It has just started: what it serves is accepted, and is what its files hold, each certificate beside its own key. */
    async function startedSound(moment: string): Promise<string> {
      const print = await papers.served();
      expect(papers.whole(), moment).toBe(true);
      expect(print, moment).toBe(papers.print());
      return print;
    }

    /** How it all ended: files and wire agree, it replicates, and a run that was taken back left the bytes of before. */
    async function settled(moment: string, { outcome, why }: Pick<Ran, 'outcome' | 'why'>, before: Before) {
      const what = `${moment}: ${outcome}, ${why}`;
      expect(['succeeded', 'rolled-back', 'failed'], what).toContain(outcome);
      expect((await startedSound(what)) === before.print, what).toBe(outcome !== 'succeeded');
      if (outcome !== 'succeeded') {
        expect(papers.files(), what).toEqual(before.files);
        expect(generations().length, `${what}: ${generations().join()}`).toBeLessThanOrEqual(1);
      }
      await untilReplicating(server);
      await untilCaughtUp(server, sandbox.primary);
    }

    /** What a run begins with. */
    interface Before {
      readonly files: readonly string[];
      readonly print: string;
    }

    /** What of generations is there besides the link to the one in use. */
    const generations = () => readdirSync(server.tlsDirectory).filter((name) => ['a', 'b', 'next'].includes(name));
    const now = async (): Promise<Before> => ({ files: papers.files(), print: await papers.served() });

    interface Way {
      readonly title: string;
      /** Links to an earlier generation stand there; else plain files, as somebody laid them who knew nothing of Lockstep. */
      readonly earlier?: true;
      /** Where the step fails, so that it is taken back: only moments from then on. */
      readonly breakAt?: string;
    }

    const ways: readonly Way[] = [
      { title: 'from plain files on' },
      { title: 'from an earlier generation on', earlier: true },
      { title: 'back to plain files that were placed', breakAt: 'step:load:begins' },
      { title: 'back to plain files that were loaded and met', breakAt: 'step:reconnect-1:ends' },
      { title: 'back to an earlier generation', earlier: true, breakAt: 'step:reconnect-1:ends' },
    ];

    /** One renewal. Each thing that it changes on the machine, and each of its fault points, is a moment. */
    async function renewed({ breakAt }: Way, at: (moment: string) => Promise<void>): Promise<Ran> {
      const { reach } = bench;
      const { certificates } = reach;
      if (certificates === undefined) throw new Error('no certificates');
      let counts = breakAt === undefined;
      const passed = async (moment: string) => {
        if (counts) await at(moment.replace(`${server.tlsDirectory}/`, ''));
        counts ||= moment === breakAt;
      };
      const host = (name: string) => {
        const real = certificates.host(name);
        return real && watchedHost(real, passed);
      };
      bench.reach = { ...reach, certificates: { ...certificates, host } };
      const options: RunOptions = { hurry: 10, atEach: passed, ...(breakAt === undefined ? {} : { breakAt }) };
      try {
        return await bench.run(renewCertificate, asked, options);
      } finally {
        bench.reach = reach;
      }
    }

    async function stands({ earlier }: Way): Promise<void> {
      if (earlier !== true) {
        await papers.plainly();
        return;
      }
      if (lstatSync(papers.at('cert.pem')).isSymbolicLink()) return;
      const ran = await bench.run(renewCertificate, asked);
      expect(ran.outcome, ran.why).toBe('succeeded');
    }

    it.each(ways)(
      '$title: starts and serves a whole pair after each change of a file and at each fault point',
      async (way) => {
        await stands(way);
        const moments: string[] = [];
        await renewed(way, (moment) => {
          moments.push(moment);
          return Promise.resolve();
        });
        const chosen = chosenOf(moments.length);
        const outcomes = new Tally();
        for (const chosenOne of chosen) {
          const what = `${version}, ${way.title}, ${moments[chosenOne] ?? ''} (${chosenOne + 1} of ${moments.length})`;
          await stands(way);
          const before = await now();
          let passed = 0;
          let met = '';
          const ran = await renewed(way, async () => {
            if (passed++ !== chosenOne) return;
            await server.kill();
            await server.start();
            met = await startedSound(what);
          });
          expect(met, what).not.toBe('');
          await settled(what, ran, before);
          outcomes.note(ran.outcome, `started with ${met === before.print ? 'the former' : 'the new one'}`);
        }
        process.stderr.write(`restarted while placing on ${version}, ${way.title}, seed ${seed()}: ${chosen.length} of ${moments.length} moments: ${outcomes.words}\n  ${moments.join(', ')}\n`); // prettier-ignore
        expect(moments.length).toBeGreaterThan(way.breakAt === undefined ? 20 : 5);
      },
      1_800_000,
    );

    describe('of a Lockstep that runs', () => {
      let lockstep: LockstepProcess;
      beforeAll(async () => {
        lockstep = await LockstepProcess.lay(sandbox);
      });

      it('comes to an end that is true while the server starts, from each fault point on', async () => {
        await papers.plainly();
        await lockstep.start();
        const { steps } = await lockstep.plan({ procedure: 'renew-certificate', parameters: asked });
        await lockstep.stop();
        const sections = steps.map((step) => ({ name: step.section, steps: [step] }));
        const lives = [
          ...faultPointsOf({ sections }).map((point) => ({ point, fails: undefined })),
          ...steps.filter(({ undo }) => undo.length > 0).flatMap(({ id }) => undoPointsOf(id).map((point) => ({ point, fails: `step:${id}:ends` }))), // prettier-ignore
        ];
        const chosen = chosenOf(lives.length);
        const outcomes = new Tally();
        for (const { point, fails } of chosen.flatMap((index) => lives[index] ?? [])) {
          const what = `${version}, a running Lockstep, ${point}`;
          await papers.plainly();
          const before = await now();
          const faults = [...(fails === undefined ? [] : [`${fails}=fail`]), `${point}=stop`];
          await lockstep.start({ LOCKSTEP_FAULT: faults.join() });
          const known = (await lockstep.runs()).length;
          // At the first of the points the answer comes when it is thawed.
          const answer = lockstep.run({ procedure: 'renew-certificate', parameters: asked });
          answer.catch(() => undefined);
          await until(`${what}: it to stand still`, () => lockstep.frozen(), { within: 60_000 });
          await server.kill();
          const started = server.start();
          lockstep.child.kill('SIGCONT');
          await started;
          const met = await papers.served();
          const { id } = await answer;
          const run = await lockstep.until(id, 'done with', ({ state }) => ['ended', 'needs-human'].includes(state), 120_000); // prettier-ignore
          expect(run.state, `${what}: ${run.why}`).toBe('ended');
          expect((await lockstep.runs()).length, what).toBe(known + 1);
          await lockstep.stop();
          await settled(what, { outcome: run.outcome as Ran['outcome'], why: run.why }, before);
          outcomes.note(run.outcome ?? '', `served ${met === before.print ? 'the former' : 'another'} once it was up`);
        }
        process.stderr.write(`restarted while placing on ${version}, a running Lockstep, seed ${seed()}: ${chosen.length} of ${lives.length} points: ${outcomes.words}\n`); // prettier-ignore
      }, 1_800_000);
    });
  },
  oneOfEach,
);

/** Places of those that are tried, evenly spread from where the seed says. */
function chosenOf(length: number): readonly number[] {
  const all = Array.from({ length }, (_, index) => index);
  const stride = Math.ceil(length / most);
  return whole ? all : all.filter((index) => index % stride === seed() % stride);
}

/** How often each word was said. */
class Tally {
  readonly #counts = new Map<string, number>();

  note(...words: readonly string[]): void {
    for (const word of words) this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1);
  }

  get words(): string {
    return [...this.#counts].map(([word, count]) => `${word} ${count}`).join(', ');
  }
}
