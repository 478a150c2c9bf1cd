import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { columnFor, type Column } from '../../src/dialects/capabilities.js';
import { rankDonors } from '../../src/domain/donors.js';
import type { Scene } from '../../src/domain/scene.js';
import type { MachineSurvey, Survey } from '../../src/domain/survey.js';
import type { ClusterSnapshot } from '../../src/domain/snapshot.js';
import { planLines } from '../../src/engine/plan-text.js';
import { planOf } from '../../src/engine/plan.js';
import { rejoin } from '../../src/procedures/rejoin.js';
import { rebuildReplica as procedure } from '../../src/procedures/rebuild-replica.js';
import { down, lookedAt, withChannel, withFacts, withSection, withServer } from '../domain/build.js';
import { goldenPlans } from './golden.js';
import { backend, reading } from './readers-scenes.js';
import { copying, dumping, errantOn, reached, settings, surveyed } from './rebuild-scenes.js';
import { clusterOf, of, sceneOf, seenOf } from './scenes.js';

const newest = {
  mariadb: columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  mysql: columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
};

const stopped = { sql: 'stopped', sqlError: { errno: 1032, message: 'no such row', time: undefined } } as const;
const reasons = (scene: Scene, more = {}) => procedure.refusals(scene, of('db2', more)).map(({ reason }) => reason);

