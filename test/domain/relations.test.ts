import { describe, expect, it } from 'vitest';
import { lagOf, worstLag } from '../../src/domain/lag.js';
import { relationsOf, type ChannelRelation, type ServerRelation } from '../../src/domain/relations.js';
import type { Channel, ClusterSnapshot, Flavour } from '../../src/domain/snapshot.js';
import { topologyOf } from '../../src/domain/topology.js';
import {
  channel,
  down,
  following,
  healthy,
  lookedAt,
  now,
  promoted,
  uuidOf,
  withChannel,
  withFacts,
  withGtid,
  withSection,
} from './build.js';

const flavours: readonly Flavour[] = ['mysql', 'mariadb'];

function channelOf(snapshot: ClusterSnapshot, name = 'db2'): ChannelRelation {
  const relation = relationsOf(snapshot, topologyOf(snapshot)).channels.find(({ server }) => server === name);
  if (relation === undefined) throw new Error(`${name} has no channel`);
  return relation;
}

function serverOf(snapshot: ClusterSnapshot, name = 'db1'): ServerRelation {
  const relation = relationsOf(snapshot, topologyOf(snapshot)).servers.find(({ server }) => server === name);
  if (relation === undefined) throw new Error(`no relation of ${name}`);
  return relation;
}

it.each(flavours)('has an entry per channel and per server (%s)', (flavour) => {
  const snapshot = down(
    withFacts(healthy(flavour), 'db2', { channels: [channel(flavour, 1), { ...channel(flavour, 9), name: 'more' }] }),
    'db3',
  );
  const { channels, servers } = relationsOf(snapshot, topologyOf(snapshot));
  expect(channels.map(({ server, channel: name, source }) => [server, name, source])).toEqual([
    ['db2', '', 'db1'],
    ['db2', 'more', undefined],
  ]);
  expect(servers.map(({ server }) => server)).toEqual(['db1', 'db2', 'db3']);
});

describe('GTID gap', () => {
  it('counts what a MySQL replica lacks, holes too', () => {
    const behind = withGtid(healthy('mysql'), 'db2', { executed: `${uuidOf(1)}:1-10:20-95` });
    expect(channelOf(behind).gtidGap).toBe(14);
    expect(channelOf(healthy('mysql')).gtidGap).toBe(0);
  });
  it('sums the domains of a MariaDB source', () => {
    const source = withGtid(healthy('mariadb'), 'db1', { binlog: '0-1-100,3-1-8' });
    expect(channelOf(withGtid(source, 'db2', { slave: '0-1-95,3-1-8' })).gtidGap).toBe(5);
    expect(channelOf(withGtid(source, 'db2', { slave: '0-1-95' })).gtidGap).toBe(13);
  });
  it('counts what a former primary wrote itself as applied, and a local write not', () => {
    const source = withGtid(healthy('mariadb'), 'db1', { binlog: '0-2-100' });
    expect(channelOf(withGtid(source, 'db2', { slave: '', current: '0-2-100' })).gtidGap).toBe(0);
    const local = withGtid(healthy('mariadb'), 'db2', { slave: '0-1-95', current: '0-2-96' });
    expect(channelOf(local).gtidGap).toBe(5);
  });
  it('is unknown without the source or without GTID', () => {
    expect(channelOf(down(healthy('mysql'), 'db1')).gtidGap).toBe(undefined);
    expect(channelOf(withFacts(healthy('mariadb'), 'db2', { gtid: undefined })).gtidGap).toBe(undefined);
  });
});

