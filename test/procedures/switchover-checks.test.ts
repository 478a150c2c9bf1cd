import { describe, expect, it } from 'vitest';
import type { Parameters, Scene } from '../../src/domain/scene.js';
import type { ClusterSnapshot, Flavour } from '../../src/domain/snapshot.js';
import { columns } from '../../src/dialects/capabilities.js';
import { switchover as procedure } from '../../src/procedures/switchover.js';
import { reasons, type Reason } from '../../src/procedures/switchover/checks/check.js';
import { certificate, down, handshake, lookedAt, now, promoted, seen, withChannel, withFacts, withGtid, withSection, withServer } from '../domain/build.js'; // prettier-ignore
import { clusterOf, sceneOf, seenOf, site } from './scenes.js';
import { changeTo, fit, quiet } from './switchover-scenes.js';

const newest = (flavour: Flavour) => columns.findLast((column) => column.flavour === flavour) ?? columns[0];
const well = (flavour: Flavour = 'mariadb') => {
  const column = newest(flavour);
  if (column === undefined) throw new Error('no column');
  return fit(clusterOf(column));
};
const found = (scene: Scene, parameters: Parameters = changeTo('db2')) =>
  procedure.refusals(scene, parameters).map(({ reason }) => reason);

const leaf = (names: readonly string[], verified = true) => ({
  at: lookedAt,
  failure: undefined,
  handshake: handshake({
    chain: [certificate({ names })],
    ...(verified ? {} : { verification: { verified: false, reason: 'expired', message: 'it has ended' } as const }),
  }),
});
const with2 = (snapshot: ClusterSnapshot): Scene => sceneOf(snapshot);
const siteWith = (change: Partial<Scene['site']>, snapshot = well()): Scene => ({
  snapshot,
  site: { ...site, ...change },
});
const announcer = { name: 'haproxy', kind: 'haproxy', words: 'the backend', holds: true, readsBack: true } as const;
const told = (says: string | undefined, failure?: string): Scene => ({
  ...siteWith({ announcers: [announcer] }),
  announcements: [{ announcer: 'haproxy', says, found: says, holding: false, failure, at: lookedAt }],
});
const withoutFiles = site.servers.map((server) => ({ ...server, replicationTls: undefined }));