describe.each(['mariadb', 'mysql'] as const)('rebuild-replica on %s', (flavour) => {
  const well = clusterOf(newest[flavour]);

  it('is needed by what is lost, diverged or known to differ, and by nothing else', () => {
    const needed = (scene: Scene, server = 'db2') => procedure.needed(scene, of(server)).observed;
    expect(needed(reached(well))).toBe('no');
    expect(needed(reached(well, 1))).toBe('yes');
    expect(needed(reached(withChannel(well, 'db2', stopped)))).toBe('yes');
    expect(needed(reached(withChannel(well, 'db2', { sql: 'stopped' })))).toBe('no');
    expect(needed(reached(down(well, 'db2')))).toBe('unknown');
    expect(needed(reached(well, 1), 'db1')).toBe('no');
  });

  it('always asks, and takes a healthy replica before the primary', () => {
    const scene = reached(well, 1);
    expect(procedure.asks?.(scene, of('db2'))).toContain('replaced by a copy of db3');
    expect(rankDonors(well, 'db2').map(({ server }) => server)).toEqual(['db3', 'db1']);
    expect(
      rankDonors(well, 'db2', { differing: ['db3'] }).map(({ server, against }) => [server, against.length]),
    ).toEqual([
      ['db1', 0],
      ['db3', 1],
    ]);
    expect(procedure.asks?.(reached(withChannel(well, 'db3', stopped), 1), of('db2'))).toContain('copy of db1');
  });

  it('refuses what it cannot do whole', () => {
    expect(reasons(reached(well, 1))).toEqual([]);
    expect(reasons(sceneOf(well))).toContain('no-service');
    expect(reasons(reached(withChannel(well, 'db3', stopped), 1), { from: 'db3' })).toContain('no-donor');
    expect(reasons(reached(down(well, 'db1'), 1))).toContain('no-primary');
    expect(reasons(reached(withChannel(well, 'db2', { filtered: true }), 1))).toEqual(['filtered']);
    expect(reasons(reached(withChannel(well, 'db2', { delaySeconds: 3600 }), 1))).toEqual(['delayed']);
  });

  it('copies nobody who has transactions that the source never had', () => {
    // Its source was read later, so that nothing explains them.
    const scene = reached(
      withServer(errantOn(well, 'db3'), 'db1', () => ({ at: lookedAt + 10_000 })),
      1,
    );
    expect(procedure.asks?.(scene, of('db2'))).toContain('copy of db1');
    expect(reasons(scene, { from: 'db3' })).toContain('no-donor');
  });

  it.each([
    [0, []],
    [2, ['events-enabled']],
    [undefined, ['events-enabled']],
  ] as const)('with %s enabled events on the primary, copies its files or not', (events, wanted) => {
    const found = (here: Survey) => reasons({ ...reached(well, 1), surveys: [here, surveyed('db1', { events })] }, { from: 'db1' }); // prettier-ignore
    expect(found(surveyed('db2'))).toEqual(wanted);
    expect(found(surveyed('db2', { settings: { ...settings, event_scheduler: 'OFF' } }))).toEqual([]);
  });

  it('leaves no server open to SUPER because its channel was copied as it should be', () => {
    const [point] = procedure.steps(reached(well, 1), of('db2')).filter(({ id }) => id === 'point-db2');
    const open = withSection(well, 'db2', 'state', { superReadOnly: false });
    const seen = (snapshot: ClusterSnapshot) => point?.done({ ...reached(snapshot, 1), notes: {}, held: new Set() });
    expect(seen(well)).toBe(true);
    expect(seen(open)).toBe(flavour === 'mariadb');
  });

  it('refuses what the disk, the settings or the machine do not bear', () => {
    const against = (here: Survey, there = surveyed('db3')) => reasons({ ...reached(well, 1), surveys: [here, there] });
    expect(against(surveyed('db2'))).toEqual([]);
    expect(against(surveyed('db2', {}, { freeBytes: 2 ** 30 }))).toEqual(['room-short']);
    expect(against(surveyed('db2', {}, { exchangeable: false }))).toContain('data-apart');
    expect(against(surveyed('db2', {}, { kept: true }))).toEqual(['kept-there']);
    const holding = (more: Readonly<Record<string, string>>) => against(surveyed('db2', { settings: { ...settings, ...more } })); // prettier-ignore
    expect(holding({ innodb_undo_directory: '/undo' })).toEqual(['data-elsewhere']);
    expect(holding({ innodb_data_file_path: '/ibdata/ibdata1:12M:autoextend' })).toContain('data-elsewhere');
    expect(holding({ innodb_temp_data_file_path: 'ibtmp1:12M:autoextend' })).toEqual([]);
    for (const file of ['/run/mysqld/ibtmp1', '../tmp/ibtmp1'])
      expect(holding({ innodb_temp_data_file_path: `${file}:12M:autoextend` }), file).toEqual(['data-elsewhere']);
    expect(against(surveyed('db2', { settings: { ...settings, innodb_page_size: '4096' } }))).toEqual([
      'settings-differ',
    ]);
    expect(against(surveyed('db2', {}, { programs: { '/usr/bin/mariadb-backup': '9.9.9' } }))).toEqual(
      flavour === 'mysql' ? [] : ['program-version'],
    );
    expect(against({ ...surveyed('db2'), machine: undefined, failures: ['db2: no'] })).toEqual(['not-surveyed']);
    if (flavour === 'mysql') {
      expect(against(surveyed('db2', { clonePlugin: false }))).toEqual(['no-clone-plugin']);
      expect(against(surveyed('db2', { settings: { ...settings, log_bin_basename: '/logs/bin' } }))).toEqual([
        'binlog-elsewhere',
      ]);
      expect(against(surveyed('db2'), surveyed('db3', { plain: ['a.b'] }))).toEqual(['not-transactional']);
      // A dump takes them.
      const filled = { ...reached(well, 1, dumping), surveys: [surveyed('db2'), surveyed('db3', { plain: ['a.b'] })] };
      expect(reasons(filled)).toEqual([]);
      expect(procedure.asks?.(filled, of('db2'))).toContain('a.b');
    }
  });

  it('refuses a dump, and no copy of files, where something was installed by statements', () => {
    const there = surveyed('db3', { installed: [{ kind: 'plugin', name: 'ed25519' }, { kind: 'function', name: 'metaphon' }] }); // prettier-ignore
    const scene = (loaded: readonly string[]): Scene => ({ ...reached(well, 1, [...copying, ...dumping]), surveys: [surveyed('db2', { loaded }), there] }); // prettier-ignore
    expect(reasons(scene([]), { method: 'dump' })).toEqual(['installed']);
    expect(procedure.refusals(scene([]), of('db2', { method: 'dump' }))[0]?.why).toMatch(/plugin ed25519, function metaphon$/); // prettier-ignore
    expect(procedure.refusals(scene(['ed25519']), of('db2', { method: 'dump' }))[0]?.why).toMatch(/: function metaphon$/); // prettier-ignore
    expect(reasons(scene([]))).toEqual([]);
    expect(procedure.remarks?.(scene([]), of('db2'))).toContainEqual(expect.stringContaining('Method dump: not, for a dump does not bring')); // prettier-ignore
  });

  it('refuses a dump, and no copy of files, where tables keep their former rows', () => {
    const scene: Scene = { ...reached(well, 1, [...copying, ...dumping]), surveys: [surveyed('db2'), surveyed('db3', { historic: ['a.b'] })] }; // prettier-ignore
    expect(reasons(scene, { method: 'dump' })).toEqual(['system-versioned']);
    expect(reasons(scene)).toEqual([]);
  });

  describe('where the data directory is a file system of its own, or a link', () => {
    const apart = (file = 'ibdata1:12M:autoextend', machine: Partial<MachineSurvey> = {}) =>
      surveyed('db2', { settings: { ...settings, innodb_data_file_path: file } }, { exchangeable: false, ...machine });
    const there = surveyed('db3', { settings: { ...settings, innodb_data_file_path: 'ibdata1:12M:autoextend' } });
    const scene = (here: Survey, programs = [...copying, ...dumping]): Scene => ({ ...reached(well, 1, programs), surveys: [here, there] }); // prettier-ignore
    const placesOf = (one: Scene) =>
      procedure.steps(one, of('db2')).flatMap(({ plan, undo }) => [...plan, ...(undo?.plan ?? [])]).flatMap((action) => ('place' in action ? [action.place] : [])); // prettier-ignore

    it('stays within it, by what can be made there', () => {
      expect(reasons(scene(apart()))).toEqual([]);
      expect(placesOf(scene(apart()))).toEqual(Array.from({ length: 4 }, () => ({ data: '/var/lib/mysql', system: 'ibdata1' }))); // prettier-ignore
      expect(procedure.remarks?.(scene(apart()), of('db2')).join()).toContain(
        '/var/lib/mysql is a file system of its own',
      );
      // CLONE writes to no place in the data directory.
      if (flavour === 'mysql') {
        expect(reasons(scene(apart(), copying))).toEqual(['clone-inside']);
        const [copied] = procedure.steps(scene(apart()), of('db2')).find(({ id }) => id === 'copy')?.plan ?? [];
        expect(copied).toMatchObject({ method: 'dump' });
      }
    });

    it('refuses what cannot change its place there', () => {
      expect(reasons(scene(apart('deeper/ibdata1:12M')))).toContain('data-apart');
      expect(reasons(scene(apart('ibdata1:12M:autoextend', { mounts: ['binlogs'] })))).toEqual(['data-elsewhere']);
    });

    it('follows a link, beside whose end there is room', () => {
      const linked = surveyed('db2', {}, { data: '/data/mysql' });
      expect(placesOf(scene(linked))).toEqual(Array.from({ length: 4 }, () => ({ data: '/data/mysql' })));
      expect(placesOf(scene(surveyed('db2')))).toEqual([]);
      expect(placesOf(scene(apart(undefined, { data: '/data/mysql' })))[0]).toEqual({ data: '/data/mysql', system: 'ibdata1' }); // prettier-ignore
    });
  });

  describe('where the disk cannot hold both', () => {
    const gib = 2 ** 30;
    // A copy of 3 GiB may take 3.8 GiB.
    const short = (free: number, droppable: number | undefined, cluster = well, programs = copying): Scene => ({
      ...reached(cluster, 1, programs),
      surveys: [
        surveyed('db2', droppable === undefined ? {} : { droppable }, { freeBytes: free * gib }),
        surveyed('db3'),
      ],
    });
    const discard = { discard: 'yes' };
    const errant = errantOn(well);

    it('refuses, and drops what is there before the copy only when it is asked to', () => {
      expect(reasons(short(1, 4 * gib))).toEqual(['room-short']);
      const [refused] = procedure.refusals(short(1, 4 * gib), of('db2'));
      expect(refused?.why).toContain('1.0 GiB free, and a copy of db3 may take 3.8 GiB beside what it holds now, at least 4.0 GiB'); // prettier-ignore
      expect(refused?.remedy).toContain('discard: yes');
      expect(reasons(short(1, 4 * gib), discard)).toEqual([]);
      expect(procedure.asks?.(short(1, 4 * gib), of('db2', discard))).toContain('the disk of db2 has 1.0 GiB free and the copy may take 3.8 GiB, so that all its tables, at least 4.0 GiB, are dropped before there is a copy, and nothing brings them back'); // prettier-ignore
    });

    it('refuses all the same where dropping would not be enough, or nobody knows what it would bring', () => {
      expect(reasons(short(1, gib), discard)).toEqual(['room-short']);
      expect(procedure.refusals(short(1, gib), of('db2', discard))[0]?.why).toContain('1.0 GiB that dropping all its tables would free are not enough'); // prettier-ignore
      expect(reasons(short(1, undefined), discard)).toEqual(['room-short']);
    });

    it('keeps aside what is there where the disk holds both, whatever it was asked', () => {
      const ids = (more: Readonly<Record<string, string>>) =>
        procedure.steps(short(5, 4 * gib), of('db2', more)).map(({ id }) => id);
      expect(ids(discard)).toEqual(ids({}));
      expect(procedure.asks?.(short(5, 4 * gib), of('db2', discard))).not.toContain('dropped');
    });

    it('drops nothing that nobody else has, or may have, unless that is accepted', () => {
      const accepted = { ...discard, 'accept-loss': 'yes' };
      expect(reasons(short(1, 4 * gib, errant), discard)).toEqual(['errant']);
      expect(reasons(short(1, 4 * gib, errant), accepted)).toEqual([]);
      expect(procedure.asks?.(short(1, 4 * gib, errant), of('db2', accepted))).toContain('they are lost');
      // Accepting it is no word for dropping.
      expect(reasons(short(1, 4 * gib, errant), { 'accept-loss': 'yes' })).toEqual(['room-short']);
      // Where both have room, what it had is kept until the copy was found equal.
      expect(reasons(short(5, 4 * gib, errant))).toEqual([]);
    });

    it.each([
      [files(flavour), copying, []],
      ['dump', dumping, ['load']],
    ])('drops by %s behind a commit point, and takes nothing back', (method, programs, filled) => {
      const steps = procedure.steps(short(1, 4 * gib, well, programs), of('db2', { ...discard, method }));
      expect(steps.map(({ id }) => id)).toEqual(['places', 'rehearse', 'give-up', 'leave', 'empty', 'copy', 'swap', 'discard', ...filled, 'point-db2', 'start-db2', 'compare']); // prettier-ignore
      expect(steps.filter(({ commits }) => commits === true).map(({ id }) => id)).toEqual(['give-up']);
      expect(steps.filter(({ undo }) => undo !== undefined)).toEqual([]);
      // A server that died without its redo log would have nothing to go back to.
      expect(steps.flatMap(({ plan }) => plan).filter((action) => 'redo' in action)).toEqual([]);
      const leave = steps.find(({ id }) => id === 'leave');
      expect(leave?.done(seenOf(well, {}))).toBe(false);
      const alone = withFacts(well, 'db2', { channels: [] });
      expect(leave?.done(seenOf(alone, {}))).toBe(true);
      // One that follows nobody has nothing to leave.
      expect(procedure.steps(short(1, 4 * gib, alone, programs), of('db2', { ...discard, method })).map(({ id }) => id)).not.toContain('leave'); // prettier-ignore
    });
  });

  it('leaves an emptied server that nobody makes a replica again as it is', () => {
    const without = withFacts(well, 'db2', ({ gtid }) => ({
      channels: [],
      gtid: gtid?.kind === 'mysql' ? { ...gtid, executed: '' } : gtid && { ...gtid, binlogState: '', slavePos: '' },
    }));
    expect(rejoin.refusals(reached(without), of('db2')).map(({ reason }) => reason)).toEqual(['tail-unknown']);
    expect(procedure.needed(reached(without), of('db2')).observed).toBe('yes');
  });

  it('tells what it costs, and asks where writes on the donor wait', () => {
    const scene = {
      ...reached(well, 1),
      surveys: [
        surveyed('db2', { settings: { ...settings, sql_mode: 'ANSI' } }),
        surveyed('db3', { plain: ['wiki.searchindex'], plainBytes: 5000 }),
      ],
    };
    const told = procedure.remarks?.(scene, of('db2')).join('\n');
    expect(told).toContain('db3 has about 3.0 GiB in 120 tables');
    expect(told).toContain('of 1.0 TiB that are free. At 100 MiB/s the copy takes 31 s');
    expect(told).toContain('sql_mode is empty on db3 and ANSI here');
    expect(procedure.asks?.(scene, of('db2'))?.includes('wiki.searchindex')).toBe(flavour === 'mariadb');
    expect(procedure.surveys?.(scene, of('db2')).map(({ server }) => server)).toEqual(['db2', 'db3']);
  });

  it('copies files where it can, and rows where it cannot or is told to', () => {
    const methodOf = (scene: Scene, more = {}) => {
      const [action] = procedure.steps(scene, of('db2', more)).find(({ id }) => id === 'copy')?.plan ?? [];
      return action?.kind === 'copy' ? action.method : undefined;
    };
    const files = flavour === 'mysql' ? 'clone' : 'backup';
    const all = reached(well, 1, [...copying, ...dumping]);
    expect(methodOf(all)).toBe(files);
    expect(methodOf(all, { method: 'dump' })).toBe('dump');
    // Each machine's own, wherever it has it.
    const donors = all.site.servers.map((one) => (one.name === 'db3' ? { ...one, programs: ['/opt/bin/mariabackup'] } : one)); // prettier-ignore
    const [copied] = procedure.steps({ ...all, site: { ...all.site, servers: donors } }, of('db2', { from: 'db3' })).find(({ id }) => id === 'copy')?.plan ?? []; // prettier-ignore
    expect(copied).toMatchObject({ programs: flavour === 'mysql' ? {} : { backup: '/opt/bin/mariabackup', prepare: '/usr/bin/mariadb-backup' } }); // prettier-ignore
    // CLONE needs no program.
    expect(methodOf(reached(well, 1, dumping))).toBe(flavour === 'mysql' ? 'clone' : 'dump');
    expect(reasons(reached(well, 1), { method: 'dump' })).toContain('no-program');
    expect(reasons(all, { method: flavour === 'mysql' ? 'backup' : 'clone' })).toContain('no-method');
  });

  it('takes rows of an older series, and of no newer one', () => {
    const running = (release: readonly [number, number, number]) => ({
      ...well,
      servers: well.servers.map((one) => (one.name === 'db2' || one.facts === undefined ? one : { ...one, facts: { ...one.facts, identity: { ...one.facts.identity, release } } })), // prettier-ignore
    });
    const [older, newer] = flavour === 'mysql' ? ([[8, 0, 40], [9, 8, 0]] as const) : ([[10, 5, 29], [11, 4, 1]] as const); // prettier-ignore
    expect(reasons(reached(running(older), 1))).toContain('no-donor');
    expect(reasons(reached(running(older), 1, dumping))).toEqual([]);
    expect(reasons(reached(running(newer), 1, dumping))).toContain('no-donor');
  });

  it('fills what was laid out empty, where it copies rows', () => {
    const steps = procedure.steps(reached(well, 1, dumping), of('db2', { method: 'dump' }));
    expect(steps.map(({ id }) => id)).toEqual(['places', 'rehearse', 'copy', 'swap', 'load', 'point-db2', 'start-db2', 'compare', 'discard']); // prettier-ignore
    const redo = { off: 'ALTER INSTANCE DISABLE INNODB REDO_LOG', on: 'ALTER INSTANCE ENABLE INNODB REDO_LOG' };
    const [load] = steps.find(({ id }) => id === 'load')?.plan ?? [];
    expect(load).toMatchObject(flavour === 'mysql' ? { kind: 'load', redo } : { kind: 'load' });
    expect(load !== undefined && 'redo' in load).toBe(flavour === 'mysql');
  });

  it('removes what was kept only once the copy was found equal', () => {
    const steps = procedure.steps(reached(well, 1), of('db2'));
    expect(steps.map(({ id }) => id)).toEqual([
      'places',
      'rehearse',
      'copy',
      'swap',
      'point-db2',
      'start-db2',
      'compare',
      'discard',
    ]);
    expect(steps.find(({ id }) => id === 'swap')?.undo?.plan).toMatchObject([
      { kind: 'put-back', discarded: 'discarded' },
    ]);
    const compare = steps.find(({ id }) => id === 'compare');
    expect(compare?.done(seenOf(well, { verified: 'differs' }))).toBe(false);
    expect(compare?.done(seenOf(well, { verified: 'equal' }))).toBe(true);
  });
});

