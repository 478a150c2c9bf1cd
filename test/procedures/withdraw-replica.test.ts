import { describe, expect, it } from 'vitest';
import { columnFor } from '../../src/dialects/capabilities.js';
import type { Scene } from '../../src/domain/scene.js';
import type { Notes, Seen } from '../../src/engine/procedure.js';
import { returnReplica } from '../../src/procedures/return-replica.js';
import { giveBack, withdraw } from '../../src/procedures/readers/steps.js';
import { withdrawReplica } from '../../src/procedures/withdraw-replica.js';
import { down, withChannel } from '../domain/build.js';
import { goldenPlans } from './golden.js';
import { backend, hook, readFrom, reading, withdrawal } from './readers-scenes.js';
import { clusterOf, of, sceneOf } from './scenes.js';

const well = clusterOf(columnFor({ flavour: 'mariadb', release: [10, 11, 0] }));
const db2 = { name: 'db2', address: { host: 'db2.example', port: 3306 } };
const seen = (from: readonly string[], notes: Notes): Seen => ({ ...readFrom(well, from), notes, held: new Set() });

describe('the steps', () => {
  it('are none where no announcer leads readers', () => {
    expect(withdraw(sceneOf(well), db2)).toEqual([]);
    expect(giveBack(sceneOf(well), db2)).toEqual([]);
    expect(withdraw(readFrom(well, ['db2']), { ...db2, name: 'db1' })).toEqual([]);
  });

  it('believe what is read back, and stay done once the server was returned', () => {
    const [out] = withdraw(readFrom(well, ['db2', 'db3']), db2);
    expect(out?.done(seen(['db2', 'db3'], {}))).toBe(false);
    expect(out?.done(seen(['db3'], {}))).toBe(false);
    expect(out?.done(seen(['db2', 'db3'], { withdrawn: 'db2' }))).toBe(false);
    expect(out?.done(seen(['db3'], { withdrawn: 'db2' }))).toBe(true);
    expect(out?.done(seen(['db2', 'db3'], { withdrawn: 'db2', returned: 'db2' }))).toBe(true);
    expect(out?.undo).toBeUndefined();
    const [back] = giveBack(readFrom(well, ['db3']), db2);
    expect(back?.done(seen(['db2', 'db3'], { withdrawn: 'db2' }))).toBe(false);
    expect(back?.done(seen(['db3'], { returned: 'db2' }))).toBe(false);
    expect(back?.done(seen(['db2', 'db3'], { returned: 'db2' }))).toBe(true);
    const blind = { ...seen([], { withdrawn: 'db2', returned: 'db2' }), readSides: [reading([], 'gone')] };
    expect(back?.done(blind)).toBe(false);
  });

  it('tell those where the primary stands in, and the others that it does not', () => {
    const [out] = withdraw(readFrom(well, ['db2', 'db3'], [backend, hook]), db2, { takenBack: true });
    expect(out?.plan).toMatchObject([
      { announcers: ['haproxy'], fallback: { name: 'db1' } },
      { announcers: ['webhook'] },
    ]);
    expect(out?.plan[1]).not.toHaveProperty('fallback');
    expect(out?.undo?.plan).toMatchObject([{ act: 'return' }, { act: 'return' }]);
    expect(out?.undo?.done(seen(['db2', 'db3'], {}))).toBe(false);
    expect(out?.undo?.done(seen(['db2', 'db3'], { returned: 'db2' }))).toBe(true);
    expect(out?.within).toBe(70);
  });
});

