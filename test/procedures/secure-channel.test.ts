import { describe, expect, it } from 'vitest';
import { columnFor } from '../../src/dialects/capabilities.js';
import type { ReplicationTls, Scene } from '../../src/domain/scene.js';
import type { Channel, ClusterSnapshot, Flavour } from '../../src/domain/snapshot.js';
import { planLines } from '../../src/engine/plan-text.js';
import { planOf } from '../../src/engine/plan.js';
import { secureChannel as procedure } from '../../src/procedures/secure-channel.js';
import {
  certificate,
  channel as healthyChannel,
  down,
  handshake,
  withChannel,
  withFacts,
  withGtid,
  withSection,
  withServer,
} from '../domain/build.js';
import { byPosition, failed, files, noTls, notVerifying, plaintext, siteWith } from './plaintext-channel.js';
import { clusterOf, of, sceneOf, seenOf, site } from './scenes.js';

const newest = {
  mariadb: columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  mysql: columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
};

const need = (snapshot: ClusterSnapshot, where = site) => procedure.needed({ snapshot, site: where }, of('db2'));
const refused = (snapshot: ClusterSnapshot, where = site, more = {}) =>
  procedure.refusals({ snapshot, site: where }, of('db2', more));
const reasons = (...given: Parameters<typeof refused>) => refused(...given).map(({ reason }) => reason);
const asked = (snapshot: ClusterSnapshot, where = site, more = {}) =>
  procedure.asks?.({ snapshot, site: where }, of('db2', more));
const remarks = (snapshot: ClusterSnapshot, where = site) =>
  procedure.remarks?.({ snapshot, site: where }, of('db2')) ?? [];
const text = (snapshot: ClusterSnapshot, where = site, more = {}) =>
  planLines(planOf(procedure, { snapshot, site: where }, of('db2', more))).join('\n');
const steps = (snapshot: ClusterSnapshot, where = site) => procedure.steps({ snapshot, site: where }, of('db2'));
const ids = (snapshot: ClusterSnapshot, where = site) => steps(snapshot, where).map(({ id }) => id);
const stepOf = (snapshot: ClusterSnapshot, wanted: string) => {
  const found = steps(snapshot).find(({ id }) => id === wanted);
  if (found === undefined) throw new Error(`no step ${wanted} among ${ids(snapshot).join(', ')}`);
  return found;
};

