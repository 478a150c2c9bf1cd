import { describe, expect, it } from 'vitest';
import { relationsOf } from '../../src/domain/relations.js';
import type { ClusterSnapshot } from '../../src/domain/snapshot.js';
import { topologyOf } from '../../src/domain/topology.js';
import {
  channel,
  down,
  following,
  healthy,
  lookedAt,
  uuidOf,
  withFacts,
  withGtid,
  withSection,
  withServer,
} from './build.js';

/** The source is read long after the replicas. */
const settled = (snapshot: ClusterSnapshot) => withServer(snapshot, 'db1', () => ({ at: lookedAt + 1000 }));

function errantOf(snapshot: ClusterSnapshot, name = 'db2'): [number | undefined, string, boolean] {
  const relation = relationsOf(snapshot, topologyOf(snapshot)).servers.find(({ server }) => server === name);
  if (relation === undefined) throw new Error(`no relation of ${name}`);
  return [relation.errantTransactions, relation.errantSet, relation.errantUnsettled];
}

const unknown = [undefined, '', false];
/** Nothing proved, something in doubt: unknown as well, yet it would be unsettled had the source been read early. */
const doubt: [undefined, string, boolean] = [undefined, '', false];

describe('MySQL', () => {
  const base = healthy('mysql');
  const stray = settled(withGtid(base, 'db2', { executed: `${uuidOf(1)}:1-100,${uuidOf(2)}:1-3` }));

  it('is what the source never executed', () => {
    expect(errantOf(base)).toEqual([0, '', false]);
    expect(errantOf(stray)).toEqual([3, `${uuidOf(2)}:1-3`, false]);
  });
  it('counts tagged transactions', () => {
    expect(errantOf(settled(withGtid(base, 'db2', { executed: `${uuidOf(1)}:1-100,${uuidOf(2)}:fix:1-2` })))).toEqual([
      2,
      `${uuidOf(2)}:fix:1-2`,
      false,
    ]);
  });
  it('is unsettled while the source was not read later', () => {
    const newer = withGtid(base, 'db2', { executed: `${uuidOf(1)}:1-105` });
    expect(errantOf(newer)).toEqual([undefined, '', true]);
    expect(errantOf(withGtid(base, 'db2', { executed: `${uuidOf(1)}:1-100,${uuidOf(9)}:7` }))).toEqual([
      1,
      `${uuidOf(9)}:7`,
      true,
    ]);
    const end = (at: number) => withServer(newer, 'db1', () => ({ at }));
    expect(errantOf(end(lookedAt + 110))[2]).toBe(true);
    expect(errantOf(end(lookedAt + 111))[2]).toBe(false);
    expect(errantOf(withGtid(end(lookedAt + 111), 'db1', { executed: `${uuidOf(1)}:1-106` }))).toEqual([0, '', false]);
  });
  it('is unknown when the source has lost transactions of its own: its history was reset', () => {
    expect(errantOf(withGtid(stray, 'db1', { executed: '' }))).toEqual(unknown);
    expect(errantOf(withGtid(stray, 'db1', { executed: `${uuidOf(1)}:1-3` }))).toEqual(unknown);
    // What another server wrote, a former primary for instance, is errant as ever.
    expect(errantOf(withGtid(stray, 'db2', { executed: `${uuidOf(1)}:1-90,${uuidOf(9)}:5-6` }))[0]).toBe(2);
  });
  it('is against all sources of a server, and unknown when one is not known', () => {
    const two = (second: number) =>
      withFacts(stray, 'db2', { channels: [channel('mysql', 1), { ...channel('mysql', second), name: 'other' }] });
    const third = settled(withGtid(two(3), 'db3', { executed: `${uuidOf(1)}:1-100,${uuidOf(2)}:1-2` }));
    expect(errantOf(third)[0]).toBe(1);
    expect(errantOf(two(9))).toEqual(unknown);
    expect(errantOf(down(third, 'db3'))).toEqual(unknown);
  });
  it('is named where it entered a chain', () => {
    const chain = withGtid(following(stray, 'db3', 'db2'), 'db3', { executed: `${uuidOf(1)}:1-100,${uuidOf(2)}:1-3` });
    expect(errantOf(chain, 'db2')[0]).toBe(3);
    expect(errantOf(chain, 'db3')[0]).toBe(0);
  });
  it('is unknown without GTID, without the source, and for the primary', () => {
    const off = withFacts(stray, 'db2', ({ gtid }) => ({
      gtid: gtid?.kind === 'mysql' ? { ...gtid, mode: 'OFF' } : gtid,
    }));
    expect(errantOf(off)).toEqual(unknown);
    expect(errantOf(withFacts(stray, 'db1', { gtid: undefined }))).toEqual(unknown);
    expect(errantOf(down(stray, 'db1'))).toEqual(unknown);
    expect(errantOf(stray, 'db1')).toEqual(unknown);
    expect(errantOf(withGtid(stray, 'db2', { executed: 'a notation to come' }))).toEqual(unknown);
  });
  it('in a ring is asked of the replica, not of the primary', () => {
    const ring = withFacts(stray, 'db1', { channels: [channel('mysql', 2)] });
    expect(errantOf(ring, 'db2')[0]).toBe(3);
    expect(errantOf(withGtid(ring, 'db1', { executed: `${uuidOf(1)}:1-107` }), 'db1')).toEqual(unknown);
    const active = withSection(ring, 'db2', 'state', { readOnly: false, superReadOnly: false });
    expect(errantOf(active, 'db2')).toEqual(unknown);
  });
  it('is not asked of members of a group', () => {
    expect(errantOf(withSection(stray, 'db2', 'identity', { grouping: 'group-replication' }))).toEqual(unknown);
  });
});

