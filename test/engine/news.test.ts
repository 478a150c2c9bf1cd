import { expect, it } from 'vitest';
import type { Parameters, Scene } from '../../src/domain/scene.js';
import type { Need } from '../../src/engine/procedure.js';
import type { RunRequest, RunView } from '../../src/engine/run.js';
import { fromAlert, toyEngines } from './bench.js';
import { failing, toySwitchover } from './toy.js';

const toyEngine = toyEngines();

it('takes an alert that began after its run had mended what it names for news, though nobody saw it whole in between', async () => {
  const toy = await toyEngine({ procedure: { ...toySwitchover, needed: () => ({ observed: 'yes', why: 'always' }) } });
  const first = await toy.ended((await toy.ask()).id);
  expect(first.outcome).toBe('succeeded');
  expect(toy.types(first.id)).not.toContain('episode-over');
  expect(await toy.engine.request(alertAfter(first, -1))).toMatchObject({ repeated: true, run: { id: first.id } });
  const { run, repeated } = await toy.engine.request(alertAfter(first, 1));
  expect(repeated).toBe(false);
  expect((await toy.ended(run.id)).outcome).toBe('succeeded');
});

it('takes an alert that began soon after its run had mended what it names for an echo, while nothing is to be mended', async () => {
  let observed: Need['observed'] = 'yes';
  const needed = (): Need => ({ observed, why: 'as the test says' });
  const toy = await toyEngine({ procedure: { ...toySwitchover, needed } });
  const first = await toy.ended((await toy.ask()).id);
  expect(first.outcome).toBe('succeeded');
  observed = 'no';
  expect(await toy.engine.request(alertAfter(first, 119_999))).toMatchObject({ repeated: true, run: { id: first.id } });
  const { run, repeated } = await toy.engine.request(alertAfter(first, 120_000));
  expect(repeated).toBe(false);
  expect((await toy.ended(run.id)).outcome).toBe('refused');
});

it('asks anew at each time of a schedule, whatever became of the last', async () => {
  const toy = await toyEngine({ procedure: failing });
  const scheduled = () => toy.engine.request(fromAlert({ trigger: { kind: 'schedule', by: 'nightly' } }));
  const first = await scheduled();
  expect((await toy.ended(first.run.id)).outcome).not.toBe('succeeded');
  const second = await scheduled();
  expect([first.repeated, second.repeated]).toEqual([false, false]);
  expect(second.run.id).not.toBe(first.run.id);
});

it('does what was only planned once an alert asks for that', async () => {
  const toy = await toyEngine();
  const first = await toy.engine.request(fromAlert({ mode: 'plan' }));
  expect((await toy.ended(first.run.id)).outcome).toBe('planned');
  expect(await toy.engine.request(fromAlert({ mode: 'plan' }))).toMatchObject({ repeated: true });
  const { run, repeated } = await toy.engine.request(fromAlert({ mode: 'auto' }));
  expect(repeated).toBe(false);
  expect((await toy.ended(run.id)).outcome).toBe('succeeded');
});

it('takes the next alert for news after one whose trouble had gone before it could be looked at', async () => {
  let observed: Need['observed'] = 'no';
  const needed = (): Need => ({ observed, why: 'as the test says' });
  const toy = await toyEngine({ procedure: { ...toySwitchover, needed } });
  const first = await toy.ended((await toy.engine.request(fromAlert({}))).run.id);
  expect(first.outcome).toBe('refused');
  observed = 'yes';
  const { run, repeated } = await toy.engine.request(fromAlert({}));
  expect(repeated).toBe(false);
  expect((await toy.ended(run.id)).outcome).toBe('succeeded');
});

it('does not try again for an alert that began after its run had failed', async () => {
  const toy = await toyEngine({ procedure: failing });
  const first = await toy.ended((await toy.ask()).id);
  expect(await toy.engine.request(alertAfter(first, 1))).toMatchObject({ repeated: true, run: { id: first.id } });
});

it('sees that others are over although one can no longer be judged', async () => {
  let over = false;
  const needed = (_: Scene, { server }: Parameters): Need => {
    if (over && server === 'db1') throw new Error('its server is no longer configured');
    return { observed: over ? 'no' : 'yes', why: 'as the test says' };
  };
  const parameters = [{ name: 'server', kind: 'server', required: true, help: 'which' }] as const;
  const toy = await toyEngine({ procedure: { ...toySwitchover, parameters, needed } });
  const about = (server: string) => ({ parameters: { cluster: 'production', server } });
  const [first, second] = [await toy.ask(about('db1')), await toy.ask(about('db2'))];
  for (const { id } of [first, second]) await toy.ended(id);
  over = true;
  toy.engine.resolved(fromAlert(about('db2')));
  await toy.until(second.id, () => toy.types(second.id).includes('episode-over'));
  expect(toy.types(first.id)).not.toContain('episode-over');
});

/** @param after milliseconds between the end of the run and the alert's beginning */
function alertAfter({ endedAt }: RunView, after: number): RunRequest {
  const startsAt = new Date((endedAt ?? 0) + after).toISOString();
  return fromAlert({ trigger: { kind: 'alert', alertname: 'Toy', fingerprint: 'f', labels: {}, startsAt, by: 'am' } });
}
