import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnFor, columns } from '../../src/dialects/capabilities.js';
import type { Scene } from '../../src/domain/scene.js';
import type { ClusterSnapshot, ServerName } from '../../src/domain/snapshot.js';
import { isWritable } from '../../src/domain/topology.js';
import type { Seen, Step } from '../../src/engine/procedure.js';
import { fenceWritableReplica as procedure } from '../../src/procedures/fence-writable-replica.js';
import {
  down,
  following,
  healthy,
  promoted,
  withChannel,
  withFacts,
  withGtid,
  withSection,
  withServer,
} from '../domain/build.js';
import { goldenPlans } from './golden.js';
import { backend, readFrom, reading } from './readers-scenes.js';
import { clusterOf, of, sceneOf, seenOf } from './scenes.js';

const newest = {
  mariadb: columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  mysql: columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
};

const need = (snapshot: ClusterSnapshot, server = 'db2') => procedure.needed(sceneOf(snapshot), of(server));
const refusals = (snapshot: ClusterSnapshot, server = 'db2') => procedure.refusals(sceneOf(snapshot), of(server));
const reasons = (snapshot: ClusterSnapshot, server = 'db2') => refusals(snapshot, server).map(({ reason }) => reason);
const asked = (snapshot: ClusterSnapshot, server = 'db2') => procedure.asks?.(sceneOf(snapshot), of(server));
const premises = (snapshot: ClusterSnapshot) => procedure.premises(sceneOf(snapshot), of('db2'));
const remarks = (snapshot: ClusterSnapshot) => procedure.remarks?.(sceneOf(snapshot), of('db2')) ?? [];

const bare = (steps: readonly Step[]) => steps.map(({ id, plan }) => ({ id, plan }));

function opened(snapshot: ClusterSnapshot, name: ServerName = 'db2'): ClusterSnapshot {
  const { readOnly } = columnOf(snapshot);
  const superReadOnly = readOnly === 'switch' ? undefined : false;
  return withSection(snapshot, name, 'state', { readOnly: false, superReadOnly });
}

function columnOf(snapshot: ClusterSnapshot) {
  const identity = snapshot.servers.flatMap(({ facts }) => facts?.identity ?? [])[0];
  if (identity === undefined) throw new Error('nobody was asked');
  return columnFor(identity);
}

