import { expect, it } from 'vitest';
import { commitRecorded, runEnds, runStarted, sectionEnds, stepEnds } from '../../src/engine/faults.js';
import type { Procedure } from '../../src/engine/procedure.js';
import { story } from './story.js';
import { recordedSwitchover, toySwitchover } from './toy.js';

/** Closes the old primary and cannot go on; without a commit point, so that whoever comes goes on unless it is being taken back. */
const withoutCommit: Procedure = {
  ...toySwitchover,
  steps: (...given) => [
    ...toySwitchover.steps(...given).filter(({ id }) => ['freeze', 'close'].includes(id)),
    { id: 'never', title: 'never', plan: [], done: () => false, within: 1 },
  ],
};

const lives = [
  ['a plan that commits', recordedSwitchover, /db2 said no to PROMOTE/, { send: 4, sent: 3 }],
  ['a plan without a commit point', withoutCommit, /^never: not seen/, { send: 2, sent: 2 }],
] as const;

it.each(
  lives.flatMap(([what, procedure, why, skips]) =>
    (
      [
        ['before it is sent', 'undo:close:begins', 0, ['close']],
        ['when it is sent', 'send', skips.send, ['close']],
        ['when it was done and nobody has written that down', 'sent', skips.sent, []],
        ['when it was written down', 'undo:close:ends', 0, []],
        ['when all is as before', 'run:ends', 0, []],
      ] as const
    ).map(([moment, point, skip, left]) => ({ what, procedure, why, moment, point, skip, left })),
  ),
)(
  '$what is rolled back for what went wrong first, where it dies $moment',
  async ({ procedure, why, point, skip, left }) => {
    const { world, run, journal } = await story([{ point, skip, down: undefined }], {
      procedure,
      prepare: ({ refuse }) => refuse.set('PROMOTE', 100),
    });
    expect(world.servers.db1.writable).toBe(true);
    expect(run).toMatchObject({ state: 'ended', outcome: 'rolled-back' });
    expect(run?.why).toMatch(why);
    const undoing = journal.entries.flatMap(({ record }) => (record.type === 'undoing' ? [record] : []));
    expect(undoing.map(({ shown }) => shown)).toEqual([['close'], left]);
    for (const record of undoing) expect(record.why).toMatch(why);
  },
);

it('is not rolled back where nothing was to be taken back', async () => {
  const { run } = await story([{ point: 'run:ends', skip: 0, down: undefined }], {
    procedure: {
      ...withoutCommit,
      steps: (...given) => withoutCommit.steps(...given).filter(({ id }) => id !== 'close'),
    },
  });
  expect(run).toMatchObject({ outcome: 'failed', why: 'never: not seen on the servers afterwards' });
});

it.each([
  ['only looked', runStarted, 'cancelled'],
  ['closed the old primary', stepEnds('close'), 'rolled-back'],
])('stays one that was told to end and had %s, where it dies when all is as before', async (_, toldAt, outcome) => {
  const deaths = [{ point: runEnds, skip: 0, down: undefined }];
  const { run } = await story(deaths, { procedure: withoutCommit, toldAt });
  expect(run).toMatchObject({ outcome, why: 'alice told it to end' });
});

it.each([
  ['seen', sectionEnds('switch'), 'needs-human', false],
  ['recorded', commitRecorded, 'failed', true],
])(
  'is left to a human once its commit was seen and stands no more, and not before: %s',
  async (_, point, expected, reopened) => {
    const { world, run } = await story([{ point, skip: 0, down: undefined, restarted: 'db2' }]);
    expect(run?.outcome ?? run?.state, run?.why).toBe(expected);
    expect([world.servers.db1.writable, world.servers.db2.writable]).toEqual([reopened, false]);
    if (!reopened) expect(run?.why).toMatch(/past its commit point, and what that did stands no more: open db2$/);
  },
);