describe('rebuild-replica is documented', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/rebuilding-a-replica.md'), 'utf8');

  it('with the plan that is printed now', () => {
    const scene = { ...reached(clusterOf(newest.mariadb), 2), surveys: [surveyed('db2'), surveyed('db3')] };
    const plan = planLines(planOf(procedure, scene, of('db2'))).join('\n');
    const [, shown] = /```plan\n(.*?)\n```/s.exec(page) ?? [];
    expect(shown, 'put the plan of test/golden/plans/rebuild-replica/mariadb-10.11.txt into docs/rebuilding-a-replica.md').toBe(plan); // prettier-ignore
  });

  it('with every reason to refuse', () => {
    const directory = path.join(import.meta.dirname, '../../src/procedures/rebuild-replica');
    const sources = readdirSync(directory).map((file) => readFileSync(path.join(directory, file), 'utf8'));
    const reasonsThere = sources.flatMap((text) => [...text.matchAll(/refusal\('([a-z-]+)'/g)].map(([, reason]) => reason)); // prettier-ignore
    const [, table = ''] = page.split('## Why it refuses');
    const rows = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, reason]) => reason);
    expect(rows.sort()).toEqual([...new Set(reasonsThere)].sort());
  });
});

/** The method that copies files. */
function files(flavour: Column['flavour']): string {
  return flavour === 'mysql' ? 'clone' : 'backup';
}

