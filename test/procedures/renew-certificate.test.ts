import { describe, expect, it } from 'vitest';
import { columnFor, columns } from '../../src/dialects/capabilities.js';
import type { Parameters, Scene } from '../../src/domain/scene.js';
import { planOf } from '../../src/engine/plan.js';
import { renewCertificate as procedure } from '../../src/procedures/certificates/renew-certificate.js';
import { certificate } from '../domain/build.js';
import { authority, changed, keptScene, keptSite, paper } from './certificates.js';
import { goldenPlans } from './golden.js';
import { of, seenOf, site } from './scenes.js';

const column = columnFor({ flavour: 'mariadb', release: [10, 11, 0] });
const old = columnFor({ flavour: 'mysql', release: [5, 7, 30] });

function asked(server: string, more: Readonly<Record<string, string>> = {}): Parameters {
  return of(server, { what: 'both', when: 'due', order: 'replicas-first', ...more });
}

function reasons(scene: Scene, parameters: Parameters): readonly string[] {
  return procedure.refusals(scene, parameters).map(({ reason }) => reason);
}

describe('renew-certificate', () => {
  it('is needed when a certificate is due, lacks a name, or is not what the server serves', () => {
    const need = (scene: Scene, more = {}) => procedure.needed(scene, asked('db2', more));
    expect(need(keptScene(column))).toMatchObject({ observed: 'no' });
    expect(need(keptScene(column, ['db3'])).observed).toBe('no');
    expect(need(keptScene(column, ['db2']))).toEqual({
      observed: 'yes',
      why: expect.stringMatching(
        /^the certificate of db2: it ends at .*; the client certificate of db2: it ends/,
      ) as string,
    });
    expect(need(keptScene(column), { when: 'now' }).observed).toBe('yes');
    const names = { ...keptSite, servers: keptSite.servers.map((one) => ({ ...one, serverTls: one.serverTls && { ...one.serverTls, names: ['proxy'] } })) }; // prettier-ignore
    expect(need({ ...keptScene(column), site: names as typeof site }).why).toBe(
      'the certificate of db2 does not name proxy',
    );
    const differs = changed(keptScene(column), 'db2', (server) => ({ ...server, servedEqualsFile: false }));
    expect(need(differs).why).toBe('the certificate of db2 that it serves is not the one in its file');
    const gone = changed(keptScene(column), 'db2', (server) => ({ ...server, facts: undefined }));
    expect(need(gone).observed).toBe('unknown');
  });

  it('renews what is due alone, or what is asked for', () => {
    const leaves = (more: Readonly<Record<string, string>>) =>
      planOf(procedure, keptScene(column), asked('db2', { when: 'now', ...more })).sections.flatMap(({ steps }) =>
        steps.flatMap(({ plan }) =>
          plan.flatMap((action) => (action.kind === 'stage-certificates' ? action.leaves.map(({ use }) => use) : [])),
        ),
      );
    expect(leaves({})).toEqual(['server', 'client']);
    expect(leaves({ what: 'client' })).toEqual(['client']);
    expect(leaves({ what: 'server' })).toEqual(['server']);
  });

  it('makes no key elsewhere that is to stay, nor that of a certificate that lies ready', () => {
    const own = certificate({ subject: 'CN=db1-replication', issuer: authority.subject, names: [] });
    const scene = changed(keptScene(column), 'db1', (server) => ({
      ...server,
      certificates: [...server.certificates, { ...paper('client', 'file', undefined, own), ready: true as const }],
    }));
    const { serverTls } = keptSite;
    const kept = { ...scene, site: { ...keptSite, ...(serverTls && { serverTls: { ...serverTls, keys: 'host' as const } }) } }; // prettier-ignore
    const plan = procedure.steps(kept, asked('db1', { what: 'client', when: 'now' })).flatMap((step) => step.plan);
    const [staged] = plan.filter((action) => action.kind === 'stage-certificates');
    expect(staged?.leaves.map(({ key }) => key)).toEqual(['client.key']);
    expect(staged?.keysStay).toEqual(['client.key', 'server.key']);
  });

  it('refuses the primary while a replica is due, unless it is asked to', () => {
    const scene = keptScene(column, ['db1', 'db3']);
    const [refusal] = procedure.refusals(scene, asked('db1'));
    expect(refusal).toMatchObject({
      reason: 'replicas-first',
      why: expect.stringContaining('db3 replicate') as string,
    });
    expect(refusal?.why).not.toContain('db2');
    expect(reasons(scene, asked('db1', { order: 'any' }))).toEqual([]);
    expect(reasons(keptScene(column, ['db1']), asked('db1'))).toEqual([]);
  });

  it('refuses what it could not do whole, or what somebody would not accept', () => {
    const scene = keptScene(column, ['db1', 'db2']);
    expect(reasons({ ...scene, site }, asked('db2'))).toEqual(['not-configured']);
    const without = { snapshot: scene.snapshot, site: scene.site };
    expect(reasons(without, asked('db2'))).toEqual(['authority-unreadable']);
    const elsewhere = changed(scene, 'db2', (server) => ({ ...server, facts: server.facts && { ...server.facts, tls: server.facts.tls && { ...server.facts.tls, certFile: '/var/lib/mysql/server-cert.pem' } } })); // prettier-ignore
    expect(reasons(elsewhere, asked('db2'))).toEqual(['files-elsewhere']);
    const other = certificate({ subject: 'CN=another', fingerprint: 'ee'.repeat(32), isAuthority: true });
    const distrusted = changed(scene, 'db3', (server) => ({ ...server, certificates: [...server.certificates.filter(({ role }) => role !== 'ca'), paper('ca', 'file', '', other)] })); // prettier-ignore
    expect(procedure.refusals(distrusted, asked('db1', { order: 'any' }))).toMatchObject([
      {
        reason: 'authority-untrusted',
        why: expect.stringMatching(/^db3 do not trust/) as string,
        remedy: 'Let them trust it first, besides those that they trust: run trust-authority.',
      },
    ]);
    const pinned = changed({ ...scene, authority: other }, 'db1', (server) => ({
      ...server,
      certificates: [],
      facts: server.facts && { ...server.facts, accounts: { withoutTls: 0, streaming: [], listed: [{ user: 'replication', host: '%', requires: 'specified' }] } }, // prettier-ignore
    }));
    expect(reasons(pinned, asked('db2'))).toEqual(['account-pinned']);
  });

  it('never restarts a primary, and a replica only by the one command for it', () => {
    const scene = keptScene(old, ['db1', 'db2']);
    expect(reasons(scene, asked('db1', { order: 'any' }))).toEqual(['restart-of-primary']);
    expect(reasons(scene, asked('db2'))).toEqual([]);
    const none = { ...keptSite, servers: keptSite.servers.map((one) => ({ ...one, serverTls: one.serverTls && { ...one.serverTls, services: [] } })) }; // prettier-ignore
    expect(reasons({ ...scene, site: none as typeof site }, asked('db2'))).toEqual(['no-service']);
  });

  it('plans the same whatever the hour, so that an approval holds', () => {
    const scene = keptScene(column, ['db2']);
    const later = { ...scene, snapshot: { ...scene.snapshot, at: scene.snapshot.at + 3_600_000 } };
    expect(planOf(procedure, later, asked('db2')).digest).toBe(planOf(procedure, scene, asked('db2')).digest);
  });

  describe('with a link that is broken of itself', () => {
    const errno = 1045;
    const broken = (io: 'connecting' | 'running', ioError?: { errno: number; message: string; time: undefined }) =>
      changed(keptScene(column, ['db1']), 'db3', (server) => ({
        ...server,
        facts: server.facts && { ...server.facts, channels: (server.facts.channels ?? []).map((one) => ({ ...one, io, ioError })) }, // prettier-ignore
      }));
    const denied = broken('connecting', { errno, message: 'Access denied', time: undefined });
    const link = (scene: Scene) => procedure.steps(scene, asked('db1')).find(({ title }) => title.includes('db3'));
    const notes = { 'reconnected-1': 'then', 'reconnected-2': 'then' };

    it('lets it try anew, waits for nothing, and says so', () => {
      expect(reasons(denied, asked('db1'))).toEqual([]);
      expect(link(denied)?.title).toBe('Let db3, which cannot connect to db1 as it is, try anew');
      expect(link(denied)?.done(seenOf(denied.snapshot, notes))).toBe(true);
      expect(procedure.remarks?.(denied, asked('db1')).join()).toContain(
        'db3 cannot connect to db1 as it is (error 1045)',
      );
    });

    it('is taken back whole although that link is as broken as before', () => {
      expect(link(denied)?.undo?.done(seenOf(denied.snapshot, notes))).toBe(true);
    });

    it('waits for one that is only on its way, and takes back no less because of it', () => {
      const scene = broken('connecting');
      expect(link(scene)?.done(seenOf(scene.snapshot, notes))).toBe(false);
      expect(link(scene)?.undo?.done(seenOf(scene.snapshot, notes))).toBe(true);
      const received = broken('running');
      expect(link(received)?.undo?.done(seenOf(scene.snapshot, notes))).toBe(false);
      expect(link(received)?.undo?.done(seenOf(received.snapshot, notes))).toBe(true);
    });
  });

  it('is taken back once the server serves what its file held, where it served another before', () => {
    const file = certificate({ fingerprint: 'dd'.repeat(32), names: ['10.0.0.2', 'masterdb'] });
    const scene = changed(keptScene(column), 'db2', (server) => ({
      ...server,
      servedEqualsFile: false,
      certificates: server.certificates.map((one) => (one.role === 'server' && one.origin === 'file' ? paper('server', 'file', undefined, file) : one)), // prettier-ignore
    }));
    const place = procedure.steps(scene, asked('db2')).find(({ id }) => id === 'place');
    const serving = (print: string) =>
      changed(scene, 'db2', (server) => ({
        ...server,
        certificates: server.certificates.map((one) => (one.role === 'server' && one.origin === 'handshake' ? paper('server', 'handshake', undefined, certificate({ fingerprint: print })) : one)), // prettier-ignore
      }));
    const back = (one: Scene) => place?.undo?.done(seenOf(one.snapshot, {}));
    expect([back(scene), back(serving('dd'.repeat(32))), back(serving('aa'.repeat(32)))]).toEqual([true, true, false]);
  });

  it('is done only when file, wire and link show it', () => {
    const scene = keptScene(column, ['db2']);
    const steps = procedure.steps(scene, asked('db2'));
    const notes = {
      'next-generation': 'b',
      'previous-generation': 'a',
      'new-server-certificate': 'aa'.repeat(32),
      'new-client.pem': 'bb'.repeat(32),
      loaded: 'then',
      'reconnected-1': 'then',
    };
    const done = (of: Scene) => steps.filter((step) => step.done(seenOf(of.snapshot, notes))).map(({ id }) => id);
    const file = (print: string, role: 'server' | 'client', origin: 'file' | 'handshake') =>
      paper(role, origin, role === 'client' ? '' : undefined, certificate({ fingerprint: print }));
    expect(done(scene)).toEqual(['stage', 'reconnect-1']);
    const placed = changed(scene, 'db2', (server) => ({
      ...server,
      certificates: [file('aa'.repeat(32), 'server', 'file'), file('bb'.repeat(32), 'client', 'file')],
    }));
    expect(done(placed)).toEqual(['stage', 'place', 'reconnect-1']);
    const served = changed(placed, 'db2', (server) => ({
      ...server,
      certificates: [...server.certificates, file('aa'.repeat(32), 'server', 'handshake')],
    }));
    expect(done(served)).toEqual(['stage', 'place', 'load', 'reconnect-1']);
  });
});

goldenPlans(procedure, [
  { title: 'a replica', scene: (one) => keptScene(one, ['db2']), parameters: asked('db2') },
  {
    title: 'the primary, where it can be told',
    scene: (one) => keptScene(one.reloadsTls ? one : (columns[0] ?? one), ['db1']),
    parameters: asked('db1'),
  },
]);
