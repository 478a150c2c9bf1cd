import { describe, expect, it } from 'vitest';
import { columnFor, type Column } from '../../src/dialects/capabilities.js';
import type { ReadAnnouncer } from '../../src/domain/readers.js';
import type { PrimaryChange } from '../../src/domain/primary-change.js';
import type { Parameters, Scene } from '../../src/domain/scene.js';
import { defaultFailover } from '../../src/domain/scene.js';
import type { ClusterSnapshot } from '../../src/domain/snapshot.js';
import { planLines } from '../../src/engine/plan-text.js';
import { planOf } from '../../src/engine/plan.js';
import type { Notes } from '../../src/engine/procedure.js';
import { rejoin as procedure } from '../../src/procedures/rejoin.js';
import {
  down,
  following,
  lookedAt,
  promoted,
  uuidOf,
  withChannel,
  withFacts,
  withGtid,
  withSection,
} from '../domain/build.js';
import { holding } from './dead.js';
import { goldenPlans } from './golden.js';
import { backend, reading } from './readers-scenes.js';
import { clusterOf, of, seenOf, site } from './scenes.js';

const newest = {
  mariadb: columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  mysql: columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
};
const changed: PrimaryChange = { primary: 'db2', former: 'db1', formerEnd: { file: 'bin.000004', position: 900 }, opened: { file: 'bin.000004', position: 900 }, byGtid: true, at: lookedAt - 60_000 }; // prettier-ignore
const given: Parameters = of('db1');

/** db2 was promoted, db3 follows it, and db1 came back with nothing of its own. */
function cameBack(column: Column, writable = false): ClusterSnapshot {
  const { flavour } = column;
  let snapshot = following(promoted(clusterOf(column), 'db2'), 'db3', 'db2');
  snapshot = withSection(snapshot, 'db1', 'state', { readOnly: !writable, superReadOnly: column.readOnly === 'switch' ? undefined : !writable }); // prettier-ignore
  for (const name of ['db2', 'db3'])
    snapshot = withGtid(snapshot, name, flavour === 'mysql' ? { executed: `${uuidOf(1)}:1-100,${uuidOf(2)}:1-20` } : { state: '0-1-100,0-2-120', binlog: '0-2-120' }); // prettier-ignore
  return snapshot;
}

const extra = (snapshot: ClusterSnapshot) =>
  withGtid(snapshot, 'db1', snapshot.servers[0]?.facts?.gtid?.kind === 'mysql' ? { executed: `${uuidOf(1)}:1-103` } : { state: '0-1-103', binlog: '0-1-103' }); // prettier-ignore

const sceneOf = (snapshot: ClusterSnapshot, more: Partial<Scene> = {}): Scene => ({ snapshot, site, lastChange: changed, ...more }); // prettier-ignore
/** Applications read from db1 and db3 by a backend, and from these now. */
function readBy(
  from: readonly string[],
  more: Partial<ReadAnnouncer['readers']> = {},
): Pick<Scene, 'site' | 'readSides'> {
  const readers = { ...backend.readers, servers: ['db1', 'db3'], ...more };
  return { site: { ...site, announcers: [{ ...backend, readers }] }, readSides: [reading(from)] };
}
/** Nobody remembers who was promoted. */
const forgetful = (snapshot: ClusterSnapshot): Scene => ({ snapshot, site });
const reasons = (scene: Scene) => procedure.refusals(scene, given).map(({ reason }) => reason);
const ids = (scene: Scene) => procedure.steps(scene, given).map(({ id }) => id);