/** MySQL 5.7 and early 8.0 have no CLONE. */
const copies = (column: Column) => column.flavour === 'mariadb' || !['mysql-5.7', 'mysql-8.0'].includes(column.name);

const surveyedWell = { surveys: [surveyed('db2'), surveyed('db3')] };
/** The disk of db2 holds a copy only once it is emptied. */
const shortOfRoom = { surveys: [surveyed('db2', { droppable: 4 * 2 ** 30 }, { freeBytes: 2 ** 30 }), surveyed('db3')] };
const withinSettings = { ...settings, innodb_data_file_path: 'ibdata1:12M:autoextend' };
/** The data of db2 are a file system of their own. */
const within = { surveys: [surveyed('db2', { settings: withinSettings }, { exchangeable: false }), surveyed('db3', { settings: withinSettings })] }; // prettier-ignore
const plainTables = { surveys: [surveyed('db2'), surveyed('db3', { plain: ['wiki.searchindex'], plainBytes: 5000 })] };

/** With an announcer that leads readers. */
function led(scene: Scene): Scene {
  return { ...scene, site: { ...scene.site, announcers: [backend] }, readSides: [reading(['db2', 'db3'])] };
}

goldenPlans(procedure, [
  { title: 'A replica that differs, copied from another', scene: (column) => ({ ...reached(clusterOf(column), 2), ...surveyedWell }), parameters: of('db2'), on: copies }, // prettier-ignore
  { title: 'One that applications read from', scene: (column) => led({ ...reached(clusterOf(column), 2), ...surveyedWell }), parameters: of('db2'), on: copies }, // prettier-ignore
  { title: 'The first, by a dump', scene: (column) => ({ ...reached(clusterOf(column), 2, dumping), ...plainTables }), parameters: of('db2', { method: 'dump' }) }, // prettier-ignore
  { title: 'The first, emptied before it is copied, for its disk cannot hold both', scene: (column) => ({ ...reached(clusterOf(column), 2), ...shortOfRoom }), parameters: of('db2', { discard: 'yes' }), on: copies }, // prettier-ignore
  { title: 'The first, within a data directory that is a file system of its own', scene: (column) => ({ ...reached(clusterOf(column), 2, [...copying, ...dumping]), ...within }), parameters: of('db2') }, // prettier-ignore
]);