describe('MariaDB', () => {
  const base = settled(healthy('mariadb'));
  type Given = Parameters<typeof withGtid>[2];
  const given = (source: Given, replica: Given) => errantOf(withGtid(withGtid(base, 'db1', source), 'db2', replica));

  it.each<[string, Given, Given, [number | undefined, string, boolean]]>([
    ['nothing', {}, {}, [0, '', false]],
    ['a replica that is behind', { state: '0-1-100' }, { state: '0-1-90', slave: '0-1-90' }, [0, '', false]],
    ['a local write, strict', { state: '0-1-120' }, { state: '0-1-100,0-2-103' }, [3, '0-2-103', false]],
    // Nothing but the state remembers it; one for certain, since replication went past.
    [
      'a local write, hidden by later events',
      { state: '0-1-120' },
      { state: '0-1-120,0-2-101', slave: '0-1-120' },
      [1, '0-2-101', false],
    ],
    ['a local write in a domain of its own', {}, { state: '0-1-100,7-2-4' }, [4, '7-2-4', false]],
    // log_slave_updates off: the state holds only what the replica wrote.
    ['a local write, own writes logged only', {}, { state: '0-2-102' }, [2, '0-2-102', false]],
    ['nothing, own writes logged only', { state: '0-2-50,0-1-100' }, { state: '0-2-50' }, [0, '', false]],
    // db2 was the primary up to 50: its id is in both states.
    ['a former primary', { state: '0-2-50,0-1-100', slave: '0-2-50' }, { state: '0-2-50,0-1-100' }, [0, '', false]],
    // It crashed, and came back with three that nobody had read.
    [
      'a former primary with writes of its own',
      { state: '0-2-50,0-1-100', slave: '0-2-50' },
      { state: '0-2-53', slave: '' },
      [3, '0-2-53', false],
    ],
    ['writes of a server that it followed before', {}, { state: '0-1-100,0-9-104' }, [4, '0-9-104', false]],
    ['two writers beyond the source', {}, { state: '0-1-100,0-2-101,0-9-105' }, [5, '0-2-101,0-9-105', false]],
    // RESET MASTER on the source: it starts again at 1.
    ['a source that was reset', { state: '0-1-5' }, { state: '0-1-100' }, doubt],
    ['a source that was reset, own id', { state: '0-1-5' }, { state: '0-2-50,0-1-100' }, doubt],
    ['a source that was emptied', { state: '', binlog: '' }, {}, doubt],
    // The source was restored from a copy at 0-2-60 and then promoted: its log begins after it, its slave_pos tells.
    [
      'a restored source, same writer',
      { state: '0-1-100', slave: '0-2-60' },
      { state: '0-2-60,0-1-100' },
      [0, '', false],
    ],
    [
      'a restored source, older writer',
      { state: '0-1-100', slave: '0-2-60' },
      { state: '0-9-40,0-2-60,0-1-100' },
      doubt,
    ],
    [
      'a restored source and a newer local write',
      { state: '0-1-100', slave: '0-2-60' },
      { state: '0-9-40,0-1-100,0-2-101' },
      [1, '0-2-101', false],
    ],
    [
      'a restored source that has written nothing yet',
      { state: '', binlog: '', slave: '0-1-100' },
      { state: '0-1-100,0-2-101' },
      [1, '0-2-101', false],
    ],
    [
      'one domain in doubt and one errant',
      { state: '0-1-5,1-1-9' },
      { state: '0-1-100,1-1-9,1-2-11', slave: '0-1-100,1-1-9' },
      [2, '1-2-11', false],
    ],
  ])('%s', (_, source, replica, expected) => {
    expect(given(source, replica)).toEqual(expected);
  });

  it('is unsettled while a newer reading could explain it, whether it looks errant or like a reset', () => {
    const early = (state: string, slave: string) => errantOf(withGtid(healthy('mariadb'), 'db2', { state, slave }));
    expect(early('0-1-105', '0-1-105')).toEqual([undefined, '', true]);
    expect(early('0-1-100,0-2-101', '0-1-100')).toEqual([1, '0-2-101', true]);
    expect(early('0-1-100', '0-1-100')).toEqual([0, '', false]);
  });
  it('is unknown where no binary log remembers', () => {
    const silent = withGtid(base, 'db2', { state: '', binlog: '' });
    expect(errantOf(silent)).toEqual([0, '', false]);
    expect(errantOf(withSection(silent, 'db2', 'binlog', { enabled: false }))).toEqual(unknown);
    expect(errantOf(withFacts(silent, 'db2', { binlog: undefined }))).toEqual(unknown);
  });
  it('is against all sources of a server', () => {
    const two = withFacts(withGtid(base, 'db2', { state: '0-1-100,1-3-7', slave: '0-1-100,1-3-7' }), 'db2', {
      channels: [channel('mariadb', 1), { ...channel('mariadb', 3), name: 'three' }],
    });
    expect(errantOf(withGtid(two, 'db3', { state: '1-3-9', slave: '' }))).toEqual([0, '', false]);
    expect(errantOf(down(two, 'db3'))).toEqual(unknown);
  });
});
