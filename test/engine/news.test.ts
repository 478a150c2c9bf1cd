import { expect, it } from 'vitest';
import { fromAlert, toyEngines } from './bench.js';
import { failing, toySwitchover } from './toy.js';

const toyEngine = toyEngines();

it('takes an alert that began after its run had mended what it names for news, though nobody saw it whole in between', async () => {
  const toy = await toyEngine({ procedure: { ...toySwitchover, needed: () => ({ observed: 'yes', why: 'always' }) } });
  const first = await toy.ended((await toy.ask()).id);
  expect(first.outcome).toBe('succeeded');
  const alert = (after: number) => {
    const startsAt = new Date((first.endedAt ?? 0) + after).toISOString();
    return fromAlert({
      trigger: { kind: 'alert', alertname: 'Toy', fingerprint: 'f', labels: {}, startsAt, by: 'am' },
    });
  };
  expect(toy.types(first.id)).not.toContain('episode-over');
  expect(await toy.engine.request(alert(-1))).toMatchObject({ repeated: true, run: { id: first.id } });
  const { run, repeated } = await toy.engine.request(alert(1));
  expect(repeated).toBe(false);
  expect((await toy.ended(run.id)).outcome).toBe('succeeded');
});

it('does not try again for an alert that began after its run had failed', async () => {
  const toy = await toyEngine({ procedure: failing });
  const first = await toy.ended((await toy.ask()).id);
  const startsAt = new Date((first.endedAt ?? 0) + 1).toISOString();
  const trigger = { kind: 'alert', alertname: 'Toy', fingerprint: 'f', labels: {}, startsAt, by: 'am' } as const;
  expect(await toy.engine.request(fromAlert({ trigger }))).toMatchObject({ repeated: true, run: { id: first.id } });
});
