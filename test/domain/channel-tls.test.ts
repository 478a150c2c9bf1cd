import { describe, expect, it } from 'vitest';
import { relationsOf } from '../../src/domain/relations.js';
import type { ClusterSnapshot, Flavour, Stream } from '../../src/domain/snapshot.js';
import { topologyOf } from '../../src/domain/topology.js';
import { down, healthy, withChannel, withFacts, withSection } from './build.js';

function tlsOf(snapshot: ClusterSnapshot) {
  const found = relationsOf(snapshot, topologyOf(snapshot)).channels.find(({ server }) => server === 'db2');
  if (found === undefined) throw new Error('db2 has no channel');
  return found.tls;
}

/** What the source sees of its streams: changed one by one, db2's first. */
function streams(snapshot: ClusterSnapshot, ...changes: Partial<Stream>[]): ClusterSnapshot {
  return withFacts(snapshot, 'db1', ({ streams: facts }) => ({
    streams: {
      registered: undefined,
      threads: (facts?.threads ?? []).map((thread, index) => ({ ...thread, ...changes[index] })),
    },
  }));
}

const blind = (flavour: Flavour) => streams(healthy(flavour), { encrypted: undefined }, { encrypted: undefined });
const configured = (snapshot: ClusterSnapshot, enabled: boolean, verify: boolean) =>
  withChannel(snapshot, 'db2', ({ tls }) => ({ tls: { ...tls, enabled, verify } }));
const account = (snapshot: ClusterSnapshot, ...requires: ('nothing' | 'x509')[]) =>
  withSection(snapshot, 'db1', 'accounts', {
    streaming: requires.map((one) => ({ user: 'replication', host: '%', requires: one })),
  });
const required = (snapshot: ClusterSnapshot, value: boolean | undefined) =>
  withSection(snapshot, 'db1', 'tls', { required: value });

describe('observed on the source', () => {
  it('finds a MySQL stream by its uuid', () => {
    expect(tlsOf(streams(healthy('mysql'), {}, { encrypted: false }))).toEqual({
      negotiated: true,
      proof: 'observed',
      protocol: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      fallbackPossible: false,
    });
    expect(tlsOf(streams(healthy('mysql'), { encrypted: false }))).toMatchObject({
      negotiated: false,
      proof: 'observed',
    });
  });
  it('does not take another replica’s stream for its own', () => {
    const other = streams(healthy('mysql'), { uuid: 'ffffffff-aaaa-bbbb-cccc-000000000000' });
    expect(tlsOf(other)).toMatchObject({ negotiated: true, proof: 'replica-enforces' });
  });
  it('concludes from all MariaDB streams, or from a host that is alone', () => {
    expect(tlsOf(healthy('mariadb'))).toMatchObject({ negotiated: true, proof: 'observed', protocol: 'TLSv1.3' });
    expect(tlsOf(streams(healthy('mariadb'), { encrypted: false }, { encrypted: false }))).toMatchObject({
      negotiated: false,
      proof: 'observed',
    });
    expect(tlsOf(streams(healthy('mariadb'), {}, { encrypted: false }))).toMatchObject({
      negotiated: true,
      proof: 'observed',
    });
    expect(tlsOf(streams(healthy('mariadb'), { encrypted: false }, {}))).toMatchObject({
      negotiated: false,
      proof: 'observed',
    });
    expect(tlsOf(streams(healthy('mariadb'), { host: 'db2' }, { encrypted: false }))).toMatchObject({
      negotiated: true,
      proof: 'observed',
    });
  });
  it('does not guess among mixed MariaDB streams', () => {
    const weak = configured(healthy('mariadb'), true, false);
    const mixed = required(
      account(streams(weak, { host: '10.0.0.9:1' }, { host: '10.0.0.9:2', encrypted: false }), 'nothing'),
      false,
    );
    expect(tlsOf(mixed)).toMatchObject({ negotiated: undefined, proof: 'none' });
  });
  it('takes several streams of one host for one when they agree', () => {
    const three = withFacts(healthy('mariadb'), 'db1', ({ streams: facts }) => {
      const [mine, other] = facts?.threads ?? [];
      if (mine === undefined || other === undefined) throw new Error('db1 has two streams');
      return {
        streams: { registered: undefined, threads: [mine, { ...mine, threadId: 99 }, { ...other, encrypted: false }] },
      };
    });
    expect(tlsOf(three)).toMatchObject({ negotiated: true, proof: 'observed' });
  });
  it('gives version and cipher only where the streams agree', () => {
    expect(tlsOf(streams(healthy('mariadb'), {}, { version: 'TLSv1.2', cipher: 'other' }))).toMatchObject({
      negotiated: true,
      protocol: undefined,
      cipher: undefined,
    });
  });
  it('sees nothing of a channel that does not stream', () => {
    expect(tlsOf(withChannel(healthy('mysql'), 'db2', { io: 'connecting' }))).toMatchObject({
      negotiated: undefined,
      proof: 'replica-enforces',
    });
  });
});

describe('where the source cannot tell', () => {
  it.each<[Flavour, boolean, string, boolean | undefined]>([
    ['mysql', false, 'replica-enforces', true],
    ['mysql', true, 'replica-enforces', true],
    ['mariadb', true, 'replica-enforces', true],
    ['mariadb', false, 'account-requires', true],
  ])('%s with TLS, verify %j: %s', (flavour, verify, proof, negotiated) => {
    expect(tlsOf(configured(blind(flavour), true, verify))).toMatchObject({ proof, negotiated });
  });
  it('takes what the account or the source requires, else nothing', () => {
    const weak = configured(blind('mariadb'), true, false);
    expect(tlsOf(account(weak, 'x509', 'nothing'))).toMatchObject({ proof: 'source-requires', negotiated: true });
    expect(tlsOf(required(account(weak, 'x509', 'nothing'), false))).toMatchObject({
      proof: 'none',
      negotiated: undefined,
    });
    expect(tlsOf(down(weak, 'db1'))).toMatchObject({ proof: 'none', negotiated: undefined });
  });
  it('knows that a channel without TLS is plaintext', () => {
    expect(tlsOf(configured(blind('mariadb'), false, false))).toMatchObject({
      proof: 'none',
      negotiated: false,
      fallbackPossible: false,
    });
  });
});

describe('silent fallback', () => {
  const weak = configured(healthy('mariadb'), true, false);
  it('is possible on MariaDB without verification, when nothing at the source forbids it', () => {
    expect(tlsOf(required(account(weak, 'nothing'), false)).fallbackPossible).toBe(true);
    expect(tlsOf(required(account(weak, 'nothing'), undefined)).fallbackPossible).toBe(true);
    expect(tlsOf(required(account(weak, 'x509'), false)).fallbackPossible).toBe(false);
    expect(tlsOf(required(account(weak, 'nothing'), true)).fallbackPossible).toBe(false);
  });
  it('is not known without the source’s word', () => {
    expect(tlsOf(down(weak, 'db1')).fallbackPossible).toBe(undefined);
    expect(tlsOf(required(account(weak), false)).fallbackPossible).toBe(undefined);
  });
  it('does not happen on MySQL, or with verification', () => {
    expect(tlsOf(required(account(configured(healthy('mysql'), true, false), 'nothing'), false)).fallbackPossible).toBe(
      false,
    );
    expect(tlsOf(required(account(healthy('mariadb'), 'nothing'), false)).fallbackPossible).toBe(false);
  });
});
