import { describe, expect, it } from 'vitest';
import { columnFor, type Column } from '../../src/dialects/capabilities.js';
import type { Announcement } from '../../src/domain/announcement.js';
import type { PrimaryChange } from '../../src/domain/primary-change.js';
import type { Parameters, Scene } from '../../src/domain/scene.js';
import type { ClusterSnapshot } from '../../src/domain/snapshot.js';
import { openPrimary as procedure } from '../../src/procedures/open-primary.js';
import { down, lookedAt, promoted, uuidOf, withFacts, withGtid, withSection } from '../domain/build.js';
import { holding } from './dead.js';
import { goldenPlans } from './golden.js';
import { clusterOf, of, site } from './scenes.js';

const newest = {
  mariadb: columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  mysql: columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
};
const given: Parameters = of('db1');
const change = (primary: string): PrimaryChange => ({ primary, former: undefined, formerEnd: undefined, opened: undefined, byGtid: true, at: lookedAt }); // prettier-ignore
const told = (says: string): Announcement => ({ announcer: 'hosts', says, found: says, holding: false, failure: undefined, at: lookedAt }); // prettier-ignore

/** db1 came back from a restart. */
function rebooted(column: Column): ClusterSnapshot {
  return withSection(clusterOf(column), 'db1', 'state', { readOnly: true, superReadOnly: column.readOnly === 'switch' ? undefined : true }); // prettier-ignore
}

const reasons = (scene: Scene) => procedure.refusals(scene, given).map(({ reason }) => reason);
const asked = (scene: Scene) => procedure.asks?.(scene, given);

describe.each(['mariadb', 'mysql'] as const)('open-primary on %s', (flavour) => {
  const well = rebooted(newest[flavour]);
  const scene: Scene = { snapshot: well, site, lastChange: change('db1') };
  const seen = (snapshot: ClusterSnapshot): Scene => ({ ...scene, snapshot });

  it('opens the primary that its replicas follow', () => {
    expect(procedure.needed(scene, given).observed).toBe('yes');
    expect(reasons(scene)).toEqual([]);
    expect(asked(scene)).toBeUndefined();
    expect(asked({ snapshot: well, site, announcements: [told('db1')] })).toBeUndefined();
    expect(asked({ snapshot: well, site })).toContain('neither the journal');
  });

  it('is not needed for one that is open, or a replica', () => {
    expect(procedure.needed(seen(clusterOf(newest[flavour])), given).observed).toBe('no');
    expect(procedure.needed(scene, of('db2')).observed).toBe('no');
    expect(procedure.needed(seen(down(well, 'db1')), given).observed).toBe('unknown');
  });

  it('refuses where another is, or may be, the primary', () => {
    expect(reasons(seen(promoted(well, 'db2')))).toContain('writable-elsewhere');
    expect(reasons({ ...scene, lastChange: change('db2') })).toEqual(['another-primary']);
    expect(reasons({ ...scene, announcements: [told('db2')] })).toEqual(['another-announced']);
    expect(reasons({ ...scene, announcements: [told('db1'), told('db2')] })).toEqual(['another-announced']);
    const ahead = withGtid(
      well,
      'db3',
      flavour === 'mysql' ? { executed: `${uuidOf(1)}:1-101` } : { slave: '0-1-101' },
    );
    expect(reasons(seen(ahead))).toEqual(['ahead']);
    expect(reasons(seen(withFacts(well, 'db3', { gtid: undefined })))).toEqual([]);
    const unfollowed = ['db2', 'db3'].reduce((one, name) => withFacts(one, name, { channels: [] }), well);
    expect(reasons(seen(unfollowed))).toContain('not-followed');
  });

  it('asks where a server cannot be seen', () => {
    expect(reasons(seen(down(well, 'db3')))).toEqual([]);
    expect(asked(seen(down(well, 'db3')))).toContain('db3');
  });
});

/** Its replicas acknowledge, and it does not wait for them any more. */
function forgot(column: Column): ClusterSnapshot {
  const source = { ...holding(column), enabled: false, active: false };
  const replica = { enabled: true, active: true };
  return ['db1', 'db2', 'db3'].reduce((all, name) => withFacts(all, name, { semiSync: { source, replica } }), rebooted(column)); // prettier-ignore
}

describe('semi-synchronous replication, which a restart leaves as the file has it', () => {
  const opening = (snapshot: ClusterSnapshot) =>
    JSON.stringify(procedure.steps({ snapshot, site, lastChange: change('db1') }, given)[0]?.plan);

  it('waits again for replicas that acknowledge, before it is opened', () => {
    expect(opening(forgot(newest.mariadb))).toMatch(/rpl_semi_sync_master_enabled = ON.*read_only = OFF/);
    expect(opening(rebooted(newest.mariadb))).not.toContain('rpl_semi_sync');
  });

  it('waits for nobody where fewer acknowledge than a commit waits for', () => {
    const source = { ...holding(newest.mysql), waitsFor: 2 };
    const waits = withFacts(forgot(newest.mysql), 'db1', { semiSync: { source, replica: undefined } });
    expect(opening(waits)).toContain('_enabled = ON');
    const one = withFacts(waits, 'db3', { semiSync: undefined });
    expect(opening(one)).toMatch(/_enabled = OFF.*super_read_only = OFF/);
    expect(procedure.remarks?.({ snapshot: one, site }, given).join(' ')).toContain('does not wait for one');
  });
});

goldenPlans(procedure, [
  { title: 'it was restarted', scene: (column) => ({ snapshot: rebooted(column), site, lastChange: change('db1') }), parameters: given }, // prettier-ignore
  { title: 'its replicas acknowledge', scene: (column) => ({ snapshot: forgot(column), site, lastChange: change('db1') }), parameters: given }, // prettier-ignore
]);
