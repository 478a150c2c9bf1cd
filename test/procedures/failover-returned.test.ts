import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnFor } from '../../src/dialects/capabilities.js';
import type { Announcement } from '../../src/domain/announcement.js';
import type { Parameters, Scene } from '../../src/domain/scene.js';
import { defaultFailover } from '../../src/domain/scene.js';
import type { ClusterSnapshot, ServerName } from '../../src/domain/snapshot.js';
import { failover as procedure } from '../../src/procedures/failover.js';
import { openPrimary } from '../../src/procedures/open-primary.js';
import { down, lookedAt, promoted, uuidOf, withChannel, withFacts, withGtid, withSection } from '../domain/build.js';
import { returnedPrimary, withSnapshot } from './dead.js';
import { of, seenOf, site } from './scenes.js';

const newest = {
  mariadb: columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  mysql: columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
};
const given = (more: Readonly<Record<string, string>> = {}): Parameters => ({ cluster: 'production', 'accept-loss': 'no', unfenced: 'no', ...more }); // prettier-ignore
const reasons = (scene: Scene, more?: Readonly<Record<string, string>>) => procedure.refusals(scene, given(more)).map(({ reason }) => reason); // prettier-ignore
const needed = (scene: Scene) => procedure.needed(scene, given()).observed;
const asked = (scene: Scene) => procedure.asks?.(scene, given());
const told = (says: string): Announcement => ({ announcer: 'hosts', says, found: says, holding: false, failure: undefined, at: lookedAt }); // prettier-ignore

describe.each(['mariadb', 'mysql'] as const)('failover of a primary that came back with less on %s', (flavour) => {
  const mysql = flavour === 'mysql';
  const scene = returnedPrimary(newest[flavour]);
  const seen = (change: (snapshot: ClusterSnapshot) => ClusterSnapshot) => withSnapshot(scene, change);
  /** db1 as it is by GTID: `last` is the last of its own that it has. */
  const standing = (snapshot: ClusterSnapshot, last: number, more = '') =>
    withGtid(snapshot, 'db1', mysql ? { executed: `${uuidOf(1)}:1-${last}${more}` } : { binlog: more === '' ? `0-1-${last}` : more.slice(1), state: `0-1-${last}${more}` }); // prettier-ignore
  const byPosition = (snapshot: ClusterSnapshot) =>
    ['db2', 'db3'].reduce((one, name) => withChannel(one, name, ({ gtid }) => ({ gtid: { ...gtid, mode: 'off' } })), snapshot); // prettier-ignore
  const files = (snapshot: ClusterSnapshot, sizes: readonly number[]) =>
    withSection(snapshot, 'db1', 'binlog', { files: sizes.map((bytes, index) => ({ name: `bin.00000${index + 3}`, bytes })) }); // prettier-ignore

  it('is needed, loses nothing, and goes ahead by itself where it is known to be the primary', () => {
    expect(procedure.needed(scene, given()).why).toContain('db2 (3 transactions) and db3 (3 transactions) have received of it'); // prettier-ignore
    expect(reasons(scene)).toEqual([]);
    expect(asked(scene)).toBeUndefined();
    const { lastChange, ...unknown } = scene;
    expect(lastChange).toBeDefined();
    expect(asked(unknown)).toContain('neither the journal');
    expect(asked({ ...unknown, announcements: [told('db1')] })).toBeUndefined();
    expect(procedure.dead?.(scene, given())).toEqual([]);
  });

  it('is the way out that open-primary names', () => {
    expect(openPrimary.needed(scene, of('db1')).observed).toBe('yes');
    expect(openPrimary.refusals(scene, of('db1'))).toEqual([
      expect.objectContaining({ reason: 'ahead', remedy: expect.stringMatching(/lockstep plan failover --cluster production$/) as unknown }), // prettier-ignore
    ]);
  });

  it('is not needed for one that has everything, is open, or follows somebody', () => {
    expect(needed(seen((one) => standing(one, 100)))).toBe('no');
    expect(needed(seen((one) => promoted(one, 'db1')))).toBe('no');
    expect(needed(seen((one) => promoted(one, 'db2')))).toBe('no');
    const errant = seen(
      (one) =>
      mysql ? withGtid(standing(one, 100), 'db3', { executed: `${uuidOf(1)}:1-100,${uuidOf(3)}:1` }) : withGtid(standing(one, 100), 'db3', { state: '0-1-100,0-3-101', binlog: '0-3-101' }), // prettier-ignore
    );
    expect(needed(errant)).toBe('no');
  });

  it('refuses where it may have what the replicas have not', () => {
    expect(reasons(seen((one) => standing(one, 97, mysql ? `,${uuidOf(9)}:1` : ',0-9-98')))).toEqual(['diverged']);
    // Written since under a number that was given out before.
    expect(reasons(seen((one) => files(one, [900, 700, 800])))).toEqual(['diverged']);
    expect(reasons(seen((one) => files(one, [900, 1200, 330])))).toEqual(['diverged']);
    expect(reasons(seen((one) => withSection(one, 'db1', 'binlog', { files: undefined })))).toEqual(['diverged']);
  });

  it('refuses where another is, or may be, the primary', () => {
    const open = { readOnly: false, superReadOnly: mysql ? false : undefined };
    expect(reasons(seen((one) => withSection(one, 'db3', 'state', open)))).toContain('writable-elsewhere');
    expect(reasons({ ...scene, announcements: [told('db2')] })).toEqual(['another-announced']);
    const journal = scene.lastChange && { ...scene.lastChange, primary: 'db3' };
    expect(reasons({ ...scene, ...(journal && { lastChange: journal }) })).toEqual(['another-primary']);
  });

  it('wants more than half to answer, and asks where somebody cannot be seen or follows nobody', () => {
    const fewer = seen((one) => down(one, 'db3'));
    expect(reasons(fewer)).toEqual(['no-quorum', 'loss']);
    expect(reasons(fewer, { 'accept-loss': 'yes' })).toEqual([]);
    expect(procedure.remarks?.(fewer, given({ 'accept-loss': 'yes' })).join('\n')).toContain('At most what db3 has received and db2 has not'); // prettier-ignore
    expect(procedure.asks?.(fewer, given({ 'accept-loss': 'yes' }))).toContain('db3');
    expect(asked(seen((one) => withFacts(one, 'db3', { channels: [] })))).toContain('db3 follows nobody');
  });

  it('chooses who has most', () => {
    const received = mysql ? `${uuidOf(1)}:90-101` : '0-1-101';
    const ahead = seen((one) => withChannel(one, 'db3', ({ gtid }) => ({ gtid: { ...gtid, received } })));
    expect(procedure.steps(ahead, given()).map(({ id }) => id)).toContain('stop-receiving-db3');
    expect(procedure.steps(ahead, given()).find(({ commits }) => commits)?.notes).toMatchObject({ promoted: 'db3' });
    expect(reasons(ahead, { to: 'db2' })).toEqual(['behind']);
  });

  it('by file and position sees that its log was cut short', () => {
    const cut = seen(byPosition);
    expect(needed(cut)).toBe('yes');
    expect(reasons(cut)).toEqual([]);
    expect(openPrimary.refusals(cut, of('db1')).map(({ reason }) => reason)).toEqual(['ahead']);
    expect(needed(seen((one) => files(byPosition(one), [900, 900, 330])))).toBe('no');
  });

  it('keeps it closed, whatever the fence is, and looks once more where it stands', () => {
    const fenced = { ...scene, site: { ...site, failover: { ...defaultFailover, fence: ['/usr/bin/stop'] } } };
    const ids = procedure.steps(fenced, given()).map(({ id }) => id);
    expect(ids.filter((id) => ['fence', 'still-gone'].includes(id))).toEqual([]);
    expect(ids[0]).toBe('close-db1');
    expect(ids.indexOf('stands')).toBe(ids.indexOf('promote') - 1);
  });

  it('is taken back also where the source refuses a replica that has more, once that was started again', () => {
    const trying = seen((one) => withChannel(one, 'db3', { io: 'connecting' }));
    const { undo } = procedure.steps(trying, given()).find(({ id }) => id === 'stop-receiving-db3') ?? {};
    const stopped = withChannel(scene.snapshot, 'db3', { io: 'stopped', ioError: undefined });
    const refused = withChannel(stopped, 'db3', { ioError: { errno: mysql ? 13114 : 1236, message: 'more', time: undefined } }); // prettier-ignore
    const notes = { 'receives-again-db3': 'yes' };
    expect(undo?.done(seenOf(trying.snapshot))).toBe(true);
    expect(undo?.done(seenOf(refused))).toBe(false);
    expect(undo?.done(seenOf(stopped, notes))).toBe(false);
    expect(undo?.done(seenOf(refused, notes))).toBe(true);
  });

  it('counts every step before the promotion as done once the new primary is open', () => {
    const steps = procedure.steps(scene, given());
    const at = steps.findIndex(({ commits }) => commits === true);
    const after = promoted(down(scene.snapshot, 'db1'), 'db2');
    for (const step of steps.slice(0, at + 1)) expect(step.done(seenOf(after)), step.id).toBe(true);
    expect(steps.slice(1, at + 1).map((step) => step.done(seenOf(scene.snapshot)))).not.toContain(true);
  });
});