describe.each(['mariadb', 'mysql'] as const)('secure-channel on %s', (flavour: Flavour) => {
  const mysql = flavour === 'mysql';
  const column = newest[flavour];
  const well = clusterOf(column);
  const broken = plaintext(column);

  describe('is needed', () => {
    it('where there is no TLS', () => {
      expect(need(broken)).toEqual({ observed: 'yes', why: 'db2 replicates from db1 without TLS' });
    });

    it('where the source is not verified', () => {
      expect(need(withChannel(well, 'db2', notVerifying))).toEqual({
        observed: 'yes',
        why: 'db2 does not verify that it talks to db1',
      });
    });

    it('where the stream is plaintext whatever the channel says', () => {
      const lying = plaintext(column, notVerifying);
      expect(need(lying).why).toBe('db2 says TLS, and its stream from db1 is not encrypted');
      expect(need(lying).observed).toBe('yes');
    });

    it.skipIf(mysql)('where it might go on in plaintext', () => {
      const loose = withSection(
        withSection(withChannel(well, 'db2', notVerifying), 'db1', 'accounts', {
          streaming: [{ user: 'replication', host: '%', requires: 'nothing' }],
        }),
        'db1',
        'tls',
        { required: false },
      );
      expect(need(loose).why).toContain('would go on in plaintext');
      // Also where the configuration wants no more than the authority: that is not it.
      const authorityAlone = siteWith({ replicationTls: { ...files, verify: false } });
      expect(need(loose, authorityAlone).observed).toBe('yes');
      expect(reasons(loose, authorityAlone)).toEqual(['verify-off']);
    });

    it('not where all is well, or as the configuration wants it', () => {
      expect(need(well).observed).toBe('no');
      const authorityAlone = siteWith({ replicationTls: { ...files, verify: false } });
      expect(need(withChannel(well, 'db2', notVerifying), authorityAlone).observed).toBe('no');
      expect(procedure.needed(sceneOf(well), of('db2', { channel: 'east' }))).toEqual({
        observed: 'no',
        why: 'db2 has no channel "east"',
      });
      expect(procedure.needed(sceneOf(well), of('db1')).observed).toBe('no');
    });

    it('unknown while the replica cannot be asked', () => {
      expect(need(down(broken, 'db2')).observed).toBe('unknown');
      expect(need(withFacts(broken, 'db2', { channels: undefined })).observed).toBe('unknown');
    });
  });

  describe('refuses', () => {
    it('nothing of a channel that can be secured', () => {
      expect(refused(broken)).toEqual([]);
      expect(refused(plaintext(column, { io: 'connecting', ioError: failed(1045), lagSeconds: undefined }))).toEqual(
        [],
      );
    });

    const elsewhere = { host: 'other.example', port: 3306, user: 'replication', serverId: 77, uuid: undefined };
    const handshaken = (change: Parameters<typeof handshake>[0]) =>
      withServer(broken, 'db1', ({ login }) => ({ login: login && { ...login, handshake: handshake(change) } }));
    const expired = handshaken({
      verification: { verified: false, reason: 'expired', message: 'The certificate expired yesterday.' },
    });
    const nothingNamed = siteWith({ replicationTls: undefined });
    const twin = withFacts(broken, 'db2', ({ channels }) => ({
      channels: [...(channels ?? []), { ...healthyChannel(flavour, 1), name: 'twin' }],
    }));

    it.each<[string, ClusterSnapshot, Scene['site'], Readonly<Record<string, string>>]>([
      ['source-not-configured', plaintext(column, { source: elsewhere }), site, {}],
      ['source-unreachable', down(broken, 'db1'), site, {}],
      ['source-tls-off', withSection(broken, 'db1', 'tls', { haveSsl: 'DISABLED' }), site, {}],
      ['source-certificate', expired, site, {}],
      ['source-certificate', down(expired, 'db1'), site, {}],
      ['source-name', handshaken({ chain: [certificate({ names: ['db9.example', '*.other'] })] }), site, {}],
      ['source-certificate-unseen', handshaken({ chain: [], verification: undefined }), site, { rehearsal: 'partial' }],
      ['no-authority', broken, nothingNamed, {}],
      [
        'no-client-certificate',
        withSection(broken, 'db1', 'accounts', { listed: [] }),
        siteWith({ replicationTls: authorityAlone() }),
        {},
      ],
      ['no-host', broken, siteWith({ host: undefined }), { rehearsal: 'full' }],
      ['no-account', broken, { ...site, accounts: { ...site.accounts, replication: undefined } }, {}],
      [
        'no-account',
        broken,
        { ...site, accounts: { ...site.accounts, replication: { user: 'other', require: 'ssl' } } },
        {},
      ],
      ['applier-failed', plaintext(column, { sql: 'stopped', sqlError: failed(1062) }), site, {}],
      ['channels-alike', twin, site, {}],
      ['no-position', plaintext(column, { ...byPosition, executed: { file: '', position: 0 } }), site, {}],
    ])('with %s', (reason, snapshot, where, more) => {
      const [refusal] = refused(snapshot, where, more);
      expect(refusal?.reason).toBe(reason);
      expect(refusal?.remedy).toMatch(/[.`]$/);
    });

    it('what the source can no longer give, where the relay log would go', () => {
      const stopped = { sql: 'stopped', sqlError: undefined } as const;
      const old = { file: 'bin.000001', position: 4 };
      expect(reasons(plaintext(column, { ...byPosition, ...stopped, executed: old }))).toEqual(['place-lost']);
      const purged = withGtid(plaintext(column, { ...stopped, executed: old }), 'db2', {
        executed: '00000001-aaaa-bbbb-cccc-000000000000:1-5',
      });
      expect(reasons(mysql ? purged : plaintext(column, { ...stopped, executed: old }))).toEqual(['place-lost']);
      // Unknown is no yes.
      const unlisted = withSection(broken, 'db1', 'binlog', { files: undefined });
      expect(
        reasons(
          withChannel(unlisted, 'db2', { ...byPosition, ...stopped, executed: { file: 'bin.000003', position: 4 } }),
        ),
      ).toEqual(['place-lost']);
      // What is applied is not fetched again.
      const nothing = { file: '', position: 4 };
      expect(reasons(withChannel(unlisted, 'db2', { ...stopped, read: nothing, executed: nothing }))).toEqual([]);
      expect(reasons(plaintext(column, { ...byPosition, ...stopped }))).toEqual([]);
    });
  });

  describe('asks', () => {
    it('nobody where the login is rehearsed and all is applied first', () => {
      expect(asked(broken)).toBeUndefined();
    });

    it('where the rehearsal is partial', () => {
      const unreached = siteWith({ host: undefined });
      expect(asked(broken, unreached)).toContain('the rehearsal is partial');
      expect(asked(broken, site, { rehearsal: 'partial' })).toContain('the rehearsal is partial');
      expect(ids(broken, unreached)).not.toContain('rehearse');
      expect(text(broken, unreached)).not.toContain('password');
      expect(refused(broken, { ...unreached, accounts: { ...site.accounts, replication: undefined } })).toEqual([]);
    });

    it('where what was received would have to be fetched again', () => {
      const behind = { executed: { file: 'bin.000003', position: 100 }, lagSeconds: 3600 };
      const late = plaintext(column, { ...behind, ...byPosition });
      expect(asked(late)).toContain('if db1 died in between');
      expect(remarks(late).join(' ')).toContain('fetched from db1 again');
      // MySQL with auto-positioning keeps it.
      expect(asked(plaintext(column, behind)) === undefined).toBe(mysql);
      expect(asked(plaintext(column, { delaySeconds: 3600, ...byPosition }))).toBeUndefined(); // all of it is applied
    });
  });

  describe('the plan', () => {
    it('goes step by step to what was rehearsed, and no further', () => {
      expect(ids(broken)).toEqual(
        mysql
          ? ['rehearse', 'stop', 'repoint', 'start', 'verify']
          : ['rehearse', 'drain', 'stop', 'repoint', 'start', 'verify'],
      );
      expect(ids(plaintext(column, byPosition))).toEqual(['rehearse', 'drain', 'stop', 'repoint', 'start', 'verify']);
      expect(ids(plaintext(column, { ...byPosition, delaySeconds: 60 }))).not.toContain('drain');
    });

    it('keeps what was stopped on purpose stopped', () => {
      const standing = { ...byPosition, io: 'stopped', sql: 'stopped' } as const;
      expect(ids(plaintext(column, standing))).toEqual(['rehearse', 'stop', 'repoint']);
      expect(remarks(plaintext(column, standing)).join(' ')).toMatch(/receiver .* stays so.*applier .* stays so/);
      const receiving = plaintext(column, { ...byPosition, sql: 'stopped' });
      expect(text(receiving)).toMatch(/START (?:SLAVE|REPLICA) IO_THREAD/);
      expect(text(receiving)).not.toMatch(/START (?:SLAVE|REPLICA)(?: FOR|;)/);
      const applying = plaintext(column, { ...byPosition, io: 'stopped' });
      expect(ids(applying)).not.toContain('verify');
      expect(text(applying)).toMatch(/START (?:SLAVE|REPLICA) SQL_THREAD/);
    });

    it.each([
      ['gave up on a login that is refused', 1045, mysql],
      ['gave up on a network that failed', 2003, mysql],
      ['was told that its place is gone', 1236, true],
    ])('starts a receiver that %s', (_, errno, starts) => {
      // MariaDB and older MySQL try for months: there it was stopped while it tried.
      const stopped = plaintext(column, { io: 'stopped', ioError: failed(errno) });
      expect(ids(stopped).includes('verify')).toBe(starts);
    });

    it('uses the files that the channel names, and those of the configuration for what it does not', () => {
      const own = withChannel(well, 'db2', notVerifying);
      expect(text(own)).toMatch(/SSL_CA='\/own\/ca\.pem'.*SSL_CERT='\/own\/cert\.pem', \w+_SSL_KEY='\/own\/key\.pem'/);
      const half = withChannel(well, 'db2', {
        tls: { ...noTls, enabled: true, caFile: '/own/ca.pem', certFile: '/own/c' },
      });
      expect(text(half)).toMatch(/SSL_CA='\/own\/ca\.pem'.*SSL_CERT='\/etc\/mysql\/tls\/client\.pem'/);
      const directory = { ...noTls, caPath: '/cas', crlFile: '/crl', cipher: 'HIGH' };
      expect(text(plaintext(column, { tls: directory }))).toMatch(
        /SSL_CA='\/etc\/mysql\/tls\/ca\.pem', \w+_SSL_CAPATH='',.*SSL_CIPHER='HIGH', \w+_SSL_CRL='\/crl'/,
      );
      expect(remarks(plaintext(column, { tls: directory })).join(' ')).toContain('list of revoked certificates');
    });

    it('rests on who the servers are and how the channel is set up, not on how far it is', () => {
      const premises = (snapshot: ClusterSnapshot) => procedure.premises(sceneOf(snapshot), of('db2'));
      const further = { executed: { file: 'bin.000004', position: 7 }, lagSeconds: 12, receivedAt: 5 };
      expect(premises(plaintext(column, further))).toEqual(premises(broken));
      expect(premises(plaintext(column, { sql: 'stopped' }))).not.toEqual(premises(broken));
      expect(premises(withSection(broken, 'db2', 'identity', { serverId: 9 }))).not.toEqual(premises(broken));
    });

    it('tells that commits wait for the only semi-synchronous replica', () => {
      const only = withFacts(broken, 'db1', ({ semiSync }) => ({
        semiSync: { ...semiSync, source: semiSync?.source && { ...semiSync.source, clients: 1 }, replica: undefined },
      }));
      expect(remarks(only).join(' ')).toContain('commits wait until it is back, at most 10 s');
      expect(remarks(broken).join(' ')).not.toContain('commits wait');
    });
  });

  describe('sees', () => {
    const position = plaintext(column, byPosition);
    const secured = withChannel(well, 'db2', byPosition);
    const on = (change: Partial<Channel>, notes = {}) => seenOf(withChannel(position, 'db2', change), notes);
    const standing = { io: 'stopped', sql: 'stopped' } as const;
    const learned = { 'executed-file': 'bin.000004', 'executed-position': '900' };

    it('the rehearsal by its note', () => {
      expect(stepOf(position, 'rehearse').done(on({}))).toBe(false);
      expect(stepOf(position, 'rehearse').done(on({}, { rehearsed: 'TLSv1.3' }))).toBe(true);
    });

    it('all whole transactions applied once the receiver stands', () => {
      const { done, undo } = stepOf(position, 'drain');
      const standsAt = (at: number, file = 'bin.000004') => on({ io: 'stopped', executed: { file, position: at } }, { 'received-file': 'bin.000004', 'received-position': '20' }); // prettier-ignore
      expect([done(on({})), done(on({ io: 'stopped' })), done(standsAt(19))]).toEqual([false, false, false]);
      expect([done(standsAt(20)), done(standsAt(21)), done(standsAt(4, 'bin.000005'))]).toEqual([true, true, true]);
      expect([undo?.done(on({ io: 'stopped' })), undo?.done(on({ io: 'connecting' }))]).toEqual([false, true]);
    });

    it('both threads stand, and where', () => {
      const { done } = stepOf(position, 'stop');
      expect([done(on(standing)), done(on({ io: 'stopped' }, learned)), done(on(standing, learned))]).toEqual([
        false,
        false,
        true,
      ]);
    });

    it('the commit point by the channel itself, and nothing before it undone by it', () => {
      const { done, commits } = stepOf(position, 'repoint');
      expect(commits).toBe(true);
      expect([done(on(standing, learned)), done(seenOf(secured))]).toEqual([false, true]);
      for (const id of ['drain', 'stop']) expect(stepOf(position, id).done(seenOf(secured)), id).toBe(true);
      // Another authority is not what was rehearsed.
      const other = withChannel(secured, 'db2', ({ tls }) => ({ tls: { ...tls, caFile: '/other.pem' } }));
      expect(done(seenOf(other))).toBe(false);
    });

    it('the encryption on both ends', () => {
      const { done } = stepOf(position, 'verify');
      expect(done(seenOf(secured))).toBe(true);
      expect(done(seenOf(withChannel(secured, 'db2', { io: 'connecting' })))).toBe(false);
      const stale = withFacts(secured, 'db1', (facts) => ({
        streams: facts.streams && {
          ...facts.streams,
          threads: facts.streams.threads.map((thread) => ({ ...thread, encrypted: false })),
        },
      }));
      expect(done(seenOf(stale))).toBe(false);
    });

    it('nothing on a server that is gone', () => {
      for (const { id, done } of steps(position).filter((step) => step.id !== 'rehearse'))
        expect(done(seenOf(down(secured, 'db2'))), id).toBe(false);
    });
  });
});

function authorityAlone(): ReplicationTls {
  return { caFile: '/ca.pem', certFile: undefined, keyFile: undefined, verify: true };
}
