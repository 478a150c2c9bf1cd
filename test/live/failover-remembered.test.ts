import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PlanView } from '../../src/engine/automation.js';
import type { RunView } from '../../src/engine/run.js';
import { entriesIn, textOf, type Entry } from '../../src/observe/last-seen-text.js';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { semiSyncSettings, waitForReplicas } from '../../src/sandbox/semi-sync.js';
import { until } from '../../src/sandbox/until.js';
import { versionNamed } from '../../src/sandbox/versions.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { expectOneOpen } from './one-open.js';
import { askOne } from './stage.js';
import { lostOn, Writers } from './writers.js';

const hour = 3_600_000;

await describeEach(
  'failover after Lockstep died together with the primary',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;
    let file: string;

    beforeAll(async () => {
      const settings = semiSyncSettings(versionNamed(version));
      sandbox = scope.own(await createCluster({ version, settings }), (cluster) => cluster.stop());
      lockstep = await LockstepProcess.lay(sandbox, {
        observe: { timeout: '5s', slow_interval: '1s', interval: '1s', freshness: '1s' },
        defaults: { failover: { evidence: '1s', looks: 2 } },
        automation: { cooldown: '1s' },
        policies: [
          { match: ['alertname="PrimaryDown"'], run: 'failover', mode: 'auto', with: { 'accept-loss': 'yes' } },
        ],
      });
      file = path.join(lockstep.journal, 'last-seen.json');
      await lockstep.start();
    });
    afterAll(() => scope.end());

    const written = async () => entriesIn(await readFile(file, 'utf8'));
    const holds = ({ server, seen: { facts } }: Entry) =>
      server === 'db1' && facts.semiSync?.source?.active === true && facts.semiSync.source.clients === 2;

    /** Semi-synchronous replication holds and is written down, applications write, and then both are gone. */
    async function bothDie(): Promise<readonly number[]> {
      await Writers.prepare(sandbox);
      await waitForReplicas(sandbox);
      const now = Date.now();
      await until('it to be written down', async () =>
        (await written()).some((entry) => holds(entry) && entry.moment.at >= now),
      );
      const writers = await Writers.start(sandbox);
      await until('rows', () => writers.count > 100);
      await Promise.all([lockstep.kill(), sandbox.primary.kill()]);
      return (await writers.stop()).acknowledged;
    }

    /** The run that comes of an alert, once it is as wanted. */
    async function alerted(wanted: (run: RunView) => boolean = () => true): Promise<RunView> {
      const before = new Set((await lockstep.runs()).map(({ id }) => id));
      const labels = { alertname: 'PrimaryDown', cluster: 'sandbox', procedure: 'failover' };
      const startsAt = new Date().toISOString();
      const alert = { status: 'firing', labels, annotations: {}, startsAt, endsAt: '0001-01-01T00:00:00Z', generatorURL: '', fingerprint: Date.now().toString(16).padStart(16, '0') }; // prettier-ignore
      const group = { version: '4', groupKey: '{}:{}', truncatedAlerts: 0, status: 'firing', receiver: 'lockstep', groupLabels: {}, commonLabels: labels, commonAnnotations: {}, externalURL: '' }; // prettier-ignore
      await lockstep.api('POST', '/alerts', { ...group, alerts: [alert] });
      return until('a run', async () => (await lockstep.runs()).find((run) => !before.has(run.id) && wanted(run)));
    }

    /** What would be done, once it is seen that the primary is dead. */
    function planned(acceptLoss: string): Promise<PlanView> {
      const parameters = { cluster: 'sandbox', 'accept-loss': acceptLoss, unfenced: 'no' };
      return until('a plan', async () => {
        const plan = await lockstep.plan({ procedure: 'failover', parameters });
        return plan.observed.startsWith('the primary db1 is dead') ? plan : undefined;
      });
    }

    /** One of the replicas is the primary of the other, with all that was acknowledged. */
    async function healed(acknowledged: readonly number[]): Promise<void> {
      const { replicas } = sandbox;
      const closed = await Promise.all(replicas.map((server) => askOne(server, '@@global.read_only')));
      const primary = replicas.find((_, index) => /^(?:0|OFF)$/.test(closed[index] ?? ''));
      if (primary === undefined) throw new Error('no replica accepts writes');
      await expectOneOpen(replicas, primary);
      expect(await lostOn(primary, acknowledged)).toEqual([]);
    }

    it('does not build on what is too old: it says the bound, and waits for a person', async () => {
      const acknowledged = await bothDie();
      const entries = await written();
      const old = ({ moment, ...entry }: Entry): Entry => ({ ...entry, moment: { ...moment, at: moment.at - hour, up: moment.up - hour } }); // prettier-ignore
      await writeFile(file, textOf(entries.map(old)));
      await lockstep.start();
      const { guards } = await planned('no');
      expect(guards.map(({ guard }) => guard)).toEqual(['precheck']);
      expect(guards[0]?.why).toMatch(/may have been changed since it was last seen: it was not looked at for 36\d\d\.\d s\. At most \d+ transactions that db1 had when it was last seen \(before Lockstep started, 36\d\d\.\d s before/); // prettier-ignore
      const { id } = await alerted(({ guard }) => guard?.guard === 'approval');
      await lockstep.api('POST', `/runs/${id}/approve`, {});
      const run = await lockstep.ended(id);
      expect(run.outcome, run.why).toBe('succeeded');
      await healed(acknowledged);
    });

    it('knows from before that nothing is lost, says from when, and goes ahead by itself', async () => {
      await sandbox.reset();
      const acknowledged = await bothDie();
      await lockstep.start();
      const plan = await planned('no');
      expect(plan.guards).toEqual([]);
      expect(plan.remarks[0]).toMatch(/^Nothing that was acknowledged is lost: when db1 was last seen \(before Lockstep started, \d+\.\d s before it was first found silent\) each commit waited/); // prettier-ignore
      const { id } = await alerted();
      const run = await lockstep.ended(id);
      expect(run.outcome, run.why).toBe('succeeded');
      expect(run).toMatchObject({ procedure: 'failover', mode: 'auto', trigger: { kind: 'alert' } });
      await healed(acknowledged);
    });
  },
  oneOfEach,
);