describe.each(['mariadb', 'mysql'] as const)('fence-writable-replica on %s', (flavour) => {
  const well = clusterOf(newest[flavour]);
  const open = opened(well);

  it('closes a replica that accepts writes beside a primary that does', () => {
    expect(need(open)).toEqual({ observed: 'yes', why: 'db2 replicates from db1.example:3306 and accepts writes' });
    expect(refusals(open)).toEqual([]);
    expect(asked(open)).toBeUndefined();
  });

  it('has nothing to do for a replica that is closed, and for the primary', () => {
    expect(need(well)).toEqual({ observed: 'no', why: 'db2 is read-only' });
    expect(need(open, 'db1')).toEqual({ observed: 'no', why: 'db1 is the primary' });
    expect(need(opened(down(well, 'db1')), 'db2').observed).toBe('yes');
  });

  it('waits for what it cannot see', () => {
    expect(need(down(open, 'db2')).observed).toBe('unknown');
    expect(need(withFacts(open, 'db2', { channels: undefined })).observed).toBe('unknown');
    expect(need(withFacts(open, 'db2', { state: undefined })).observed).toBe('unknown');
  });

  it('never closes what may be the only server that accepts writes', () => {
    expect(reasons(down(open, 'db1'))).toEqual(['no-writable-primary']);
    expect(reasons(withFacts(open, 'db1', { state: undefined }))).toEqual(['no-writable-primary']);
    expect(reasons(withFacts(open, 'db1', { channels: undefined }))).toEqual(['no-writable-primary']);
    expect(reasons(withSection(open, 'db1', 'state', { readOnly: true }))).toEqual(['no-writable-primary']);
  });

  it.each([
    ['itself and the primary', promoted(well, 'db2')],
    ['the primary and a third', promoted(open, 'db3')],
  ])('leaves two primaries to a person: %s', (_, snapshot) => {
    expect(need(snapshot).observed).toBe('yes');
    const [refusal, ...others] = refusals(snapshot);
    expect(others).toEqual([]);
    expect(refusal).toMatchObject({ reason: 'two-primaries', human: true });
    expect(refusal?.remedy).toContain('TwoPrimaries');
  });

  it('wants to see that it replicates from the primary now', () => {
    for (const change of [{ io: 'stopped' }, { io: 'connecting' }, { silent: true }] as const)
      expect(reasons(withChannel(open, 'db2', change)), JSON.stringify(change)).toEqual(['not-following']);
    const elsewhere = withChannel(open, 'db2', ({ source }) => ({
      source: { ...source, host: 'db9.example', uuid: source.uuid && '00000009-aaaa-bbbb-cccc-000000000000' },
    }));
    // Another server of the primary's server id: a copy of it, perhaps.
    expect(reasons(elsewhere)).toEqual(['not-following']);
  });

  it.each([
    ['the name that applications use', { host: 'masterdb', port: 3306 }, []],
    ['the name that the primary gives itself', { host: 'DB1', port: 3306 }, []],
    ['its name with a dot', { host: 'db1.example.', port: 3306 }, []],
    ['another port', { host: 'db1.example', port: 3307 }, ['not-following']],
    ['a name that nobody knows', { host: '10.0.0.1', port: 3306 }, ['not-following']],
  ])('knows the primary by its uuid, else by its address: %s', (_, address, expected) => {
    const snapshot = withChannel(open, 'db2', ({ source }) => ({ source: { ...source, ...address } }));
    expect(reasons(snapshot)).toEqual(flavour === 'mysql' ? [] : expected);
  });

  it('sees the primary over a server in between', () => {
    const chain = opened(following(well, 'db3', 'db2'), 'db3');
    expect(refusals(chain, 'db3')).toEqual([]);
    expect(reasons(withChannel(chain, 'db2', { io: 'stopped' }), 'db3')).toEqual(['not-following']);
  });

  it('asks where the others follow it, and nobody else the primary', () => {
    const moved = following(open, 'db3', 'db2');
    expect(refusals(moved)).toEqual([]);
    expect(asked(moved)).toBe('db3 replicate from db2, and nobody else from db1: db2 may be meant to be the primary');
    expect(asked(opened(following(well, 'db3', 'db2'), 'db3'), 'db3')).toBeUndefined();
  });

  it('leaves clusters alone that open and close their servers themselves', () => {
    for (const snapshot of [
      withSection(open, 'db1', 'identity', { grouping: 'galera' }),
      withSection(open, 'db1', 'identity', { managed: 'rds' }),
      following(open, 'db1', 'db2'),
    ])
      expect(reasons(snapshot)).toEqual(['topology']);
  });

  it('rests on who is who and who follows whom now, and on no position or lag', () => {
    const later = withChannel(open, 'db2', {
      lagSeconds: 900,
      executed: { file: 'bin.000009', position: 4 },
      heartbeatsReceived: 900,
    });
    expect(premises(later)).toEqual(premises(open));
    expect(premises(opened(open, 'db3'))).toEqual(premises(open));
    for (const changed of [
      withChannel(open, 'db2', { io: 'connecting' }),
      withSection(open, 'db1', 'state', { readOnly: true }),
      withSection(open, 'db1', 'identity', { serverId: 9 }),
      withSection(open, 'db2', 'identity', { version: '99' }),
      promoted(open, 'db3'),
      down(open, 'db1'),
    ])
      expect(premises(changed)).not.toEqual(premises(open));
  });

  it('reports errant transactions', () => {
    const errant =
      flavour === 'mysql'
        ? withGtid(open, 'db2', { executed: '00000001-aaaa-bbbb-cccc-000000000000:1-100,00000002-aaaa-bbbb-cccc-000000000000:1-2' }) // prettier-ignore
        : withGtid(open, 'db2', { state: '0-1-100,0-2-102' });
    const settled = withServer(errant, 'db1', ({ at }) => ({ at: at + 60_000 }));
    expect(remarks(open)[0]).toBe('db2 has no transactions that its source never had.');
    expect(remarks(settled)[0]).toMatch(/^db2 has (?:at least )?2 transactions that its source never had \((?:0-2-102|00000002-aaaa-bbbb-cccc-000000000000:1-2)\)/); // prettier-ignore
    expect(remarks(errant)[0]).toContain('may only be newer');
    expect(remarks(withFacts(open, 'db2', { gtid: undefined }))[0]).toContain('is not known');
  });

  it('takes it out of what applications read from once it is closed, if it has diverged', () => {
    const errant = withServer(withGtid(open, 'db2', errantIn(flavour)), 'db1', ({ at }) => ({ at: at + 60_000 }));
    const led = (snapshot: ClusterSnapshot, from = ['db2', 'db3']) => readFrom(snapshot, from);
    const steps = procedure.steps(led(errant), of('db2'));
    expect(steps.map(({ id }) => id)).toEqual(['close', ...(newest[flavour].readOnlyBypass.length > 0 ? ['end-sessions'] : []), 'withdraw-db2']); // prettier-ignore
    const out = steps.at(-1);
    const seen = (scene: Scene, notes = {}): Seen => ({ ...scene, notes, held: new Set() });
    expect(out?.done(seen(led(errant)))).toBe(false);
    expect(out?.done(seen(led(errant, ['db3']), { withdrawn: 'db2' }))).toBe(true);
    // Nothing is done where it has not, and the same is planned: writes go on until it is closed.
    expect(out?.done(seen(led(open)))).toBe(true);
    expect(out?.done(seen(led(withServer(errant, 'db1', ({ at }) => ({ at: at - 60_000 })))))).toBe(true);
    expect(bare(procedure.steps(led(open), of('db2')))).toEqual(bare(steps));
    expect(procedure.remarks?.(led(errant), of('db2')).join(' ')).toContain('applications read from db3 (haproxy)');
  });

  it('closes it where it cannot be taken out, and says so', () => {
    const blind = { ...readFrom(open, []), readSides: [reading([], 'gone')] };
    const alone = { ...backend, readers: { ...backend.readers, fallback: false } };
    for (const scene of [blind, readFrom(open, ['db2'], [alone])]) {
      expect(procedure.refusals(scene, of('db2'))).toEqual([]);
      expect(bare(procedure.steps(scene, of('db2')))).toEqual(bare(procedure.steps(sceneOf(open), of('db2'))));
      expect(procedure.remarks?.(scene, of('db2')).at(-1)).toMatch(/^Applications may read from db2 even if/);
    }
  });

  it('says what a restart would do', () => {
    const boots = (bootReadOnly: boolean | undefined) =>
      remarks(withSection(open, 'db2', 'state', { bootReadOnly })).filter((remark) => remark.includes('restart'));
    expect(boots(true)).toEqual([]);
    expect(boots(false)).toEqual([expect.stringContaining('db2 accepts writes again after a restart')]);
    expect(boots(undefined)).toEqual([expect.stringContaining('is not known')]);
  });
});

