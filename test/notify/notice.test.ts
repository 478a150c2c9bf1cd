import { describe, expect, it } from 'vitest';
import { noticeOf, Told } from '../../src/notify/notice.js';
import { approval, ended, eventOf, head, runOf, running, waitingEvent } from './runs.js';

const id = runOf().id;
const window = {
  guard: 'window',
  why: 'the window `night` opens at 22:00',
  remedy: 'Wait, or run it yourself.',
} as const;

describe('what an event is to people', () => {
  it('waiting for an approval: how to give it, and until when', () => {
    expect(noticeOf(waitingEvent(approval))).toMatchObject({
      kind: 'approval-wanted',
      title: 'Approval wanted: restart-replication on production/db2',
      sentence: 'policy 1 wants an approval',
      head: `41:${head.hash}`,
      next: [
        { say: 'Approve it until 2026-11-28 16:22 UTC', command: `lockstep runs approve ${id}` },
        { say: 'Or cancel it', command: `lockstep runs abort ${id}` },
      ],
    });
  });

  it('waiting for anything else: what would help', () => {
    expect(noticeOf(waitingEvent(window))).toMatchObject({ kind: 'waiting', next: [{ say: window.remedy }] });
  });

  it('needing a human: what to look at, and the two ways out', () => {
    const notice = noticeOf(eventOf('needs-human', running({ state: 'needs-human', why: 'db2 is not visible' })));
    expect(notice).toMatchObject({
      kind: 'needs-human',
      title: 'Needs a human: restart-replication on production/db2',
    });
    expect(notice?.next.map(({ command }) => command)).toEqual([
      `lockstep runs show ${id}`,
      `lockstep runs resume ${id}`,
      `lockstep runs abandon ${id}`,
    ]);
  });

  it.each([
    ['succeeded', 'Succeeded', 0],
    ['rolled-back', 'Rolled back', 1],
    ['failed', 'Failed', 1],
    ['planned', 'Planned, nothing done', 1],
    ['refused', 'Refused', 1],
    ['cancelled', 'Cancelled', 0],
    ['expired', 'Expired', 1],
    ['abandoned', 'Abandoned', 0],
  ] as const)('ended, %s', (outcome, title, steps) => {
    const notice = noticeOf(eventOf('ended', ended({ outcome })));
    expect(notice?.title).toBe(`${title}: restart-replication on production/db2`);
    expect(notice?.next).toHaveLength(steps);
  });

  it('where it is: server and channel only where the run names them', () => {
    const at = (parameters: Readonly<Record<string, string>>) =>
      noticeOf(eventOf('started', running({ parameters: { cluster: 'c', ...parameters } })))?.title;
    expect([
      at({}),
      at({ server: 's' }),
      at({ server: 's', channel: '' }),
      at({ server: 's', channel: 'audit' }),
    ]).toEqual([
      'Started: restart-replication on c',
      'Started: restart-replication on c/s',
      'Started: restart-replication on c/s',
      'Started: restart-replication on c/s, channel audit',
    ]);
  });

  it('nothing, for what only programs follow', () => {
    expect(noticeOf(eventOf('requested', runOf()))).toBeUndefined();
    expect(noticeOf(eventOf('resumed', running()))).toBeUndefined();
    const section = { section: 'restart', run: running(), at: 0, head, sentence: '' };
    expect(noticeOf({ type: 'section-began', ...section })).toBeUndefined();
    expect(noticeOf({ type: 'section-ended', seconds: 1, ...section })).toBeUndefined();
  });
});

it('guards that take turns are told once each, again for another plan, and afresh after the end', () => {
  const told = new Told();
  const heard = [
    waitingEvent(window),
    waitingEvent(approval),
    waitingEvent(window),
    waitingEvent(approval),
    waitingEvent(approval, { digest: 'ef'.repeat(32) }),
    waitingEvent(approval, { id: 'another' }),
    eventOf('ended', ended()),
    waitingEvent(approval),
  ].map((event) => told.before(event));
  expect(heard).toEqual([false, false, true, true, false, false, false, false]);
});
