import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClusterSnapshot, Flavour } from '../../src/domain/snapshot.js';
import { topologyOf } from '../../src/domain/topology.js';
import {
  channel,
  down,
  following,
  healthy,
  promoted,
  withChannel,
  withFacts,
  withSection,
  withServer,
} from './build.js';

const flavours: readonly Flavour[] = ['mysql', 'mariadb'];

describe.each(flavours)('%s', (flavour) => {
  const base = healthy(flavour);
  const chain = following(base, 'db3', 'db2');
  const ring = withFacts(base, 'db1', { channels: [channel(flavour, 2)] });
  const closed = (name: string, snapshot: ClusterSnapshot) => withSection(snapshot, name, 'state', { readOnly: true });

  it.each<[string, ClusterSnapshot, string | undefined, string, string]>([
    ['healthy', base, 'db1', 'primary replica replica', 'async'],
    ['a chain', chain, 'db1', 'primary intermediate replica', 'async'],
    ['the primary is down', down(base, 'db1'), 'db1', 'primary replica replica', 'async'],
    ['a replica is down', down(base, 'db3'), 'db1', 'primary replica unknown', 'async'],
    ['all replicas are down', down(down(base, 'db2'), 'db3'), 'db1', 'primary unknown unknown', 'async'],
    ['an intermediate is down', down(chain, 'db2'), 'db1', 'primary intermediate replica', 'async'],
    ['nobody answers', down(down(down(base, 'db1'), 'db2'), 'db3'), undefined, 'unknown unknown unknown', 'async'],
    ['the primary is read-only', closed('db1', base), 'db1', 'primary replica replica', 'async'],
    [
      'a read-only server stands apart',
      closed('db3', promoted(base, 'db3')),
      'db1',
      'primary replica standalone',
      'async',
    ],
    ['a second writable head', promoted(base, 'db3'), undefined, 'primary replica standalone', 'async'],
    [
      'a replica took over, the old primary is down',
      promoted(down(base, 'db1'), 'db2'),
      'db2',
      'intermediate primary replica',
      'async',
    ],
    ['a ring with one writable member', ring, 'db1', 'primary replica replica', 'circular'],
    ['a ring with none', closed('db1', ring), undefined, 'intermediate intermediate replica', 'circular'],
    [
      'a ring with two',
      withSection(ring, 'db2', 'state', { readOnly: false, superReadOnly: false }),
      undefined,
      'intermediate intermediate replica',
      'circular',
    ],
    ['managed', withSection(base, 'db2', 'identity', { managed: 'rds' }), 'db1', 'primary replica replica', 'managed'],
    [
      'the primary follows a server outside',
      withFacts(base, 'db1', { channels: [channel(flavour, 9)] }),
      'db1',
      'primary replica replica',
      'async',
    ],
    [
      'the primary does not tell its channels',
      withFacts(base, 'db1', { channels: undefined }),
      'db1',
      'primary replica replica',
      'async',
    ],
  ])('%s', (_, snapshot, primary, roles, kind) => {
    const topology = topologyOf(snapshot);
    expect([topology.primary, Object.values(topology.roles).join(' '), topology.kind]).toEqual([primary, roles, kind]);
  });

  it('lists who accepts writes', () => {
    expect(topologyOf(base).writable).toEqual(['db1']);
    expect(topologyOf(promoted(base, 'db3')).writable).toEqual(['db1', 'db3']);
    expect(topologyOf(down(base, 'db1')).writable).toEqual([]);
    expect(topologyOf(withSection(base, 'db1', 'state', { superReadOnly: true })).writable).toEqual([]);
  });
});

it('takes groups as they are', () => {
  const group = (grouping: 'galera' | 'group-replication', open: readonly string[]) => {
    const { servers } = healthy(grouping === 'galera' ? 'mariadb' : 'mysql');
    return servers.reduce<ClusterSnapshot>(
      (snapshot, { name }) =>
        withSection(
          withSection(withFacts(snapshot, name, { channels: [] }), name, 'identity', { grouping }),
          name,
          'state',
          { readOnly: !open.includes(name), superReadOnly: undefined },
        ),
      { cluster: 'production', at: 0, servers },
    );
  };
  const galera = topologyOf(group('galera', ['db1', 'db2', 'db3']));
  expect([galera.kind, galera.primary, Object.values(galera.roles).join(' ')]).toEqual([
    'galera',
    undefined,
    'primary primary primary',
  ]);
  const single = topologyOf(group('group-replication', ['db2']));
  expect([single.kind, single.primary, Object.values(single.roles).join(' ')]).toEqual([
    'group-replication',
    'db2',
    'replica primary replica',
  ]);
});

