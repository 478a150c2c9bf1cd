import { describe, expect, it } from 'vitest';
import { columnFor, columns, type Column } from '../../src/dialects/capabilities.js';
import type { Scene, Site, SiteServerTls } from '../../src/domain/scene.js';
import type { ServerSnapshot } from '../../src/domain/snapshot.js';
import { enableTls as procedure } from '../../src/procedures/certificates/enable-tls.js';
import { planOf } from '../../src/engine/plan.js';
import { handshake, lookedAt } from '../domain/build.js';
import { changed, keptScene, keptSite } from './certificates.js';
import { goldenPlans } from './golden.js';
import { noTls } from './plaintext-channel.js';
import { of, seenOf } from './scenes.js';

const mariadb = columnFor({ flavour: 'mariadb', release: [10, 11, 0] });
const mysql = columnFor({ flavour: 'mysql', release: [9, 7, 0] });

const optionFiles = { directory: '/etc/mysql/conf.d', command: ['/usr/sbin/mysqld'], allowed: true };

function siteWith(change: Partial<SiteServerTls> = {}, more: Partial<Site> = {}): Site {
  const servers = keptSite.servers.map(({ serverTls, ...one }) =>
    serverTls === undefined ? one : { ...one, serverTls: { ...serverTls, optionFiles, ...change } },
  );
  return { ...keptSite, servers, ...more };
}

function offered(column: Column) {
  const greeting = `${[...(column.tested ?? column.since), 0].slice(0, 3).join('.')}${column.flavour === 'mariadb' ? '-MariaDB' : ''}`;
  return handshake({ greeting, tlsOffered: false, protocol: undefined, cipher: undefined, chain: [], verification: undefined }); // prettier-ignore
}

/** A server that offers no TLS, where Lockstep sends its password to nobody without. */
function unseen(column: Column, name: string, site = siteWith()): Scene {
  const failure = { reason: 'tls-not-offered', message: `${name} offers no TLS` } as const;
  const gone = (server: ServerSnapshot): ServerSnapshot => ({
    ...server,
    login: { at: lookedAt, failure, handshake: offered(column) },
    facts: undefined,
    failure,
    certificates: [],
  });
  return { ...changed(keptScene(column), name, gone), site };
}

/** One that offers none, in a cluster that is configured without: it is seen, and so are its streams, in plaintext. */
function plain(column: Column, name: string): Scene {
  const open = (server: ServerSnapshot): ServerSnapshot => {
    const { facts } = server;
    if (facts?.tls === undefined) return server;
    const off = { ...facts.tls, haveSsl: 'DISABLED' as const, caFile: undefined, certFile: undefined, keyFile: undefined, versions: [] }; // prettier-ignore
    const channels = facts.channels?.map((one) =>
      server.name === name || one.source.host === `${name}.example` ? { ...one, tls: noTls } : one,
    );
    return server.name === name
      ? { ...server, login: { at: lookedAt, failure: undefined, handshake: offered(column) }, certificates: [], facts: { ...facts, tls: off, ...(channels && { channels }) } } // prettier-ignore
      : { ...server, facts: { ...facts, ...(channels && { channels }) } };
  };
  const scene = keptScene(column);
  const servers = scene.snapshot.servers.map(open);
  return { ...scene, snapshot: { ...scene.snapshot, servers }, site: siteWith({ checked: undefined }) };
}

const reasons = (scene: Scene, server = 'db2') => procedure.refusals(scene, of(server)).map(({ reason }) => reason);
const stepIds = (scene: Scene, server = 'db2') => procedure.steps(scene, of(server)).map(({ id }) => id);
const actions = (scene: Scene, server = 'db2') => procedure.steps(scene, of(server)).flatMap(({ plan }) => plan);