it('never plans to promote one that lacks what any other that can be asked has', () => {
  const last = fc.integer({ min: 95, max: 105 });
  fc.assert(
    fc.property(
      fc.constantFrom('mariadb' as const, 'mysql' as const),
      fc.record({ db1: last, db2: last, db3: last, up: fc.boolean() }),
      (flavour, { up, ...stand }) => {
        const mysql = flavour === 'mysql';
        let scene = returnedPrimary(newest[flavour]);
        const at = (name: ServerName, to: number) =>
          withSnapshot(
            scene,
            (one) =>
            mysql ? withGtid(one, name, { executed: `${uuidOf(1)}:1-${to}` }) : withGtid(one, name, name === 'db1' ? { binlog: `0-1-${to}`, state: `0-1-${to}` } : { slave: `0-1-${to}`, state: `0-1-${to}` }), // prettier-ignore
          );
        for (const name of ['db1', 'db2', 'db3'] as const) {
          scene = at(name, stand[name]);
          if (name !== 'db1') scene = withSnapshot(scene, (one) => withChannel(one, name, ({ gtid }) => ({ gtid: { ...gtid, received: '' } }))); // prettier-ignore
        }
        if (!up) scene = withSnapshot(scene, (one) => down(one, 'db3'));
        const goes = needed(scene) === 'yes' && reasons(scene).length === 0;
        const most = Math.max(stand.db2, stand.db3);
        expect(goes).toBe(up && most > stand.db1);
        if (!goes) return;
        const promotes = procedure.steps(scene, given()).find(({ commits }) => commits)?.notes?.['promoted'];
        expect(stand[promotes as 'db2']).toBe(most);
      },
    ),
    { numRuns: 300 },
  );
});