describe('lag', () => {
  const beat = (serverId: number, seconds: number) => ({ serverId, writtenAt: now - seconds, nowAt: now });
  const base = healthy('mariadb');

  it.each<[Partial<Channel>, boolean]>([
    [{}, true],
    [{ io: 'connecting' }, false],
    [{ sql: 'stopped' }, false],
    [{ lagSeconds: undefined }, false],
    [{ silent: true }, false],
    [{ silent: undefined }, true],
  ])('known with %j: %j', (change, known) => {
    expect(channelOf(withChannel(base, 'db2', change)).lagKnown).toBe(known);
  });
  it("is read from the row of the chain's head, else of the source", () => {
    const chain = following(base, 'db3', 'db2');
    const lag = (rows: ReturnType<typeof beat>[]) =>
      channelOf(withFacts(chain, 'db3', { heartbeats: rows }), 'db3').heartbeatLagSeconds;
    expect(lag([beat(2, 900), beat(1, 4.5), beat(7, 1)])).toBe(4.5);
    expect(lag([beat(2, 3)])).toBe(3);
    expect(lag([beat(7, 3)])).toBe(undefined);
    expect(lag([])).toBe(undefined);
    expect(lag([beat(1, -0.2)])).toBe(0);
  });
  it('knows the id of a source that is down from its replicas', () => {
    expect(channelOf(withFacts(down(base, 'db1'), 'db2', { heartbeats: [beat(1, 7)] })).heartbeatLagSeconds).toBe(7);
  });
  it('prefers the heartbeat, and never believes an unknown lag', () => {
    const silent = withChannel(base, 'db2', { lagSeconds: 3, silent: true });
    const lag = (snapshot: ClusterSnapshot) => {
      const [one] = snapshot.servers.find(({ name }) => name === 'db2')?.facts?.channels ?? [];
      return one && lagOf(one, channelOf(snapshot));
    };
    expect(lag(withChannel(base, 'db2', { lagSeconds: 3 }))).toBe(3);
    expect(lag(silent)).toBe(undefined);
    expect(lag(withFacts(silent, 'db2', { heartbeats: [beat(1, 40)] }))).toBe(40);
  });
  it('is at its worst over the channels that are known', () => {
    const several = withFacts(base, 'db2', {
      channels: [
        { ...channel('mariadb', 1), lagSeconds: 4 },
        { ...channel('mariadb', 3), name: 'b', lagSeconds: 9 },
        { ...channel('mariadb', 3), name: 'c', lagSeconds: 99, silent: true },
      ],
    });
    const worst = (snapshot: ClusterSnapshot, index: number) => {
      const server = snapshot.servers[index];
      return server && worstLag(server, relationsOf(snapshot, topologyOf(snapshot)));
    };
    expect(worst(several, 1)).toBe(9);
    expect(worst(several, 0)).toBe(undefined);
  });
});

describe('the log at the source', () => {
  const stop = (snapshot: ClusterSnapshot, change: Partial<Channel> = {}) =>
    withChannel(snapshot, 'db2', { io: 'stopped', ...change });
  const read = (file: string) => ({ read: { file, position: 4 } });
  const off = { gtid: { mode: 'off' as const, received: undefined } };

  it.each<[string, Partial<Channel>, boolean | undefined]>([
    ['an old file that is there', read('bin.000002'), true],
    ['the newest file', read('bin.000004'), true],
    ['a file that is gone', read('bin.000001'), false],
    ['a file of another series, by GTID', read('other.000001'), undefined],
    ['a file of another series, by position', { ...read('other.000001'), ...off }, false],
    ['a file beyond the newest, by position', { ...read('bin.000009'), ...off }, false],
    ['nothing read yet', read(''), undefined],
    ['an old name, while it streams', { ...read('bin.000001'), io: 'running' }, true],
  ])('%s', (_, change, expected) => {
    expect(channelOf(stop(healthy('mariadb'), change)).sourceLogAvailable).toBe(expected);
  });
  it('is there when the file was begun and left since the files were listed', () => {
    const rotated = withSection(healthy('mariadb'), 'db1', 'binlog', { current: { file: 'bin.000009', position: 4 } });
    const reading = (file: string, mode: 'off' | 'slave_pos') =>
      channelOf(stop(rotated, { ...read(file), gtid: { mode, received: undefined } })).sourceLogAvailable;
    expect(reading('bin.000008', 'off')).toBe(true);
    expect(reading('bin.000008', 'slave_pos')).toBe(true);
    expect(reading('bin.000010', 'off')).toBe(false);
    expect(reading('other.000008', 'off')).toBe(false);
  });
  it('is unknown when the files are not', () => {
    expect(
      channelOf(stop(withSection(healthy('mariadb'), 'db1', 'binlog', { files: undefined }))).sourceLogAvailable,
    ).toBe(undefined);
    expect(channelOf(stop(down(healthy('mariadb'), 'db1'))).sourceLogAvailable).toBe(undefined);
  });
  it('goes by what a MySQL source has purged', () => {
    const purged = (last: number) => withGtid(healthy('mysql'), 'db1', { purged: `${uuidOf(1)}:1-${last}` });
    const late = (snapshot: ClusterSnapshot) =>
      stop(withGtid(snapshot, 'db2', { executed: `${uuidOf(1)}:1-40` }), {
        gtid: { mode: 'auto', received: `${uuidOf(1)}:30-50` },
      });
    expect(channelOf(late(purged(50))).sourceLogAvailable).toBe(true);
    expect(channelOf(late(purged(51))).sourceLogAvailable).toBe(false);
  });

  const headroom = (snapshot: ClusterSnapshot) => channelOf(snapshot).retentionHeadroomSeconds;
  it('has its whole retention while the newest file is read', () => {
    expect(headroom(healthy('mariadb'))).toBe(864_000);
    expect(headroom(withChannel(healthy('mariadb'), 'db2', { ...read('bin.000003'), lagSeconds: 4000 }))).toBe(860_000);
  });
  it('shrinks while a channel stands, down to nothing', () => {
    const since = (seconds: number) =>
      stop(healthy('mariadb'), { ...read('bin.000003'), receivedAt: lookedAt - seconds * 1000 });
    expect(headroom(since(4000))).toBe(860_000);
    expect(headroom(since(900_000))).toBe(0);
  });
  it('is unknown for ever, without a time, or without the source', () => {
    expect(headroom(withSection(healthy('mariadb'), 'db1', 'binlog', { retentionSeconds: 0 }))).toBe(undefined);
    expect(headroom(stop(healthy('mariadb'), { ...read('bin.000003'), receivedAt: undefined }))).toBe(undefined);
    expect(headroom(down(healthy('mariadb'), 'db1'))).toBe(undefined);
  });
});