describe('withdraw-replica', () => {
  const reasons = (scene: Scene, server = 'db2') => withdrawReplica.refusals(scene, of(server)).map(({ reason }) => reason); // prettier-ignore
  const remarks = (scene: Scene) => withdrawReplica.remarks?.(scene, of('db2')).join(' ');

  it('is needed until the journal and the announcers say that it is out', () => {
    const needed = (scene: Scene) => withdrawReplica.needed(scene, of('db2')).observed;
    expect(needed(readFrom(well, ['db2', 'db3']))).toBe('yes');
    expect(needed(readFrom(well, ['db3']))).toBe('yes');
    expect(needed({ ...readFrom(well, ['db3']), withdrawals: [withdrawal] })).toBe('no');
    expect(needed({ ...readFrom(well, ['db2', 'db3']), withdrawals: [withdrawal] })).toBe('yes');
  });

  it('leaves nobody without anybody to read from', () => {
    expect(reasons(readFrom(well, ['db2', 'db3']))).toEqual([]);
    expect(remarks(readFrom(well, ['db2', 'db3']))).toContain('applications read from db3 (haproxy)');
    expect(reasons(readFrom(well, ['db2']))).toEqual([]);
    expect(remarks(readFrom(well, ['db2']))).toContain('db1, the primary, for db2 is the last');
    const alone = { ...backend, readers: { ...backend.readers, fallback: false } };
    expect(reasons(readFrom(well, ['db2'], [alone]))).toEqual(['last-reader']);
    expect(reasons(readFrom(well, ['db2', 'db3'], [alone]))).toEqual([]);
    expect(reasons(readFrom(down(well, 'db3'), ['db2', 'db3']))).toEqual(['no-fit-reader']);
    expect(reasons(readFrom(withChannel(well, 'db3', { sql: 'stopped' }), ['db2', 'db3']))).toEqual(['no-fit-reader']);
    expect(reasons(readFrom(down(well, 'db2'), ['db2', 'db3']))).toEqual([]);
  });

  it('holds to the journal where an announcer cannot be read', () => {
    const scene = readFrom(well, [], [hook]);
    expect(reasons(scene)).toEqual([]);
    expect(reasons({ ...scene, withdrawals: [{ ...withdrawal, server: 'db3' }] })).toEqual(['last-reader']);
  });

  it('refuses where no announcer leads readers, or one cannot be read', () => {
    expect(reasons(sceneOf(well))).toEqual(['no-readers']);
    expect(reasons(readFrom(well, ['db2', 'db3']), 'db1')).toEqual(['no-readers']);
    expect(reasons({ ...readFrom(well, []), readSides: [reading([], 'gone')] })).toEqual(['announcer-failing']);
  });
});

describe('return-replica', () => {
  const out = { ...readFrom(well, ['db3']), withdrawals: [withdrawal] };
  const reasons = (scene: Scene) => returnReplica.refusals(scene, of('db2')).map(({ reason }) => reason);

  it('is needed where it is out, by the journal or by what announcers tell', () => {
    const needed = (scene: Scene) => returnReplica.needed(scene, of('db2')).observed;
    expect(needed(out)).toBe('yes');
    expect(needed({ ...out, readSides: [reading(['db2', 'db3'])] })).toBe('yes');
    expect(needed(readFrom(well, ['db3']))).toBe('yes');
    expect(needed(readFrom(well, ['db2', 'db3']))).toBe('no');
  });

  it('returns nobody that is not what its source is, as far as that is seen', () => {
    const with_ = (snapshot: Scene['snapshot']) => ({ ...out, snapshot });
    expect(reasons(out)).toEqual([]);
    expect(reasons(with_(down(well, 'db2')))).toEqual(['server-down']);
    expect(reasons(with_(withChannel(well, 'db2', { io: 'stopped' })))).toEqual(['not-replicating']);
    expect(reasons(with_(withChannel(well, 'db2', { lagSeconds: 120 })))).toEqual(['lagging']);
    expect(reasons(sceneOf(well))).toEqual(['no-readers']);
    expect(reasons({ ...out, readSides: [reading([], 'gone')] })).toEqual(['announcer-failing']);
  });

  it('asks where a run that changes servers took it out', () => {
    expect(returnReplica.asks?.(out, of('db2'))).toContain('rebuild-replica (20261128T152233Z-3f9a1c) withdrew db2');
    const byHand = { ...out, withdrawals: [{ ...withdrawal, procedure: 'withdraw-replica' }] };
    expect(returnReplica.asks?.(byHand, of('db2'))).toBeUndefined();
    expect(returnReplica.asks?.({ ...byHand, verified: [{ server: 'db2', differingTables: 0 }] }, of('db2'))).toBeUndefined(); // prettier-ignore
    expect(returnReplica.asks?.({ ...byHand, verified: [{ server: 'db3', differingTables: 2 }] }, of('db2'))).toBeUndefined(); // prettier-ignore
  });

  it('asks where it differed when it was last compared, whoever took it out', () => {
    for (const scene of [out, readFrom(well, ['db3'])])
      expect(returnReplica.asks?.({ ...scene, verified: [{ server: 'db2', differingTables: 1 }] }, of('db2'))).toMatch(
        /db2 differed in 1 table: verify-replica compares them anew/,
      );
  });
});

goldenPlans(withdrawReplica, [
  { title: 'another is left to read from', scene: (column) => readFrom(clusterOf(column), ['db2', 'db3'], [backend, hook]), parameters: of('db2') }, // prettier-ignore
  { title: 'it is the last', scene: (column) => readFrom(clusterOf(column), ['db2']), parameters: of('db2') },
]);
goldenPlans(returnReplica, [
  { title: 'a run took it out', scene: (column) => ({ ...readFrom(clusterOf(column), ['db3']), withdrawals: [withdrawal] }), parameters: of('db2') }, // prettier-ignore
]);
