import { afterEach, expect, it } from 'vitest';
import { commitRecorded, stepBegins } from '../../src/engine/faults.js';
import type { Action } from '../../src/domain/action.js';
import type { Procedure, Step } from '../../src/engine/procedure.js';
import { byPerson, ToyEngine } from './bench.js';
import { recordedSwitchover, toySwitchover } from './toy.js';

let toy: ToyEngine | undefined;
afterEach(() => toy?.engine.stop());

it('writes the commit record before the first step that must not be sent without it', async () => {
  toy = await ToyEngine.open({ procedure: recordedSwitchover });
  let go = (): void => undefined;
  toy.gate = { point: commitRecorded, open: new Promise<void>((done) => (go = done)) };
  const { id } = await toy.ask();
  await toy.until(id, () => toy?.types(id).includes('committing') === true);
  expect([toy.world.servers.db1.writable, toy.world.servers.db2.writable]).toEqual([true, false]);
  expect(toy.world.sessions.get('db1/lock')?.frozen).toBe(true);
  go();
  expect(await toy.ended(id)).toMatchObject({ outcome: 'succeeded', committed: true });
});

it.each([
  ['freeze', 'FREEZE', 'succeeded'],
  ['catch-up', 'CATCH UP', 'failed'],
])('tries the first step of a section again, and no other: %s', async (id, word, outcome) => {
  const steps = (...given: Parameters<typeof toySwitchover.steps>) =>
    toySwitchover.steps(...given).map((step) => (step.id === id ? { ...step, attempts: 3 } : step));
  toy = await ToyEngine.open({ procedure: { ...toySwitchover, steps } });
  toy.world.refuse.set(word, 2);
  expect(await toy.ended((await toy.ask()).id)).toMatchObject({ outcome });
  expect(toy.world.servers.db1.writable).toBe(outcome === 'failed');
});

const login: Action = {
  ...{ kind: 'login', to: { host: 'db2', port: 3306 }, user: 'repl', password: 'replication', filesOf: 'db1' },
  ...{ tls: { caFile: '/ca.pem', certFile: undefined, keyFile: undefined, verify: true }, noteAs: 'rehearsed' },
};

it.each([
  ['only looked', [login], 'cancelled'],
  ['may have changed something', undefined, 'failed'],
])('is not tried again once it was told to end, which is why it ended, where it %s', async (_, plan, outcome) => {
  const steps = (...given: Parameters<typeof toySwitchover.steps>) =>
    toySwitchover.steps(...given).map((step) => (step.id === 'freeze' ? { ...step, section: 'first', plan: plan ?? step.plan, attempts: 9 } : step)); // prettier-ignore
  toy = await ToyEngine.open({ procedure: { ...toySwitchover, steps } });
  toy.world.refuse.set('FREEZE', 9);
  let go = (): void => undefined;
  toy.gate = { point: stepBegins('freeze'), open: new Promise<void>((done) => (go = done)) };
  const { id } = await toy.ask();
  await toy.until(id, () => toy?.types(id).includes('section') === true);
  await toy.engine.abort(id, 'alice');
  go();
  const why = expect.stringMatching(/^alice told it to end; until then: freeze db1: /) as unknown;
  expect(await toy.ended(id)).toMatchObject({ outcome, why });
  expect(toy.world.refuse.get('FREEZE')).toBe(plan === undefined ? 8 : 9);
});

it('beyond the commit point a server that fails holds up no other', async () => {
  const steps = (...given: Parameters<typeof toySwitchover.steps>) =>
    toySwitchover.steps(...given).flatMap((step) => {
      if (step.id !== 'follow') return [step];
      const behind = { ...step, section: 'others', apart: 'db1' };
      const never = { id: 'never', title: 'never', section: 'others', apart: 'db3', plan: [{ ...step.plan[0], on: 'db2' } as typeof step.plan[0]], done: () => false, within: 1 }; // prettier-ignore
      return [never, behind];
    });
  toy = await ToyEngine.open({ procedure: { ...toySwitchover, steps } });
  const obey = toy.world.obey.bind(toy.world);
  toy.world.obey = (name, word, session) => {
    if (name === 'db2' && word === 'FOLLOW') throw new Error('db3 does not answer');
    return obey(name, word, session);
  };
  const { id } = await toy.ask();
  const run = await toy.until(id, ({ state }) => state === 'needs-human');
  expect(run.why).toContain('db3 does not answer');
  expect(toy.world.servers.db1.follows).toBe('db2');
});

it('remembers who was made the primary, and that it was only opened again', async () => {
  const noting = (notes: Step['notes']): Procedure => ({
    ...toySwitchover,
    steps: (...given) =>
      toySwitchover.steps(...given).map((step) => (step.commits === true && notes !== undefined ? { ...step, notes } : step)), // prettier-ignore
  });
  const last = () => toy?.engine.book.changes.get('production');
  toy = await ToyEngine.open({ procedure: noting({ promoted: 'db2', former: 'db1' }) });
  await toy.ended((await toy.ask()).id);
  expect(last()).toMatchObject({ primary: 'db2', former: 'db1' });
  toy.again();
  toy.procedure = noting({ promoted: 'db2' });
  await toy.restart();
  await toy.ended((await toy.ask(byPerson)).id);
  expect(last()).toMatchObject({ primary: 'db2', former: 'db1' });
});