describe('whom a channel follows', () => {
  const sourceIn = (snapshot: ClusterSnapshot) =>
    topologyOf(snapshot).links.find(({ replica }) => replica === 'db2')?.source;
  const from = (
    flavour: Flavour,
    change: object,
    io: 'running' | 'connecting' = 'running',
    snapshot = healthy(flavour),
  ) => sourceIn(withChannel(snapshot, 'db2', ({ source }) => ({ io, source: { ...source, ...change } })));

  it('goes by uuid before the address', () => {
    expect(from('mysql', { host: 'masterdb', serverId: 99 })).toBe('db1');
    expect(from('mysql', { host: 'db3.example' })).toBe('db1');
  });
  it('goes by server id where there is no uuid', () => {
    expect(from('mariadb', { host: 'masterdb' })).toBe('db1');
    expect(from('mariadb', { host: 'db3.example', serverId: 1 })).toBe('db1');
  });
  it('does not believe the id of an earlier connection against an address', () => {
    expect(from('mariadb', { host: 'db3.example', serverId: 1 }, 'connecting')).toBe('db3');
    expect(from('mariadb', { host: 'masterdb', serverId: 1 }, 'connecting')).toBe('db1');
  });
  it('falls back to the address when ids clash', () => {
    const clash = withSection(healthy('mariadb'), 'db3', 'identity', { serverId: 1 });
    expect(from('mariadb', {}, 'running', clash)).toBe('db1');
    expect(from('mariadb', { host: 'masterdb' }, 'running', clash)).toBe(undefined);
    const own = withSection(healthy('mariadb'), 'db2', 'identity', { serverId: 1 });
    expect(from('mariadb', { host: 'masterdb' }, 'running', own)).toBe(undefined);
  });
  it('falls back to the address, then to the name that the server has for itself', () => {
    expect(from('mariadb', { serverId: undefined })).toBe('db1');
    expect(from('mariadb', { serverId: 0, host: 'DB1.example.' })).toBe('db1');
    expect(from('mariadb', { serverId: undefined, host: 'db1' })).toBe('db1');
    expect(from('mariadb', { serverId: undefined, port: 3307 })).toBe(undefined);
  });
  it('finds a source that is down by its address', () => {
    expect(sourceIn(down(healthy('mysql'), 'db1'))).toBe('db1');
  });
  it('is nobody for a server outside', () => {
    expect(from('mysql', { host: 'elsewhere', uuid: '99999999-aaaa-bbbb-cccc-000000000000', serverId: 77 })).toBe(
      undefined,
    );
  });
});

it('holds its invariants whatever follows whom', () => {
  const shape = fc.array(
    fc.record({
      follows: fc.array(fc.constantFrom(1, 2, 3, 9), { maxLength: 2 }),
      open: fc.boolean(),
      state: fc.constantFrom('up', 'up', 'up', 'down', 'mute'),
    }),
    { minLength: 3, maxLength: 3 },
  );
  fc.assert(
    fc.property(fc.constantFrom(...flavours), shape, (flavour, shapes) => {
      const snapshot = shapes.reduce((cluster, { follows, open, state }, index) => {
        const name = `db${index + 1}`;
        const channels = follows.map((source, number) => ({ ...channel(flavour, source), name: `c${number}` }));
        const changed = withSection(
          withFacts(cluster, name, { channels: state === 'mute' ? undefined : channels }),
          name,
          'state',
          {
            readOnly: !open,
            superReadOnly: undefined,
          },
        );
        return state === 'down' ? down(changed, name) : changed;
      }, healthy(flavour));
      const { primary, roles, writable, links } = topologyOf(snapshot);
      expect(Object.keys(roles)).toEqual(['db1', 'db2', 'db3']);
      if (primary !== undefined) expect(roles[primary]).toBe('primary');
      for (const { name, facts } of snapshot.servers) {
        const followed = links.some(({ source }) => source === name);
        if (facts === undefined) expect(writable).not.toContain(name);
        if (roles[name] === 'unknown') expect(facts?.channels === undefined && !followed).toBe(true);
        if (roles[name] === 'standalone') expect(facts?.channels?.length === 0 && !followed).toBe(true);
        if (roles[name] === 'replica') expect(facts?.channels?.length).toBeGreaterThan(0);
        if (roles[name] === 'intermediate') expect(followed).toBe(true);
      }
      for (const { replica, source } of links) expect(source).not.toBe(replica);
      // A server that accepts writes never yields to one that is known not to.
      const heads = snapshot.servers.filter(
        ({ name, facts }) => facts?.channels?.length === 0 && writable.includes(name),
      );
      if (primary !== undefined && heads.length > 0) expect(writable).toContain(primary);
      if (heads.length > 1) expect(primary).toBe(undefined);
    }),
    { numRuns: 500 },
  );
});

it('does not mistake a single server for a cluster without a primary', () => {
  const alone = { ...healthy('mariadb'), servers: healthy('mariadb').servers.slice(0, 1) };
  expect(topologyOf(alone).primary).toBe('db1');
  expect(topologyOf(withServer(alone, 'db1', () => ({ facts: undefined }))).primary).toBe(undefined);
});
