import { expect, it } from 'vitest';
import type { Procedure } from '../../src/engine/procedure.js';
import { fromAlert, toyEngines } from './bench.js';
import { failing, recordedSwitchover, toySwitchover } from './toy.js';

const toyEngine = toyEngines();
const day = 86_400;

/** What it would do is always needed, so that nothing is ever seen to be over. */
const always: Procedure = { ...toySwitchover, needed: () => ({ observed: 'yes', why: 'always' }) };

it('drops ended runs of episodes that are never seen to be over', async () => {
  const toy = await toyEngine({ procedure: always });
  const { id } = await toy.ended((await toy.ask()).id);
  await toy.engine.prune(day);
  expect(toy.engine.book.episodes.size).toBe(1);
  expect(toy.types(id)).toContain('requested');
  toy.world.now += 2 * day * 1000;
  await toy.engine.prune(day);
  expect(toy.types(id)).not.toContain('requested');
  // Memory and what is left of the journal agree: the next alert begins anew.
  expect(toy.engine.book.episodes.size).toBe(0);
  await toy.restart();
  expect(toy.engine.book.episodes.size).toBe(0);
});

it('keeps what ended long after it was asked for as long as what ended then', async () => {
  const toy = await toyEngine({ procedure: always });
  await toy.engine.pause(undefined, 'alice', 'x');
  const { id } = await toy.ask({ limits: { waitAtMost: 3 * day } });
  await toy.waits(id, 'paused');
  toy.world.now += 2 * day * 1000;
  await toy.engine.unpause(undefined, 'alice');
  await toy.ended(id);
  await toy.engine.prune(day);
  expect(toy.types(id)).toContain('requested');
});

it('carries on what was being written down when older entries were dropped', async () => {
  const toy = await toyEngine({ procedure: failing });
  const { id } = await toy.ended((await toy.ask()).id);
  await toy.engine.pause('production', 'alice', 'x');
  toy.journal.slow = true;
  await Promise.all([
    toy.engine.unpause('production', 'alice'),
    toy.engine.acknowledge('production', 'alice'),
    toy.engine.prune(day),
  ]);
  const agrees = () => {
    expect(toy.engine.pauses()).toEqual([]);
    expect([...toy.engine.book.ends.values()]).toMatchObject([{ outcome: 'failed', acknowledged: true }]);
  };
  expect(toy.engine.run(id)?.outcome).toBe('failed');
  expect(toy.journal.entries.at(-1)?.record.type).toBe('carried');
  agrees();
  await toy.restart();
  agrees();
});

it('judges whether an episode is over with what the journal remembers', async () => {
  const remembering: Procedure = {
    ...recordedSwitchover,
    needed: ({ lastChange }) => ({ observed: lastChange === undefined ? 'yes' : 'no', why: 'nobody changed it' }),
  };
  const toy = await toyEngine({ procedure: remembering });
  const { id } = await toy.ended((await toy.ask()).id);
  toy.engine.resolved(fromAlert());
  await toy.until(id, () => toy.types(id).includes('episode-over'));
  expect(toy.engine.book.episodes.size).toBe(0);
});