describe.each(['mariadb', 'mysql'] as const)('rejoin on %s', (flavour) => {
  const column = newest[flavour];
  const closed = cameBack(column);
  const open = cameBack(column, true);

  it('makes a former primary without anything of its own a replica', () => {
    const scene = sceneOf(closed);
    expect(procedure.needed(scene, given).observed).toBe('yes');
    expect(reasons(scene)).toEqual([]);
    expect(procedure.asks?.(scene, given)).toBeUndefined();
    expect(procedure.leaves?.(scene, given)).toBeUndefined();
    expect(ids(scene)).toEqual(['compare', 'point-db1', 'start-db1', 'verify']);
  });

  it('lets it acknowledge, and wait for nobody itself, where the others do so', () => {
    const source = holding(column);
    const waited = withFacts(open, 'db1', { semiSync: { source, replica: { prefix: column.semiSync[0]?.replica ?? '', enabled: false, active: false } } }); // prettier-ignore
    const acknowledging = withFacts(waited, 'db3', { semiSync: { source: undefined, replica: { enabled: true, active: true } } }); // prettier-ignore
    const pointing = (snapshot: ClusterSnapshot) => JSON.stringify(procedure.steps(sceneOf(snapshot), given).find(({ id }) => id === 'point-db1')?.plan); // prettier-ignore
    const prefix = flavour === 'mysql' ? ['source', 'replica'] : ['master', 'slave'];
    expect(pointing(acknowledging)).toMatch(
      new RegExp(`_${prefix[0]}_enabled = OFF.*_${prefix[1]}_enabled = ON.*CHANGE`),
    );
    const nobody = ['db2', 'db3'].reduce((all, name) => withFacts(all, name, { semiSync: undefined }), waited);
    expect(pointing(nobody)).toContain('_enabled = OFF');
    expect(pointing(nobody)).not.toContain('_enabled = ON');
  });

  it('closes it first where it accepts writes, if it is known who is right', () => {
    expect(ids(sceneOf(open))[0]).toBe('close-db1');
    expect(procedure.asks?.(sceneOf(open), given)).toBeUndefined();
    const forgotten = forgetful(open);
    expect(reasons(forgotten)).toEqual([]);
    expect(procedure.asks?.(forgotten, given)).toContain('only replicas tell');
    const alone = forgetful(withFacts(open, 'db3', { channels: [] }));
    expect(procedure.refusals(alone, given)).toMatchObject([{ reason: 'two-primaries', human: true }]);
  });

  it('leaves one whose commits wait for replicas that have left it to a person: it cannot be closed', () => {
    const activity = { statements: [], transactions: [], waitingForReplicas: 3, connections: { limit: 100, used: 5 }, enabledEvents: 0 }; // prettier-ignore
    expect(procedure.refusals(sceneOf(withFacts(open, 'db1', { activity })), given)).toMatchObject([{ reason: 'commits-wait', human: true }]); // prettier-ignore
    expect(reasons(sceneOf(withFacts(closed, 'db1', { activity })))).toEqual([]);
  });

  it('is not read from until it follows again and has caught up', () => {
    const led = (snapshot: ClusterSnapshot, from = ['db1', 'db3']) => sceneOf(snapshot, readBy(from));
    const steps = procedure.steps(led(open), given);
    const fencing = column.readOnlyBypass.length > 0 ? ['close-db1', 'end-sessions'] : ['close-db1'];
    const all = [...fencing, 'withdraw-db1', 'compare', 'point-db1', 'start-db1', 'verify', 'catch-up', 'return-db1'];
    expect(steps.map(({ id }) => id)).toEqual(all);
    // Of two that accept writes the one that is right stands in.
    const last = procedure.steps(led(open, ['db1']), given).find(({ id }) => id === 'withdraw-db1');
    expect(last?.plan).toMatchObject([{ act: 'withdraw', fallback: { name: 'db2' } }]);
    const back = steps.at(-1);
    const seen = (from: readonly string[], notes: Notes) => ({ ...seenOf(closed, notes), ...readBy(from) });
    expect(back?.done(seen(['db3'], { 'caught-up': '1' }))).toBe(false);
    expect(back?.done(seen(['db1', 'db3'], { 'caught-up': '1', returned: 'db1' }))).toBe(true);
    // It stays out, and the run is not kept waiting.
    expect(back?.done(seen(['db3'], { 'caught-up': '0' }))).toBe(true);
    expect(procedure.remarks?.(led(closed), given).join(' ')).toContain('applications read from db3 (haproxy)');
  });

  it('is not read from where it stays closed', () => {
    const scene = sceneOf(extra(closed), readBy(['db1', 'db3']));
    expect(ids(scene)).toEqual(['withdraw-db1']);
    expect(procedure.remarks?.(scene, given).at(-1)).toContain('once it was rebuilt, or by return-replica');
  });

  it('goes ahead where nobody else can be read from, and says so', () => {
    const scene = sceneOf(closed, readBy(['db1'], { fallback: false }));
    expect(reasons(scene)).toEqual([]);
    expect(ids(scene)).toEqual(ids(sceneOf(closed)));
    expect(procedure.remarks?.(scene, given).at(-1)).toMatch(/^Applications may read from db1 although it follows nobody: db1 is the last/); // prettier-ignore
  });

  it('never closes the only server that accepts writes', () => {
    const nobody = withSection(open, 'db2', 'state', { readOnly: true });
    expect(reasons(sceneOf(nobody))).toEqual(['no-primary']);
    expect(reasons(sceneOf(down(open, 'db2')))).toEqual(['no-primary']);
    expect(reasons(sceneOf(promoted(open, 'db3')))).toEqual(['two-primaries']);
  });

  it('leaves what replicates, and what is the primary', () => {
    expect(procedure.needed(sceneOf(closed), of('db3')).observed).toBe('no');
    expect(procedure.needed(sceneOf(closed), of('db2')).observed).toBe('no');
    expect(procedure.needed(sceneOf(down(closed, 'db1')), given).observed).toBe('unknown');
  });

  it.runIf(flavour === 'mysql')(
    'leaves one that lost what it wrote itself, for it would never be sent that again',
    () => {
      const lost = (snapshot: ClusterSnapshot) => sceneOf(withGtid(snapshot, 'db1', { executed: `${uuidOf(1)}:1-98` }));
      expect(procedure.refusals(lost(closed), given)).toMatchObject([{ reason: 'own-lost', why: expect.stringContaining('db1 has lost 2 transactions that it wrote itself') as unknown }]); // prettier-ignore
      expect(reasons(lost(open))).toEqual([]);
      expect(ids(lost(open))).toEqual(['close-db1']);
      expect(procedure.leaves?.(lost(open), given)).toMatch(/^db1 stays closed: db1 has lost 2 .* rebuild-replica\.$/);
    },
  );

  it.runIf(flavour === 'mariadb')('brings back one that lost what it wrote itself: it is sent that again', () => {
    const lost = sceneOf(withGtid(closed, 'db1', { state: '0-1-98', binlog: '0-1-98', current: '0-1-98' }));
    expect(reasons(lost)).toEqual([]);
    expect(ids(lost)).toContain('point-db1');
  });

  it('keeps one that has more closed, saves that, and says what is left', () => {
    const scene = sceneOf(extra(open), { site: { ...site, failover: { ...defaultFailover, tail: { program: '/usr/bin/mysqlbinlog', directory: '/srv' } } } }); // prettier-ignore
    expect(reasons(scene)).toEqual([]);
    expect(ids(scene)).toEqual([...(column.readOnlyBypass.length > 0 ? ['close-db1', 'end-sessions'] : ['close-db1']), 'save-tail']); // prettier-ignore
    expect(procedure.leaves?.(scene, given)).toMatch(/^db1 stays closed: db1 has 3 transactions or more that db2 has not .*\/srv\/db1-tail\.sql.*rebuild-replica/); // prettier-ignore
    expect(ids(sceneOf(extra(closed)))).toEqual([]);
  });

  it('compares again once nobody writes there any more', () => {
    const compare = procedure.steps(sceneOf(closed), given).find(({ id }) => id === 'compare');
    expect(compare?.done({ ...seenOf(closed), lastChange: changed })).toBe(true);
    expect(compare?.done({ ...seenOf(extra(closed)), lastChange: changed })).toBe(false);
    expect(compare?.done(seenOf(down(closed, 'db2')))).toBe(false);
  });

  it('does not guess by file and position', () => {
    const position = withFacts(withFacts(closed, 'db1', { gtid: undefined }), 'db2', { gtid: undefined });
    expect(reasons(forgetful(position))).toEqual(['tail-unknown']);
    expect(procedure.leaves?.(sceneOf(position), given)).toBeUndefined();
    const further = withFacts(position, 'db1', ({ binlog }) => ({ binlog: binlog && { ...binlog, files: [{ name: 'bin.000004', bytes: 1200 }, { name: 'bin.000005', bytes: 200 }] } })); // prettier-ignore
    expect(procedure.leaves?.(sceneOf(further), given)).toContain('may have transactions');
  });

  it('does not leave out by file and position what a crash took from it, and the others have', () => {
    const of = (bytes: number) => {
      const files = [{ name: 'bin.000004', bytes }, { name: 'bin.000005', bytes: 200 }]; // prettier-ignore
      const cut = withFacts(closed, 'db1', ({ binlog, gtid }) => ({ binlog: binlog && { ...binlog, files }, gtid: gtid?.kind === 'mysql' ? undefined : gtid })); // prettier-ignore
      const byPosition = withChannel(cut, 'db3', { gtid: { mode: 'off', received: undefined } });
      return sceneOf(byPosition, { lastChange: { ...changed, byGtid: false } });
    };
    expect(reasons(of(900))).toEqual([]);
    expect(reasons(of(899))).toEqual(['no-way']);
    expect(procedure.refusals(of(899), given)[0]?.remedy).toContain('must be rebuilt');
  });

  it('lets it go on as the others do, where it is known at which place of the log', () => {
    const others = withChannel(closed, 'db3', { gtid: { mode: 'off', received: undefined } });
    const follows = (scene: Scene) => planLines(planOf(procedure, scene, given)).join('\n');
    const [at, byGtid] = [/_LOG_POS=900/, /MASTER_USE_GTID|SOURCE_AUTO_POSITION=1/];
    expect(follows(sceneOf(others))).toMatch(at);
    expect(follows(sceneOf(closed))).toMatch(byGtid);
    // Each transaction of MySQL has a GTID there.
    if (flavour === 'mysql') expect(follows(forgetful(others))).toMatch(byGtid);
    else expect(reasons(forgetful(others))).toEqual(['no-way']);
  });
});

goldenPlans(procedure, [
  { title: 'it came back closed', scene: (column) => sceneOf(cameBack(column)), parameters: given },
  { title: 'it still accepts writes', scene: (column) => sceneOf(cameBack(column, true)), parameters: given },
  { title: 'applications read from it', scene: (column) => sceneOf(cameBack(column), readBy(['db1', 'db3'])), parameters: given }, // prettier-ignore
  {
    title: 'it has what nobody else has',
    scene: (column) => sceneOf(extra(cameBack(column, true)), { site: { ...site, failover: { ...defaultFailover, tail: { program: '/usr/bin/mysqlbinlog', directory: '/var/lib/lockstep' } } } }), // prettier-ignore
    parameters: given,
  },
]);
