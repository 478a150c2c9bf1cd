import { expect, it } from 'vitest';
import { byPerson, fromAlert, toyEngines, toyRules, type ToyEngine } from './bench.js';
import { failing, toySwitchover } from './toy.js';

const toyEngine = toyEngines();

it('does what an alert asked for, and tells each step in order', async () => {
  const toy = await toyEngine();
  const run = await toy.ended((await toy.ask()).id);
  expect(run).toMatchObject({ outcome: 'succeeded', committed: true });
  expect(run.steps.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done', 'done']);
  expect(toy.types(run.id).filter((type) => type !== 'episode-over')).toEqual([
    'requested',
    'planned',
    'started',
    'section',
    'committing',
    'section-done',
    'section',
    'section-done',
    'ended',
  ]);
  expect(toy.events.map(({ type }) => type)).toContain('step-began');
  expect((await toy.engine.history(run.id)).map(({ sentence }) => sentence)).toContain(
    'it ended as succeeded: every step was seen on the servers',
  );
});

it('makes one run of an alert that comes many times at once, and of its repeats until it is over', async () => {
  const toy = await toyEngine({ procedure: failing });
  const asked = await Promise.all(Array.from({ length: 20 }, () => toy.engine.request(fromAlert())));
  expect(new Set(asked.map(({ run }) => run.id)).size).toBe(1);
  expect(asked.filter(({ repeated }) => !repeated)).toHaveLength(1);
  const { id } = await toy.ended(asked[0]?.run.id ?? '');
  // It failed, and what it would mend is still there: the same episode, through a restart.
  expect(await toy.engine.request(fromAlert())).toMatchObject({ repeated: true, run: { id } });
  await toy.restart();
  expect(await toy.engine.request(fromAlert())).toMatchObject({ repeated: true, run: { id } });
});

it('begins anew once what was to be mended was seen to be gone', async () => {
  const toy = await toyEngine();
  const first = await toy.ended((await toy.ask()).id);
  toy.engine.resolved(fromAlert());
  await toy.until(first.id, () => toy.types(first.id).includes('episode-over'));
  toy.again();
  const second = await toy.ask();
  expect(second.id).not.toBe(first.id);
  expect((await toy.ended(second.id)).outcome).toBe('succeeded');
});

it('takes an alert that began before its run ended for an echo of it, unless there is something to mend again', async () => {
  const toy = await toyEngine();
  const first = await toy.ended((await toy.ask()).id);
  toy.engine.resolved(fromAlert());
  await toy.until(first.id, () => toy.types(first.id).includes('episode-over'));
  const startsAt = new Date(first.requestedAt - 1000).toISOString();
  const old = { kind: 'alert', alertname: 'Toy', fingerprint: 'f', labels: {}, startsAt, by: 'am' } as const;
  expect(await toy.engine.request(fromAlert({ trigger: old }))).toMatchObject({
    repeated: true,
    run: { id: first.id },
  });
  toy.again();
  expect(await toy.engine.request(fromAlert({ trigger: old }))).toMatchObject({ repeated: false });
});

it('only plans in mode plan, and says what it would do', async () => {
  const toy = await toyEngine();
  const run = await toy.ended((await toy.ask({ mode: 'plan' })).id);
  expect(run.outcome).toBe('planned');
  expect(toy.world.servers.db1.writable).toBe(true);
  const plan = await toy.engine.planOf(run.id);
  expect(plan?.steps.map(({ id }) => id)).toEqual(['freeze', 'catch-up', 'close', 'promote', 'follow']);
});

it('waits for an approval of the very plan, and starts with it', async () => {
  const toy = await toyEngine();
  const { id } = await toy.ask({ mode: 'approve' });
  const waiting = await toy.waits(id, 'approval');
  await expect(toy.engine.approve(id, 'bob', 'f'.repeat(64))).rejects.toMatchObject({ code: 'plan-changed' });
  await toy.engine.approve(id, 'bob', waiting.digest);
  expect((await toy.ended(id)).outcome).toBe('succeeded');
});

it('refuses when the plan is no longer the one that was approved', async () => {
  const toy = await toyEngine();
  const { id } = await toy.ask({ mode: 'approve' });
  await toy.waits(id, 'approval');
  await toy.engine.pause(undefined, 'alice', 'maintenance');
  await toy.engine.approve(id, 'bob');
  await toy.waits(id, 'paused');
  let premises = { primary: 'db1' };
  toy.procedure = toySwitchover;
  Object.assign(toy.engine.options.procedures, {
    'restart-replication': { ...toySwitchover, premises: () => premises },
  });
  premises = { primary: 'another' };
  await toy.engine.unpause(undefined, 'alice');
  expect(await toy.ended(id)).toMatchObject({ outcome: 'refused', guard: { guard: 'premises-changed' } });
});

it('wants a second person where the configuration says so', async () => {
  const toy = await toyEngine({ rules: { ...toyRules, twoPerson: true } });
  const { id } = await toy.ask(byPerson);
  await toy.waits(id, 'approval');
  await expect(toy.engine.approve(id, 'alice')).rejects.toMatchObject({ code: 'second-person-needed' });
  await toy.engine.approve(id, 'bob');
  expect((await toy.ended(id)).outcome).toBe('succeeded');
});

it('waits for an approval where a person asked for that, and takes that of the same person', async () => {
  const toy = await toyEngine();
  const { id } = await toy.ask({ ...byPerson, mode: 'approve' });
  const { digest } = await toy.waits(id, 'approval');
  await toy.engine.approve(id, 'alice', digest);
  expect((await toy.ended(id)).outcome).toBe('succeeded');
});

it('turns auto into approve when Alertmanager cannot be asked, and waits while it is silenced', async () => {
  const toy = await toyEngine({ silence: 'unknown' });
  const { id } = await toy.ask();
  await toy.waits(id, 'approval');
  toy.silence = { by: 'carol', comment: 'known' };
  await toy.waits(id, 'silenced');
  toy.silence = 'no';
  expect((await toy.ended(id)).outcome).toBe('succeeded');
});

it.each([
  [
    'paused',
    async (toy: ToyEngine) => toy.engine.pause('production', 'alice', 'x'),
    async (toy: ToyEngine) => toy.engine.unpause('production', 'alice'),
  ],
  [
    'downtime',
    async (toy: ToyEngine) => toy.engine.downtime('production', 'db2', toy.world.now + 3_600_000, 'alice', 'x'),
    async (toy: ToyEngine) => toy.engine.downtime('production', 'db2', undefined, 'alice', 'x'),
  ],
  [
    'window',
    async (toy: ToyEngine) => {
      await Promise.resolve();
      toy.rules = { ...toyRules, windows: [{ name: 'night', days: [], from: 0, to: 1, zone: 'UTC' }] };
    },
    async (toy: ToyEngine) => {
      await Promise.resolve();
      toy.rules = {
        ...toyRules,
        windows: [
          { name: 'night', days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: 0, to: 1440, zone: 'UTC' },
        ],
      };
    },
  ],
])('waits for %s and goes on', async (guard, begin, end) => {
  const toy = await toyEngine();
  await begin(toy);
  const { id } = await toy.ask(guard === 'window' ? { limits: { window: 'night' } } : {});
  await toy.waits(id, guard);
  // It waits on through a restart.
  await toy.restart();
  await toy.waits(id, guard);
  await end(toy);
  expect((await toy.ended(id)).outcome).toBe('succeeded');
});

it('waits while the pause file is there', async () => {
  const toy = await toyEngine({
    rules: { ...toyRules, pauseFile: '/run/lockstep/pause', pauseFileExists: () => true },
  });
  const { id } = await toy.ask(byPerson);
  const waiting = await toy.waits(id, 'paused');
  expect(waiting.guard?.why).toContain('/run/lockstep/pause');
  toy.rules = toyRules;
  expect((await toy.ended(id)).outcome).toBe('succeeded');
});

it('expires when it waited as long as it might', async () => {
  const toy = await toyEngine();
  await toy.engine.pause(undefined, 'alice', 'x');
  const run = await toy.ended((await toy.ask({ limits: { waitAtMost: 60 } })).id);
  expect(run).toMatchObject({ outcome: 'expired', guard: { guard: 'paused' } });
});

it('expires in front of servers that stay locked, too', async () => {
  const toy = await toyEngine();
  toy.world.sessions.set('db1/control', { owner: 99, frozen: false });
  const { id } = await toy.ask({ limits: { waitAtMost: 60 } });
  await toy.waits(id, 'locked');
  expect(await toy.ended(id)).toMatchObject({
    outcome: 'expired',
    why: 'it waited as long as it might: db1/control is held by another',
    guard: { guard: 'locked' },
  });
  expect(toy.types(id)).not.toContain('started');
});

it('is cancelled when the alert is resolved before it began and nothing is to be mended, not otherwise', async () => {
  const toy = await toyEngine();
  await toy.engine.pause(undefined, 'alice', 'x');
  const { id } = await toy.ask();
  await toy.waits(id, 'paused');
  toy.engine.resolved(fromAlert());
  await toy.waits(id, 'paused');
  Object.assign(toy.world.servers.db1, { writable: false, follows: 'db2' });
  Object.assign(toy.world.servers.db2, { writable: true, follows: undefined });
  toy.engine.resolved(fromAlert());
  expect((await toy.ended(id)).outcome).toBe('cancelled');
});

it('is refused when what it would mend is not there', async () => {
  const toy = await toyEngine();
  Object.assign(toy.world.servers.db1, { writable: false, follows: 'db2' });
  Object.assign(toy.world.servers.db2, { writable: true, follows: undefined });
  expect(await toy.ended((await toy.ask()).id)).toMatchObject({ outcome: 'refused', guard: { guard: 'not-observed' } });
});

it('keeps a cooldown from the end of a run, and after a failure until it is acknowledged, through a restart', async () => {
  const toy = await toyEngine({ rules: { ...toyRules, cooldown: 600, waitAtMost: 100_000 } });
  const first = await toy.ended((await toy.ask()).id);
  toy.engine.resolved(fromAlert());
  await toy.until(first.id, () => toy.types(first.id).includes('episode-over'));
  toy.again();
  await toy.restart();
  const second = await toy.ask();
  await toy.waits(second.id, 'cooldown');
  await toy.ended(second.id);
  expect(toy.world.now).toBeGreaterThan((first.endedAt ?? 0) + 600_000);
});

it('does not try again by itself after a failure, until somebody has acknowledged it', async () => {
  const toy = await toyEngine({ procedure: failing });
  const first = await toy.ended((await toy.ask()).id);
  expect(first.outcome).toBe('failed');
  // Seen to be gone, and there again.
  Object.assign(toy.world.servers.db1, { writable: false, follows: 'db2' });
  Object.assign(toy.world.servers.db2, { writable: true, follows: undefined });
  toy.engine.resolved(fromAlert());
  await toy.until(first.id, () => toy.types(first.id).includes('episode-over'));
  toy.again();
  const second = await toy.ask();
  await toy.waits(second.id, 'cooldown');
  await toy.engine.acknowledge('production', 'alice');
  expect((await toy.ended(second.id)).outcome).toBe('failed');
});

it('has a budget of runs that start by themselves', async () => {
  const toy = await toyEngine({ rules: { ...toyRules, runsPerHour: { cluster: 1, overall: 100 } } });
  const first = await toy.ended((await toy.ask()).id);
  toy.engine.resolved(fromAlert());
  await toy.until(first.id, () => toy.types(first.id).includes('episode-over'));
  toy.again();
  const second = await toy.ask({ limits: { waitAtMost: 7200 } });
  await toy.waits(second.id, 'budget');
  const byHand = await toy.ended((await toy.ask(byPerson)).id);
  expect(byHand.outcome).toBe('succeeded');
});

it('lets one run at a time at the same servers', async () => {
  const toy = await toyEngine();
  let go = (): void => undefined;
  toy.gate = { point: 'section:switch:begins', open: new Promise((resolve) => (go = resolve)) };
  const first = await toy.ask(byPerson);
  await toy.until(first.id, ({ state }) => state === 'running');
  const second = await toy.ask({ ...byPerson, idempotencyKey: 'another' });
  await toy.waits(second.id, 'another-run');
  go();
  expect((await toy.ended(first.id)).outcome).toBe('succeeded');
  expect((await toy.ended(second.id)).outcome).toBe('cancelled');
});

it('stops alerts of a cluster while a run there needs a human, not a person', async () => {
  const human = {
    ...toySwitchover,
    refusals: () => [{ reason: 'two-primaries', why: 'two', remedy: 'choose', human: true as const }],
  };
  const toy = await toyEngine({ procedure: human });
  const first = await toy.ask();
  await toy.until(first.id, ({ state }) => state === 'needs-human');
  Object.assign(toy.engine.options.procedures, {
    'restart-replication': {
      ...toySwitchover,
      parameters: [{ name: 'server', kind: 'server', required: false, help: '' }],
    },
  });
  const second = await toy.ask({ parameters: { cluster: 'production', server: 'db2' } });
  await toy.waits(second.id, 'needs-human');
  await toy.engine.abandon(first.id, 'alice', 'seen to');
  expect((await toy.ended(second.id)).outcome).toBe('succeeded');
  expect(toy.engine.run(first.id)?.outcome).toBe('abandoned');
});

it('ends at its next step boundary when it is told to, taken back before its commit point', async () => {
  const toy = await toyEngine();
  let go = (): void => undefined;
  toy.gate = { point: 'run:started', open: new Promise((resolve) => (go = resolve)) };
  const { id } = await toy.ask();
  await toy.until(id, ({ state }) => state === 'running');
  await toy.engine.abort(id, 'alice');
  go();
  expect(await toy.ended(id)).toMatchObject({ outcome: 'cancelled', why: 'alice told it to end' });
  await expect(toy.engine.abort(id, 'alice')).rejects.toMatchObject({ code: 'run-ended' });
});

it('knows a second request by its idempotency key', async () => {
  const toy = await toyEngine();
  const first = await toy.ask({ ...byPerson, idempotencyKey: 'k' });
  const again = await toy.engine.request(fromAlert({ ...byPerson, idempotencyKey: 'k' }));
  expect(again).toMatchObject({ repeated: true, run: { id: first.id } });
});

it('refuses what the configuration does not name', async () => {
  const toy = await toyEngine();
  const ask = (parameters: { cluster: string; [name: string]: string }) =>
    toy.engine.request(fromAlert({ parameters }));
  await expect(ask({ cluster: 'nowhere' })).rejects.toMatchObject({ code: 'parameters-invalid' });
  await expect(ask({ cluster: 'production', evil: 'x' })).rejects.toMatchObject({ code: 'parameters-invalid' });
});

it('comes to the same state from what is left after old entries were dropped', async () => {
  const toy = await toyEngine();
  await toy.ended((await toy.ask()).id);
  await toy.engine.pause('production', 'alice', 'x');
  toy.world.now += 10_000_000;
  await toy.engine.prune(1);
  expect(toy.journal.entries.at(-1)?.record).toMatchObject({
    type: 'carried',
    pauses: [{ cluster: 'production' }],
    ends: [{ outcome: 'succeeded' }],
  });
});

it('stops at a step boundary: before the commit point it takes back, beyond it it finishes', async () => {
  const toy = await toyEngine();
  let go = (): void => undefined;
  toy.gate = { point: 'run:started', open: new Promise((resolve) => (go = resolve)) };
  const before = await toy.ask();
  await toy.until(before.id, ({ state }) => state === 'running');
  const stopped = toy.engine.stop();
  go();
  await stopped;
  expect(toy.engine.run(before.id)).toMatchObject({ state: 'ended', outcome: 'cancelled' });
  expect(toy.world.servers.db1.writable).toBe(true);

  toy.engine.resolved(fromAlert());
  await toy.restart();
  toy.gate = { point: 'section:switch:ends', open: new Promise((resolve) => (go = resolve)) };
  const beyond = await toy.ask(byPerson);
  await toy.until(beyond.id, ({ committed }) => committed);
  const finished = toy.engine.stop();
  go();
  await finished;
  expect(toy.engine.run(beyond.id)).toMatchObject({ state: 'ended', outcome: 'succeeded' });
});

it('takes no request while it stops', async () => {
  const toy = await toyEngine();
  await toy.engine.stop();
  await expect(toy.engine.request(fromAlert())).rejects.toMatchObject({ code: 'stopping' });
});

it('goes on when the journal can be written again', async () => {
  const toy = await toyEngine();
  const append = toy.journal.append.bind(toy.journal);
  let refused = 0;
  toy.journal.append = (record, options) => {
    if (record.type !== 'section' || refused >= 2) return append(record, options);
    refused += 1;
    return Promise.reject(new Error('no space left on device'));
  };
  const run = await toy.ended((await toy.ask()).id);
  expect(refused).toBeGreaterThan(0);
  expect(['succeeded', 'failed', 'rolled-back']).toContain(run.outcome);
  expect(Number(toy.world.servers.db1.writable) + Number(toy.world.servers.db2.writable)).toBe(1);
});
