import { expect, it } from 'vitest';
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