describe('unknown replicas', () => {
  const registered = (id: number, uuid?: string, host = '') => ({ serverId: id, host, port: 3306, uuid });
  const withRegistered = (flavour: Flavour, list: ReturnType<typeof registered>[]) =>
    withSection(healthy(flavour), 'db1', 'streams', { registered: list });
  const count = (snapshot: ClusterSnapshot, name = 'db1') => serverOf(snapshot, name).unknownReplicas;

  it.each(flavours)('are none in a healthy cluster (%s)', (flavour) => {
    expect(count(healthy(flavour))).toBe(0);
    expect(count(healthy(flavour), 'db2')).toBe(0);
  });
  it('are named by id, by uuid, or by a stream that registered nowhere', () => {
    expect(count(withRegistered('mariadb', [registered(2), registered(99), registered(98)]))).toBe(2);
    expect(count(withRegistered('mysql', [registered(2, uuidOf(9))]))).toBe(1);
    const tool = {
      threadId: 9,
      user: 'x',
      host: 'h:1',
      uuid: uuidOf(8),
      encrypted: true,
      version: undefined,
      cipher: undefined,
    };
    expect(count(withSection(healthy('mysql'), 'db1', 'streams', { threads: [tool] }))).toBe(1);
  });
  it('may be a configured server that did not answer', () => {
    const one = down(withRegistered('mariadb', [registered(2), registered(3)]), 'db3');
    expect(count(one)).toBe(undefined);
    expect(count(down(withRegistered('mariadb', [registered(3), registered(99)]), 'db3'))).toBe(1);
    expect(count(down(withRegistered('mariadb', [registered(3, undefined, 'db3.example')]), 'db3'))).toBe(0);
  });
  it('are counted by streams where the list may not be read', () => {
    const blind = withSection(healthy('mariadb'), 'db1', 'streams', { registered: undefined });
    expect(count(blind)).toBe(0);
    expect(count(withChannel(blind, 'db2', { io: 'stopped' }))).toBe(1);
    expect(count(withSection(blind, 'db1', 'streams', { threads: [] }))).toBe(0);
  });
  it('are unknown where the server does not tell', () => {
    expect(count(withFacts(healthy('mysql'), 'db1', { streams: undefined }))).toBe(undefined);
    expect(count(down(healthy('mysql'), 'db1'))).toBe(undefined);
  });
});

it('relates a promoted server to nobody', () => {
  const { channels } = relationsOf(promoted(healthy('mysql'), 'db2'), topologyOf(promoted(healthy('mysql'), 'db2')));
  expect(channels.map(({ server }) => server)).toEqual(['db3']);
});