describe.each(columns.map((column) => [column.name, column] as const))('on %s', (_, column) => {
  const open = opened(clusterOf(column));
  const steps = procedure.steps(sceneOf(open), of('db2'));

  it('is closed at the strongest level, which is its commit point', () => {
    const [close] = steps;
    expect(close).toMatchObject({ id: 'close', commits: true });
    expect(close?.undo).toBeUndefined();
    expect(close?.done(seenOf(open))).toBe(false);
    const half = withSection(open, 'db2', 'state', { readOnly: true });
    expect(close?.done(seenOf(half))).toBe(column.readOnly === 'switch');
    const whole = withSection(half, 'db2', 'state', {
      superReadOnly: column.readOnly === 'switch' ? undefined : true,
    });
    expect(close?.done(seenOf(whole))).toBe(true);
    expect(close?.done(seenOf(down(whole, 'db2')))).toBe(false);
  });

  it('ends sessions only where some could still write', () => {
    const [, end] = steps;
    expect(end === undefined).toBe(column.readOnlyBypass.length === 0);
    expect(end?.done(seenOf(open)) ?? false).toBe(false);
    expect(end?.done(seenOf(open, { 'newest-session': '7' })) ?? false).toBe(false);
    expect(end?.done(seenOf(open, { 'newest-session': '7', 'sessions-left': '0' })) ?? true).toBe(true);
  });
});

