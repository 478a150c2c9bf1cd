import { expect, it } from 'vitest';
import { columnFor } from '../../src/dialects/capabilities.js';
import { changeIn } from '../../src/domain/primary-change.js';
import { notesOfCommit } from '../../src/engine/commit.js';
import type { Step } from '../../src/engine/procedure.js';
import { changed } from '../../src/procedures/primary/promote.js';
import { rankCandidates } from '../../src/domain/candidates.js';
import { withChannel } from './build.js';
import { clusterOf } from '../procedures/scenes.js';

const end = { gtid: 'frozen', file: 'frozen-file', position: 'frozen-position' };

it('is what the run noted with its promotion, and nothing of a run that promoted nobody', () => {
  const step: Step = { id: 'promote', title: '', plan: [], done: () => true, commits: true, notes: changed('db2', { name: 'db1', end, byGtid: false }) }; // prettier-ignore
  const plan = { procedure: 'failover', parameters: { cluster: '' }, premises: {}, sections: [{ name: '', steps: [step] }], digest: '' } as const; // prettier-ignore
  const learned = { 'frozen-file': 'bin.000007', 'frozen-position': '420', 'opened-file': 'bin.000003', 'opened-position': '99' }; // prettier-ignore
  expect(changeIn(notesOfCommit(plan, {}), 5)).toMatchObject({ primary: 'db2', former: 'db1', formerEnd: undefined });
  expect(changeIn(notesOfCommit(plan, learned), 5)).toEqual({
    primary: 'db2',
    former: 'db1',
    formerEnd: { file: 'bin.000007', position: 420 },
    opened: { file: 'bin.000003', position: 99 },
    byGtid: false,
    at: 5,
  });
  expect(changeIn({ promoted: 'db2', former: 'db1', 'promoted-by': 'gtid' }, 5)).toMatchObject({ byGtid: true, formerEnd: undefined }); // prettier-ignore
  expect(changeIn({ frozen: '0-1-7' }, 5)).toBeUndefined();
});

it.each(['mariadb', 'mysql'] as const)('candidates on %s are ranked by what they have received', (flavour) => {
  const snapshot = clusterOf(columnFor({ flavour, release: flavour === 'mysql' ? [9, 7, 0] : [10, 11, 0] }));
  const ranked = (one = snapshot) => rankCandidates(one, 'db1').map(({ server, lacks }) => [server, ...lacks]);
  expect(ranked()).toEqual([['db2'], ['db3']]);
  const received = flavour === 'mysql' ? '00000001-aaaa-bbbb-cccc-000000000000:90-120' : '0-1-120';
  const ahead = withChannel(snapshot, 'db3', ({ gtid }) => ({ gtid: { ...gtid, received } }));
  expect(ranked(ahead)).toEqual([['db3'], ['db2', 'db3']]);
  // Nobody can compare what is told in two ways: each may lack what the other has.
  const mixed = withChannel(snapshot, 'db3', ({ gtid }) => ({ gtid: { ...gtid, mode: 'off' } }));
  expect(ranked(mixed)).toEqual([
    ['db2', 'db3'],
    ['db3', 'db2'],
  ]);
});
