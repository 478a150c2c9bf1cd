import { afterEach, expect, it } from 'vitest';
import { sql } from '../../src/domain/action.js';
import { pauseNotes } from '../../src/domain/write-pause.js';
import type { Procedure, Step } from '../../src/engine/procedure.js';
import type { EngineRecord } from '../../src/engine/records.js';
import type { Entry } from '../../src/journal/journal.js';
import { ToyEngine } from './bench.js';
import { toySwitchover } from './toy.js';

const open: ToyEngine[] = [];
afterEach(async () => {
  for (const toy of open.splice(0)) await toy.engine.stop();
});

/** Tells it last, and notes what real ones note. The toy answers '' to every word that opens a server. */
const telling: Step = {
  id: 'announce',
  title: 'tell of db2',
  plan: [
    { kind: 'sql', on: 'db2', session: 'control', statements: [{ ...sql`OPEN`, notes: { failed: 'announced' } }] },
  ],
  done: ({ notes }) => notes['announced'] !== undefined,
  moments: { ended: pauseNotes.announced },
};
const measured: Procedure = {
  ...toySwitchover,
  steps: (...given) => [
    ...toySwitchover.steps(...given).map((step): Step => {
      if (step.id === 'freeze') return { ...step, moments: { before: { action: 0, note: pauseNotes.began } } };
      if (step.commits !== true) return step;
      const [action] = step.plan;
      if (action?.kind !== 'sql') throw new Error('the toy knows sql only');
      const statements = action.statements.map((one) => ({ ...one, notes: { server: 'promoted', was: 'former' } }));
      return { ...step, plan: [{ ...action, statements }], moments: { ended: pauseNotes.promoted } };
    }),
    telling,
  ],
};

async function switchedOver(): Promise<{ toy: ToyEngine; id: string; at: Record<string, number> }> {
  const toy = await ToyEngine.open({ procedure: measured });
  open.push(toy);
  const at: Record<string, number> = {};
  const obey = toy.world.obey.bind(toy.world);
  toy.world.obey = (name, word, session) => {
    at[word] = toy.world.now;
    return obey(name, word, session);
  };
  const { id } = await toy.ask();
  expect(await toy.ended(id)).toMatchObject({ outcome: 'succeeded' });
  return { toy, id, at };
}

const pauseOf = ({ engine }: ToyEngine) => engine.book.writePauses.get('production');

it('is measured from before the stop of all writes until the answers, and outlives restarts and retention', async () => {
  const { toy, id, at } = await switchedOver();
  const { FREEZE = NaN, PROMOTE = NaN, OPEN = NaN } = at;
  // A word of the toy is answered a turn later.
  const pause = {
    cluster: 'production',
    run: id,
    procedure: 'restart-replication',
    promoted: (PROMOTE + 50 - FREEZE) / 1000,
    announced: (OPEN + 50 - FREEZE) / 1000,
  };
  expect(pauseOf(toy)).toEqual(pause);
  await toy.restart();
  expect(pauseOf(toy)).toEqual(pause);
  // What retention says again is all that is left.
  await toy.engine.prune(1);
  await toy.engine.stop();
  toy.journal.entries.splice(0, toy.journal.entries.length - 1);
  expect(toy.types(id)).toEqual([]);
  await toy.restart();
  expect(pauseOf(toy)).toEqual(pause);
});

it('is not known of what an older Lockstep wrote, which is read all the same', async () => {
  const { toy } = await switchedOver();
  const moments: readonly string[] = Object.values(pauseNotes);
  const older = (name: string, value: unknown) =>
    moments.includes(name) || name === 'writePauses' ? undefined : value;
  const { engine } = toy;
  const { primary } = engine.book.changes.get('production') ?? {};
  for (const pruned of [false, true]) {
    if (pruned) await toy.engine.prune(1);
    await toy.engine.stop();
    if (pruned) toy.journal.entries.splice(0, toy.journal.entries.length - 1);
    const text = JSON.stringify(toy.journal.entries, older);
    toy.journal.entries.splice(0, Infinity, ...(JSON.parse(text) as Entry<EngineRecord>[]));
    await toy.restart();
    expect(toy.engine.book.changes.get('production')).toMatchObject({ primary });
    expect(pauseOf(toy)).toBeUndefined();
  }
});

it('is known as far as it was written down where the process died behind the commit record', async () => {
  const { toy: first } = await switchedOver();
  const { entries } = first.journal;
  const committing = entries.findIndex(({ record }) => record.type === 'committing');
  const toy = Object.assign(new ToyEngine(), { procedure: measured });
  open.push(toy);
  toy.journal.entries.push(...entries.slice(0, committing + 1));
  Object.assign(toy.world.servers.db1, { writable: false });
  Object.assign(toy.world.servers.db2, { writable: true, follows: undefined });
  const restarted = (toy.world.now += 60_000);
  await toy.restart();
  const [run] = toy.engine.runs();
  expect(await toy.ended(run?.id ?? '')).toMatchObject({ outcome: 'succeeded' });
  const pause = pauseOf(toy);
  expect(pause?.promoted).toBeUndefined();
  const stopped = entries.flatMap(({ record }) => (record.type === 'committing' ? [Number(record.notes[pauseNotes.began])] : []))[0]; // prettier-ignore
  expect(pause?.announced).toBeGreaterThanOrEqual((restarted - (stopped ?? NaN)) / 1000);
  expect(pause?.announced).toBeLessThanOrEqual((toy.world.now - (stopped ?? NaN)) / 1000);
});

it('keeps what the look before a section showed', async () => {
  const rows: (number | undefined)[] = [];
  const steps = (...given: Parameters<typeof measured.steps>) =>
    measured.steps(...given).map((step): Step => {
      if (step.commits !== true) return step;
      return {
        ...step,
        remembers: ({ snapshot }) => {
          rows.push(snapshot.servers[0]?.facts?.binlog?.current?.position);
          return { before: String(rows.at(-1)) };
        },
      };
    });
  const toy = await ToyEngine.open({ procedure: { ...measured, steps } });
  open.push(toy);
  const { id } = await toy.ask();
  await toy.ended(id);
  const begun = toy.journal.entries.flatMap(({ record }) => (record.type === 'section' && record.steps.includes('promote') ? [record.notes] : [])); // prettier-ignore
  expect(begun).toEqual([{ before: String(rows[0]) }]);
  expect(rows).toHaveLength(1);
});
