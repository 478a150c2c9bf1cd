import { describe, expect, it } from 'vitest';
import { announcementProblemNames } from '../../src/domain/problems/announcements.js';
import { defaultThresholds, problemNames, problemsOf, type Problem } from '../../src/domain/problems.js';
import { relationsOf } from '../../src/domain/relations.js';
import type { Channel, ClusterSnapshot, Flavour } from '../../src/domain/snapshot.js';
import { topologyOf } from '../../src/domain/topology.js';
import {
  channel,
  down,
  healthy,
  now,
  seen,
  uuidOf,
  withChannel,
  withFacts,
  withGtid,
  withSection,
  withServer,
} from './build.js';
import { cases } from './provoked.js';

const day = 86_400;

function found(snapshot: ClusterSnapshot, at = now): readonly Problem[] {
  const topology = topologyOf(snapshot);
  return problemsOf(snapshot, topology, relationsOf(snapshot, topology), defaultThresholds, at);
}

const names = (snapshot: ClusterSnapshot) => found(snapshot).map(({ name }) => name);

const maria = healthy('mariadb');
const mysql = healthy('mysql');
const stopped = (change: Partial<Channel>) => withChannel(maria, 'db2', change);
const seenBy = (name: string, ...certificates: ReturnType<typeof seen>[]) =>
  withServer(maria, name, () => ({ certificates }));

describe('provoked', () => {
  it.each(cases)('%s', (name, snapshot, server, says, beside = []) => {
    const all = found(snapshot);
    const hit = all.find((problem) => problem.name === name && problem.server === server);
    expect(hit?.message).toContain(says);
    // Nothing else is blamed: neither another server nor another problem.
    expect(new Set(all.map((problem) => problem.name))).toEqual(new Set([name, ...beside]));
  });

  // What announcers tell is no part of a snapshot: test/announcement-watch.test.ts.
  it('every name is', () => {
    expect(new Set([...cases.map(([name]) => name), ...announcementProblemNames])).toEqual(new Set(problemNames));
  });

  it('says each thing in one sentence', () => {
    for (const [, snapshot] of cases)
      for (const { message } of found(snapshot)) expect(message).toMatch(/^[^\n]{15,}$/);
  });
});