/** Each once, from a cluster against which nothing stands. */
const cases: Readonly<Partial<Record<Reason, readonly [Scene, Parameters?]>>> = {
  topology: [with2(withSection(well(), 'db1', 'identity', { grouping: 'galera' }))],
  'server-unseen': [with2(down(well(), 'db3'))],
  'not-primary': [with2(well()), changeTo('db2', { from: 'db3' })],
  'two-primaries': [with2(promoted(well(), 'db3'))],
  'primary-closed': [with2(withSection(well(), 'db1', 'state', { readOnly: true }))],
  'not-a-replica': [with2(withFacts(well(), 'db2', { channels: [] }))],
  'candidate-writable': [with2(withSection(well(), 'db2', 'state', { readOnly: false, superReadOnly: false }))],
  'replica-writable': [with2(withSection(well(), 'db3', 'state', { readOnly: false, superReadOnly: false }))],
  'two-channels': [
    with2(
      withFacts(well(), 'db3', ({ channels = [] }) => ({
        channels: [...channels, ...channels.map((one) => ({ ...one, name: 'twice' }))],
      })),
    ),
  ],
  'not-replicating': [with2(withChannel(well(), 'db3', { sql: 'stopped' }))],
  silent: [with2(withChannel(well(), 'db2', { silent: true }))],
  lagging: [with2(withChannel(well(), 'db2', { lagSeconds: 61 }))],
  delayed: [with2(withChannel(well(), 'db2', { delaySeconds: 3600, lagSeconds: 3600 }))],
  filtered: [with2(withChannel(well(), 'db2', { filtered: true }))],
  'domain-unlogged': [with2(withGtid(well(), 'db1', { slave: '7-9-100' }))],
  'no-binary-log': [with2(withSection(well(), 'db2', 'binlog', { enabled: false }))],
  'version-newer': [with2(withSection(well(), 'db2', 'identity', { release: [99, 0, 0] }))],
  'durability-weaker': [with2(withSection(well(), 'db2', 'state', { syncBinlog: 0 }))],
  'boots-writable': [with2(withSection(well(), 'db3', 'state', { bootReadOnly: false }))],
  'settings-unsaved': [
    with2(withSection(well(), 'db2', 'state', { restartChanges: { surely: ['max_connections'], perhaps: [] } })),
  ],
  connections: [with2(quiet(well(), { connections: { limit: 10, used: 10 } }))],
  'semi-sync-missing': [with2(withSection(well(), 'db2', 'semiSync', { source: undefined }))],
  'plaintext-channel': [with2(withChannel(well(), 'db3', ({ tls }) => ({ tls: { ...tls, enabled: false } })))],
  'tls-off': [with2(withSection(well(), 'db2', 'tls', { haveSsl: 'DISABLED' }))],
  certificate: [with2(withServer(well(), 'db2', () => ({ login: leaf(['db2.example', 'masterdb'], false) })))],
  'certificate-name': [with2(withServer(well(), 'db2', () => ({ login: leaf(['db2.example']) })))],
  'certificate-ends': [
    with2(withServer(well(), 'db3', () => ({ certificates: [seen({ role: 'client', notAfter: now + 3600 })] }))),
  ],
  'no-authority': [siteWith({ servers: withoutFiles })],
  'no-account': [siteWith({ accounts: { ...site.accounts, replication: undefined } })],
  'account-missing': [with2(withSection(well(), 'db2', 'accounts', { listed: [] }))],
  'no-host': [
    siteWith({ servers: site.servers.map((server) => ({ ...server, host: undefined })) }),
    changeTo('db2', { rehearsal: 'full' }),
  ],
  'announcer-failing': [told(undefined, 'it does not answer')],
  'announcement-differs': [told('db3')],
};

