import { describe, expect, it } from 'vitest';
import { columnFor } from '../../src/dialects/capabilities.js';
import type { ClusterSnapshot } from '../../src/domain/snapshot.js';
import { isLong, onlyReads } from '../../src/domain/action.js';
import { procedures } from '../../src/procedures/index.js';
import { verifyReplica as procedure } from '../../src/procedures/verify-replica.js';
import { down, healthy, withChannel, withFacts } from '../domain/build.js';
import { goldenPlans } from './golden.js';
import { clusterOf, of, sceneOf, seenOf } from './scenes.js';

const parameters = (server = 'db2', source = '') => of(server, source === '' ? {} : { source });
const need = (snapshot: ClusterSnapshot, server = 'db2') => procedure.needed(sceneOf(snapshot), parameters(server));
const reasons = (snapshot: ClusterSnapshot, server = 'db2', source = '') =>
  procedure.refusals(sceneOf(snapshot), parameters(server, source)).map(({ reason }) => reason);

describe.each(['mariadb', 'mysql'] as const)('verify-replica on %s', (flavour) => {
  const well = clusterOf(columnFor({ flavour, release: flavour === 'mysql' ? [9, 7, 0] : [10, 11, 0] }));

  it('is wanted whenever it is asked for, and has nothing to do on a primary', () => {
    expect(need(well)).toMatchObject({ observed: 'yes' });
    expect(need(well, 'db1')).toEqual({ observed: 'no', why: 'db1 replicates from nobody' });
    expect(reasons(well)).toEqual([]);
    expect(reasons(well, 'db2', 'db1')).toEqual([]);
  });

  it('waits for servers that do not answer', () => {
    expect(need(down(well, 'db2')).observed).toBe('unknown');
    expect(need(down(well, 'db1')).observed).toBe('unknown');
  });

  it('refuses where equal cannot be told from late, or is not meant', () => {
    expect(reasons(withChannel(well, 'db2', { sql: 'stopped' }))).toEqual(['not-replicating']);
    expect(reasons(withChannel(well, 'db2', { delaySeconds: 600 }))).toEqual(['delayed']);
    expect(reasons(withChannel(well, 'db2', { filtered: true }))).toEqual(['filtered']);
    expect(reasons(well, 'db2', 'db2')).toEqual(['source-unknown']);
    expect(reasons(withFacts(well, 'db2', ({ channels = [] }) => ({ channels: [...channels, ...channels] })))).toEqual([
      'several-sources',
    ]);
  });

  it('is done when something was found out, whatever that is', () => {
    const [step] = procedure.steps(sceneOf(well), parameters());
    expect(step?.done(seenOf(well))).toBe(false);
    for (const verified of ['equal', 'differs']) expect(step?.done(seenOf(well, { verified }))).toBe(true);
    expect(step?.undo).toBeUndefined();
  });
});

it('holds what locks nothing to actions that change nothing', () => {
  for (const { name, locks, steps } of Object.values(procedures)) {
    if (locks !== 'nothing') continue;
    const plan = steps(sceneOf(healthy('mariadb')), parameters()).flatMap((step) => step.plan);
    expect(plan.length, name).toBeGreaterThan(0);
    expect(plan.every(onlyReads), name).toBe(true);
    expect(plan.some(isLong), name).toBe(true);
  }
});

goldenPlans(procedure, [
  { title: 'A replica beside its source', scene: (column) => sceneOf(clusterOf(column)), parameters: parameters() },
]);