/** Any cluster of three: who accepts writes, follows whom, runs, and is down. */
const clusters = fc
  .record({
    column: fc.constantFrom(...columns),
    servers: fc.tuple(...[1, 2, 3].map(() => anyServer())),
  })
  .map(({ column, servers }) => {
    let snapshot = clusterOf(column);
    servers.forEach(({ writable, follows, io, up }, index) => {
      const name = `db${index + 1}`;
      if (writable) snapshot = opened(snapshot, name);
      else snapshot = withSection(snapshot, name, 'state', { readOnly: true });
      snapshot = follows === 0 || follows === index + 1 ? withFacts(snapshot, name, { channels: [] }) : withChannel(following(snapshot, name, `db${follows}`), name, { io }); // prettier-ignore
      if (!up) snapshot = down(snapshot, name);
    });
    return snapshot;
  });

function anyServer() {
  return fc.record({
    writable: fc.boolean(),
    follows: fc.integer({ min: 0, max: 3 }),
    io: fc.constantFrom('running', 'running', 'stopped', 'connecting'),
    up: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  });
}

it('goes ahead only beside another server that accepts writes, and touches the one server alone', () => {
  let planned = 0;
  fc.assert(
    fc.property(clusters, fc.constantFrom('db1', 'db2', 'db3'), (snapshot, server) => {
      if (need(snapshot, server).observed !== 'yes' || refusals(snapshot, server).length > 0) return;
      planned += 1;
      const others = snapshot.servers.filter((one) => one.name !== server && isWritable(one));
      expect(others.filter(({ facts }) => facts?.channels?.length === 0)).toHaveLength(1);
      for (const action of procedure.steps(sceneOf(snapshot), of(server)).flatMap(({ plan }) => plan)) {
        if (action.kind !== 'sql' && action.kind !== 'kill') throw new Error(`a ${action.kind}`);
        expect([action.on, action.session]).toEqual([server, 'control']);
        for (const { text, values } of action.kind === 'sql' ? action.statements : [action.select]) {
          expect(text.join('?')).toMatch(
            /^(?:SET SESSION lock_wait_timeout = \?|SET GLOBAL (?:super_)?read_only = \S+|SELECT MAX\(ID\).*|WITH RECURSIVE .*)$/,
          );
          expect(text.join('?')).not.toMatch(/skip|reset|purge|gtid/i);
          for (const value of values)
            expect([5, 'lockstep_operate', 'lockstep_monitor', { note: 'newest-session', as: 'number' }]).toContainEqual(value); // prettier-ignore
        }
      }
    }),
    { numRuns: 3000 },
  );
  expect(planned).toBeGreaterThan(20);
});

goldenPlans(procedure, [
  {
    title: 'a replica that accepts writes',
    scene: (column) => sceneOf(opened(clusterOf(column))),
    parameters: of('db2'),
  },
  {
    title: 'it was restarted with read_only off, and was written to',
    scene: (column) =>
      sceneOf(
        withServer(
          withGtid(
            withSection(opened(clusterOf(column)), 'db2', 'state', { bootReadOnly: false }),
            'db2',
            errantIn(column.flavour),
          ),
          'db1',
          ({ at }) => ({ at: at + 60_000 }),
        ),
      ),
    parameters: of('db2'),
  },
  {
    title: 'applications read from it',
    scene: (column) => readFrom(opened(clusterOf(column)), ['db2', 'db3']),
    parameters: of('db2'),
  },
]);

function errantIn(flavour: 'mariadb' | 'mysql') {
  const own = healthy(flavour).servers[1]?.facts?.identity.uuid ?? '';
  const source = healthy(flavour).servers[0]?.facts?.identity.uuid ?? '';
  return flavour === 'mysql' ? { executed: `${source}:1-100,${own}:1-3` } : { state: '0-1-100,0-2-103' };
}