describe('enable-tls', () => {
  it('is needed where a server greets without TLS, or says so itself', () => {
    const need = (scene: Scene) => procedure.needed(scene, of('db2'));
    expect(need(unseen(mariadb, 'db2'))).toEqual({ observed: 'yes', why: 'db2 offers no TLS' });
    expect(need(plain(mysql, 'db2')).observed).toBe('yes');
    expect(need({ ...keptScene(mariadb), site: siteWith() }).observed).toBe('no');
    const silent = changed(keptScene(mariadb), 'db2', (server) => ({ ...server, login: undefined, facts: undefined }));
    expect(need(silent).observed).toBe('unknown');
  });

  it('restarts no primary, and nobody who may be one', () => {
    const scene = unseen(mariadb, 'db1');
    expect(procedure.refusals(scene, of('db1'))).toMatchObject([
      { reason: 'restart-of-primary', remedy: expect.stringContaining('switchover') as string },
    ]);
    expect(reasons(plain(mariadb, 'db1'), 'db1')).toEqual(['restart-of-primary']);
    // MySQL turns it on without, wherever Lockstep is let in.
    expect(reasons(plain(mysql, 'db1'), 'db1')).toEqual([]);
    expect(reasons(unseen(mysql, 'db1'), 'db1')).toEqual(['restart-of-primary']);
    const blind = unseen(mariadb, 'db2');
    const nobody = { ...blind, snapshot: { ...blind.snapshot, servers: blind.snapshot.servers.map((one) => ({ ...one, facts: undefined })) } }; // prettier-ignore
    expect(reasons(nobody)).toEqual(['role-unknown']);
    expect(reasons(blind)).toEqual([]);
  });

  it('refuses what nothing is configured for, and versions that were never tried', () => {
    const scene = unseen(mariadb, 'db2');
    expect(reasons({ ...scene, site: keptSite })).toEqual(['no-option-files']);
    expect(reasons(unseen(mariadb, 'db2', siteWith({ services: [] })))).toEqual(['no-service']);
    expect(reasons(unseen(mariadb, 'db2', siteWith({ allowed: false })))).toEqual(['no-host']);
    const outside = siteWith({ optionFiles: { ...optionFiles, allowed: false } });
    expect(reasons(unseen(mariadb, 'db2', outside))).toEqual(['no-host']);
    expect(reasons({ snapshot: scene.snapshot, site: scene.site })).toEqual(['authority-unreadable']);
    const old = columnFor({ flavour: 'mysql', release: [8, 4, 0] });
    expect(reasons(unseen(old, 'db2'))).toEqual(['unproven']);
    expect(reasons(unseen(old, 'db2', siteWith({}, { acceptUnproven: true })))).toEqual([]);
  });

  it('writes `ssl` for servers that know it, and never for MySQL 8.4 and later', () => {
    for (const column of columns) {
      const files = actions(unseen(column, 'db2')).filter((action) => action.kind === 'option-file');
      expect(files).toHaveLength(1);
      const { lines = [] } = files[0] ?? {};
      expect(lines).toContain('ssl_cert = /etc/mysql/tls/cert.pem');
      const knows = column.flavour === 'mariadb' || !['mysql-8.4', 'mysql-9'].includes(column.name);
      expect(lines.includes('ssl'), column.name).toBe(knows);
    }
  });

  it('has the whole configuration checked before anything is restarted', () => {
    for (const column of [mariadb, mysql]) {
      const kinds = actions(unseen(column, 'db2')).map(({ kind }) => kind);
      expect(kinds.indexOf('restart')).toBeGreaterThan(kinds.lastIndexOf('check-configuration'));
      expect(kinds.indexOf('option-file')).toBeGreaterThan(kinds.indexOf('check-configuration'));
    }
  });

  it('turns it on without a restart where the version can and lets Lockstep in', () => {
    expect(actions(plain(mysql, 'db2')).some(({ kind }) => kind === 'restart')).toBe(false);
    expect(actions(plain(mariadb, 'db2')).some(({ kind }) => kind === 'restart')).toBe(true);
    expect(actions(unseen(mysql, 'db2')).some(({ kind }) => kind === 'restart')).toBe(true);
  });

  it('lets every stream of the server speak TLS, the first one past the point of no return', () => {
    const steps = procedure.steps(plain(mysql, 'db1'), of('db1'));
    expect(steps.filter(({ commits }) => commits === true).map(({ id }) => id)).toEqual(['channel-1-repoint']);
    expect(steps.map(({ id }) => id)).toContain('channel-2-verify');
    // One whose source has none is left, and said so.
    const both = changed(plain(mariadb, 'db2'), 'db1', (server) => ({
      ...server,
      login: { at: lookedAt, failure: undefined, handshake: offered(mariadb) },
    }));
    expect(stepIds(both)).toEqual(['stage', 'rehearse', 'place', 'configure', 'turn-on']);
    expect(procedure.remarks?.(both, of('db2'))).toContain('db2 stays as it is: db1 offers no TLS yet.');
  });

  it('rehearses by no file of a machine that is not reached', () => {
    const presented = (scene: Scene) =>
      actions(scene).flatMap((action) => (action.kind === 'rehearse-certificates' ? action.presents : []));
    const scene = plain(mysql, 'db2');
    const own = scene.site.servers.map((one) => (one.name === 'db2' ? { ...one, replicationTls: undefined } : one));
    const near = { ...scene, site: { ...scene.site, servers: own } };
    expect(presented(near).map(({ to }) => to.name)).toEqual(['db1']);
    const servers = own.map((one) => (one.name === 'db1' ? { ...one, host: undefined } : one));
    expect(presented({ ...near, site: { ...scene.site, servers } })).toEqual([]);
  });

  it('is done only when the new certificate was met, and is taken back only when the server answers without', () => {
    const scene = unseen(mariadb, 'db2');
    const last = procedure.steps(scene, of('db2')).find(({ id }) => id === 'turn-on');
    const notes = { 'next-generation': 'b', placed: 'b', 'new-server-certificate': 'aa', served: 'aa' };
    const served = (fingerprint: string) =>
      changed({ ...keptScene(mariadb), site: scene.site }, 'db2', (server) => ({
        ...server,
        login: { at: lookedAt, failure: undefined, handshake: handshake({ chain: [{ ...handshake().chain[0], fingerprint } as never] }) }, // prettier-ignore
      })).snapshot;
    expect(last?.done({ ...seenOf(served('aa'), notes), site: scene.site })).toBe(true);
    expect(last?.done({ ...seenOf(served('bb'), notes), site: scene.site })).toBe(false);
    expect(last?.done({ ...seenOf(served('aa'), { ...notes, placed: 'a' }), site: scene.site })).toBe(false);
    expect(last?.undo?.done(seenOf(scene.snapshot, { 'option-file': 'as before' }))).toBe(true);
    expect(last?.undo?.done(seenOf(scene.snapshot, {}))).toBe(false);
    expect(last?.undo?.done(seenOf(served('aa'), { 'option-file': 'as before' }))).toBe(false);
  });

  it('plans the same whatever the hour, so that an approval holds', () => {
    const scene = unseen(mariadb, 'db2');
    const later = { ...scene, snapshot: { ...scene.snapshot, at: scene.snapshot.at + 3_600_000 } };
    expect(planOf(procedure, later, of('db2')).digest).toBe(planOf(procedure, scene, of('db2')).digest);
  });
});

goldenPlans(procedure, [
  {
    title: 'a replica that Lockstep cannot log in to',
    scene: (column) => unseen(column, 'db2', siteWith({}, { acceptUnproven: true })),
    parameters: of('db2'),
  },
  {
    title: 'a replica that lets Lockstep in without TLS',
    scene: (column) => plain(column, 'db3'),
    parameters: of('db3'),
  },
  {
    title: 'the primary, where no restart is needed',
    scene: (column) => plain(column.settableTls ? column : mysql, 'db1'),
    parameters: of('db1'),
  },
]);
