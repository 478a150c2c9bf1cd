import { afterEach, beforeEach, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import type { DeliveryResult } from '../../src/notify/delivery.js';
import { createNotify } from '../../src/notify/notify.js';
import type { ReceiverSettings } from '../../src/notify/settings.js';
import { until } from '../../src/sandbox/until.js';
import { ToyEngine, toyRules } from '../engine/bench.js';
import { toySwitchover } from '../engine/toy.js';
import { grafanaReceiver } from './grafana-receiver.js';
import { answers, listen, type Listener } from './listener.js';
import { recordedLog } from './runs.js';

/** The real engine, over its toy; the receivers are real. */
const noTls = { caFile: undefined };
let scope: Scope;
let results: DeliveryResult[];

beforeEach(() => {
  [scope, results] = [new Scope(), []];
});
afterEach(() => scope.end());

async function engineWith(receivers: readonly ReceiverSettings[], change: Parameters<typeof ToyEngine.open>[0] = {}) {
  const toy = await ToyEngine.open(change);
  scope.defer(() => toy.engine.stop());
  const counted = (_: string, result: DeliveryResult) => void results.push(result);
  const ports = { automation: toy.engine, log: recordedLog().log, counted };
  const notify = createNotify({ receivers, alertmanager: undefined }, ports, { queue: { attempt: 500 } });
  scope.defer(() => notify.stop(0));
  notify.start();
  return toy;
}

function hook(listener: Listener): ReceiverSettings {
  const url = () => Promise.resolve(new Secret(listener.url));
  const on = ['approval-wanted', 'started', 'ended', 'needs-human', 'waiting'] as const;
  return { kind: 'webhook', url, on, signingKey: undefined, tls: noTls };
}

interface Told {
  readonly event: string;
  readonly sentence: string;
  readonly head: string;
  readonly next: readonly { readonly command?: string }[];
  readonly run: { readonly id: string; readonly digest: string };
  readonly plan: { readonly digest: string; readonly text: readonly string[] } | null;
}

const toldTo = ({ received }: Listener) => received.map(({ body }) => JSON.parse(body) as Told);

it('a wanted approval comes with the plan of the engine and a command that names the run; then what comes of it', async () => {
  const listener = await listen(scope, answers(200));
  const toy = await engineWith([hook(listener)]);
  const { id } = await toy.waits((await toy.ask({ mode: 'approve' })).id, 'approval');
  await until('the approval to be wanted', () => listener.received.length === 1);
  const [wanted] = toldTo(listener);
  expect(wanted).toMatchObject({ event: 'approval-wanted', run: { id } });
  expect(wanted?.next[0]?.command).toBe(`lockstep runs approve ${id}`);
  expect(wanted?.plan?.digest).toBe(wanted?.run.digest);
  expect(wanted?.plan?.text).toEqual((await toy.engine.planOf(id))?.text);
  expect(wanted?.plan?.text.length).toBeGreaterThan(5);
  await toy.engine.approve(id, 'bob', wanted?.run.digest);
  await toy.ended(id);
  await until('the end to be told', () => listener.received.length === 3);
  const told = toldTo(listener);
  expect(told.map(({ event }) => event)).toEqual(['approval-wanted', 'started', 'ended']);
  const [seq = '', hash = ''] = told.at(-1)?.head.split(':') ?? [];
  expect(await toy.engine.verify({ seq: Number(seq), hash })).toMatchObject({ ok: true });
});

it('a run that only says what it would do says it', async () => {
  const listener = await listen(scope, answers(200));
  const toy = await engineWith([hook(listener)]);
  const { id } = await toy.ended((await toy.ask({ mode: 'plan' })).id);
  await until('it to be told', () => listener.received.length === 1);
  const [told] = toldTo(listener);
  expect(told).toMatchObject({ event: 'ended', run: { id, outcome: 'planned' } });
  expect(told?.plan?.text.length).toBeGreaterThan(5);
});

it('waiting is told once for each guard, and a refusal with what to do', async () => {
  const listener = await listen(scope, answers(200));
  const toy = await engineWith([hook(listener)]);
  await toy.engine.pause(undefined, 'ops', 'a holiday');
  const { id } = await toy.waits((await toy.ask()).id, 'paused');
  await toy.engine.pause(undefined, 'ops', 'a longer holiday');
  await toy.engine.unpause(undefined, 'ops');
  await toy.ended(id);
  await until('the end to be told', () => toldTo(listener).some(({ event }) => event === 'ended'));
  expect(toldTo(listener).map(({ event }) => event)).toEqual(['waiting', 'started', 'ended']);
});

it('no receiver holds up a run, and none of what it hears is lost by one that fails at first', async () => {
  const hangs = await listen(scope, () => undefined);
  const fails = await listen(scope, (received, response, index) =>
    answers(index < 2 ? 503 : 200)(received, response, index),
  );
  const grafana = await grafanaReceiver(scope, 'token');
  const token = () => Promise.resolve(new Secret('token'));
  const toy = await engineWith([hook(hangs), hook(fails), { kind: 'grafana', url: grafana.url, token, tls: noTls }]);
  const run = await toy.ended((await toy.ask()).id);
  expect(run.outcome).toBe('succeeded');
  expect(results).toEqual([]);
  await until('the others to be told', () => results.filter((result) => result === 'delivered').length >= 4);
  expect(
    toldTo(fails)
      .slice(-2)
      .map(({ event }) => event),
  ).toEqual(['started', 'ended']);
  expect(grafana.kept).toMatchObject([{ time: run.startedAt, timeEnd: run.endedAt }]);
  expect(grafana.kept[0]?.tags).toContain(`run:${run.id}`);
  expect(grafana.faults).toEqual([]);
});

it('a run that fails says what it saw', async () => {
  const listener = await listen(scope, answers(200));
  const steps = () => [{ id: 'never', title: 'never', plan: [], done: () => false, within: 1 }];
  const toy = await engineWith([hook(listener)], { procedure: { ...toySwitchover, steps }, rules: toyRules });
  const run = await toy.ended((await toy.ask()).id);
  await until('the end to be told', () => listener.received.length === 2);
  const last = toldTo(listener).at(-1);
  expect(last?.sentence).toContain(run.why);
  expect(last?.next.map(({ command }) => command)).toContain(`lockstep runs show ${run.id}`);
});