describe('switchover', () => {
  it.each(['mariadb', 'mysql'] as const)('has nothing against a fit cluster of %s', (flavour) => {
    expect(procedure.refusals(with2(well(flavour)), changeTo('db2'))).toEqual([]);
    expect(procedure.asks?.(with2(well(flavour)), changeTo('db2'))).toBeUndefined();
    expect(found(told('db1'))).toEqual([]);
  });

  it.each(Object.entries(cases))('refuses with %s, and says what to do', (reason, [scene, parameters]) => {
    const refusals = procedure.refusals(scene, parameters ?? changeTo('db2'));
    expect(refusals.map((one) => one.reason)).toContain(reason);
    for (const { why, remedy } of refusals) {
      expect(why).not.toMatch(/undefined|\.$/);
      expect(remedy).toMatch(/[.`]$/);
    }
  });

  it('gives closed reasons alone', () => {
    for (const [scene, parameters] of Object.values(cases))
      for (const reason of found(scene, parameters)) expect(reasons).toContain(reason);
  });

  it('finds logs that others would miss, and what a replica wrote itself, on MySQL', () => {
    const uuid = well('mysql').servers[1]?.facts?.identity.uuid ?? '';
    expect(found(with2(withGtid(well('mysql'), 'db2', { purged: `${uuid}:1-5` })))).toContain('logs-purged');
  });

  it('asks the program of the new primary, where it may run it, what a restart would change', () => {
    const command = ['/usr/sbin/mariadbd', '--defaults-file=/etc/my.cnf'];
    const withCommand = (programs: readonly string[]): Scene => {
      const set = withSection(well(), 'db2', 'state', { restartChanges: { surely: [], perhaps: ['max_connections', 'net_retry_count'] } }); // prettier-ignore
      const optionFiles = { directory: '/etc/mysql/conf.d', command, allowed: true };
      const serverTls = { directory: '/etc/mysql/tls', allowed: true, names: [], checked: undefined, services: [], optionFiles }; // prettier-ignore
      return siteWith({ servers: site.servers.map((server) => ({ ...server, programs, serverTls })) }, set);
    };
    const scene = withCommand(['/usr/sbin/mariadbd']);
    const wishes = procedure.nextStarts?.(scene, changeTo('db2'));
    expect(wishes?.map(({ server, command: words }) => [server, words])).toEqual([['db2', command]]);
    expect(procedure.nextStarts?.(withCommand([]), changeTo('db2'))).toEqual([]);
    expect(procedure.nextStarts?.(with2(well()), changeTo('db2'))).toEqual([]);

    const remarks = (one: Scene) => procedure.remarks?.(one, changeTo('db2')).join('\n') ?? '';
    expect(found(scene)).toEqual([]);
    expect(remarks(scene)).toContain('Set on db2 since its start: max_connections, net_retry_count.');
    const changes = { surely: ['max_connections'], perhaps: [] };
    const answered = { ...scene, nextStarts: [{ server: 'db2', changes }] };
    expect(procedure.refusals(answered, changeTo('db2'))).toEqual([
      {
        reason: 'settings-unsaved',
        why: 'a restart of db2 would change max_connections: something else is configured than is in force',
        remedy: 'Write what is in force on db2 into its option file, or put into force what a restart would take.',
      },
    ]);
    expect(remarks(answered)).not.toContain('since its start');
    const unasked = { ...scene, nextStarts: [{ server: 'db2', changes: undefined, failure: 'no way to it' }] };
    expect(found(unasked)).toEqual([]);
    expect(remarks(unasked)).toContain('What a restart of db2 would change could not be asked on its machine: no way to it.'); // prettier-ignore
    expect(remarks(unasked)).toContain('Set on db2 since its start: max_connections, net_retry_count.');
  });

  it('asks before it ends what runs for long, and before half a rehearsal', () => {
    const running = { id: 7, user: 'app', seconds: 60, state: 'Query', writes: true };
    const long = with2(quiet(well(), { statements: [running] }));
    expect(procedure.asks?.(long, changeTo('db2'))).toContain('would be ended');
    expect(procedure.asks?.(long, changeTo('db2', { 'long-running': 'wait' }))).toBeUndefined();
    expect(procedure.steps(long, changeTo('db2')).map(({ id }) => id)).toContain('long-running');
    const reads = with2(quiet(well(), { statements: [{ ...running, writes: false }] }));
    expect(procedure.asks?.(reads, changeTo('db2'))).toBeUndefined();
    expect(procedure.asks?.(with2(well()), changeTo('db2', { rehearsal: 'partial' }))).toContain('partial');
  });

  it('is needed only where another server is the primary', () => {
    expect(procedure.needed(with2(well()), changeTo('db1')).observed).toBe('no');
    expect(procedure.needed(with2(down(well(), 'db2')), changeTo('db2')).observed).toBe('unknown');
    expect(procedure.needed(with2(well()), changeTo('db2')).observed).toBe('yes');
  });

  it('stands in its premises on roles, and on no position, lag or what runs', () => {
    const premises = (snapshot: ClusterSnapshot) => procedure.premises(with2(snapshot), changeTo('db2'));
    const later = quiet(withChannel(well(), 'db3', { lagSeconds: 7 }), { waitingForReplicas: 3 });
    expect(premises(later)).toEqual(premises(well()));
    expect(premises(withChannel(well(), 'db3', { delaySeconds: 7 }))).not.toEqual(premises(well()));
  });

  it('does nothing of what comes before its commit point once that is seen', () => {
    const steps = procedure.steps(with2(well()), changeTo('db2'));
    const at = steps.findIndex(({ commits }) => commits === true);
    const after = withSection(well(), 'db2', 'state', { readOnly: false, superReadOnly: false });
    const section = steps[at]?.section;
    for (const step of steps.slice(0, at).filter((one) => one.section !== section))
      expect(step.done(seenOf(after)), step.id).toBe(true);
    for (const step of steps.slice(0, at).filter((one) => one.section !== section))
      expect(step.done(seenOf(well())), step.id).toBe(false);
  });
});