describe('quiet', () => {
  it.each<Flavour>(['mysql', 'mariadb'])('in a healthy cluster (%s)', (flavour) => {
    expect(found(healthy(flavour))).toEqual([]);
  });
  it.each<[string, ClusterSnapshot]>([
    ['a lag within the limit', stopped({ lagSeconds: 60 })],
    ['a configured delay', stopped({ delaySeconds: 3600, lagSeconds: 3610 })],
    [
      'a silent channel with a fresh heartbeat',
      withFacts(stopped({ silent: true }), 'db2', { heartbeats: [{ serverId: 1, writtenAt: now - 1, nowAt: now }] }),
    ],
    ['errant transactions that are not settled', withGtid(mysql, 'db2', { executed: `${uuidOf(1)}:1-101` })],
    ['a clock within the limit', withSection(maria, 'db2', 'state', { clockOffsetSeconds: 2 })],
    [
      'durability of a server without a binary log',
      withSection(withSection(maria, 'db3', 'state', { syncBinlog: 0 }), 'db3', 'binlog', { enabled: false }),
    ],
    [
      'semi-sync on a replica',
      withFacts(maria, 'db2', {
        semiSync: {
          replica: undefined,
          source: {
            enabled: true,
            active: false,
            waitPoint: undefined,
            timeoutSeconds: 10,
            clients: 0,
            protectedTransactions: 0,
            unprotectedTransactions: 0,
            degradations: 0,
          },
        },
      }),
    ],
    [
      'accounts that need not require TLS, because the server does',
      withSection(maria, 'db1', 'accounts', { withoutTls: 3 }),
    ],
    ['accounts that require TLS by themselves', withSection(maria, 'db1', 'tls', { required: false })],
    ['an old authority beside its successor', seenBy('db1', seen({ role: 'ca', notAfter: now + 3000 * day }))],
    ['a certificate just outside the limit', seenBy('db1', seen({ notAfter: now + 30 * day }))],
    [
      'a setting that nobody tells',
      withSection(maria, 'db1', 'state', {
        bootReadOnly: undefined,
        flushAtCommit: undefined,
        clockOffsetSeconds: undefined,
      }),
    ],
    [
      'a cluster that nobody has asked yet',
      {
        ...maria,
        servers: maria.servers.map((one) => ({ ...one, facts: undefined, login: undefined, certificates: [] })),
      },
    ],
  ])('about %s', (_, snapshot) => {
    expect(names(snapshot)).toEqual([]);
  });

  const open = (snapshot: ClusterSnapshot) =>
    ['db1', 'db2'].reduce(
      (all, name) => withSection(all, name, 'state', { readOnly: false, superReadOnly: false, bootReadOnly: false }),
      snapshot,
    );
  const grouped = (change: object) =>
    ['db1', 'db2', 'db3'].reduce(
      (all, name) => withSection(withFacts(all, name, { channels: [] }), name, 'identity', change),
      mysql,
    );
  it.each<[string, ClusterSnapshot]>([
    ['Galera', grouped({ grouping: 'galera' })],
    ['Group Replication', grouped({ grouping: 'group-replication' })],
    ['a managed server', withSection(mysql, 'db1', 'identity', { managed: 'aurora' })],
    ['a ring', withFacts(mysql, 'db1', { channels: [channel('mysql', 2)] })],
  ])('about writable servers in %s', (_, snapshot) => {
    expect(names(open(snapshot))).toEqual([]);
    expect(names(withSection(snapshot, 'db1', 'state', { readOnly: true }))).toEqual([]);
  });
  it('but not about writable servers elsewhere', () => {
    expect(new Set(names(open(mysql)))).toEqual(new Set(['writable-replica', 'boots-writable']));
  });
});

describe('servers that are down', () => {
  it('yield that alone, and what others see', () => {
    const cut = withChannel(withChannel(down(maria, 'db1'), 'db2', { io: 'connecting' }), 'db3', { io: 'connecting' });
    expect(names(cut)).toEqual(['server-down', 'replication-connecting', 'replication-connecting']);
    expect(names(down(down(down(maria, 'db1'), 'db2'), 'db3'))).toEqual(['server-down', 'server-down', 'server-down']);
  });
  it('keep their certificates', () => {
    const expired = withServer(down(maria, 'db1'), 'db1', () => ({ certificates: [seen({ notAfter: now - 1 })] }));
    expect(names(expired)).toEqual(['server-down', 'certificate-expired']);
  });
  it('leave the others without a primary when nobody follows them', () => {
    const lost = withFacts(withFacts(down(maria, 'db1'), 'db2', { channels: [] }), 'db3', { channels: [] });
    expect(names(lost)).toEqual(['server-down', 'no-primary']);
  });
});

it('grows with time alone', () => {
  expect(found(maria, now + 336 * day).map(({ name }) => name)).toContain('certificate-expiring');
  const later = found(maria, now + 366 * day).map(({ name }) => name);
  expect(later).toContain('certificate-expired');
  expect(later).not.toContain('certificate-expiring');
});

it('judges a bundle of authorities by its newest, and still names the old one', () => {
  const rotating = seenBy(
    'db1',
    seen({ role: 'ca', notAfter: now - day }),
    seen({ role: 'ca', notAfter: now + 900 * day }),
  );
  expect(found(rotating)).toMatchObject([
    { name: 'ca-expiring', message: expect.stringContaining('another one beside it is valid') as string },
  ]);
  expect(names(seenBy('db1', seen({ role: 'ca', notAfter: now - day })))).toEqual(['certificate-expired']);
});
