import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/engine/events.js';
import { noticeOf, type Notice } from '../../src/notify/notice.js';
import { slackText } from '../../src/notify/slack-text.js';
import { approval, head, plan, runOf, waitingEvent } from './runs.js';

const wanted = (why = approval.why) => noticed(waitingEvent({ ...approval, why }));

function noticed(event: RunEvent): Notice {
  const notice = noticeOf(event);
  if (notice === undefined) throw new Error(`${event.type} is no notice`);
  return notice;
}

it('reads as a person needs it', () => {
  expect(slackText(wanted(), plan)).toBe(
    [
      '*Approval wanted: restart-replication on production/db2*',
      'policy 1 wants an approval',
      '```',
      'restart-replication on production, server db2',
      '1. Start the SQL thread',
      "     db2: SET `x` = '&lt;&amp;&gt;';",
      'needs ˋˋˋ no frame',
      '```',
      `Approve it until 2026-11-28 16:22 UTC: \`lockstep runs approve ${runOf().id}\``,
      `Or cancel it: \`lockstep runs abort ${runOf().id}\``,
      `Run ${runOf().id}, journal 41:${head.hash}`,
    ].join('\n'),
  );
});

it('without a plan has no frame', () => {
  expect(slackText(wanted(), undefined)).not.toContain('```');
});

it('tells how much of a long plan is missing', () => {
  const text = slackText(wanted(), {
    ...plan,
    text: Array.from({ length: 300 }, (_, index) => `line ${index}: ${'x'.repeat(80)}`),
  });
  const shown = text.split('\n').filter((line) => line.startsWith('line ')).length;
  expect(shown).toBeGreaterThan(20);
  expect(text).toContain(`\n… ${300 - shown} more lines\n`);
});

describe('what comes from outside', () => {
  it.each([
    ['<!channel> & <http://evil.example|here>', '&lt;!channel&gt; &amp; &lt;http:\u2060//evil.example|here&gt;'],
    ['@here and ops@example.org', '@\u2060here and ops@example.org'],
    ['one\nline\u2028only\u0007', 'one line only '],
    ['`code` ```frame', 'ˋcodeˋ ˋˋˋframe'],
  ])('%j', (given, shown) => {
    expect(slackText(wanted(given), undefined).split('\n')[1]).toBe(shown);
  });

  it('never marks up, never breaks its frame, never exceeds what Slack shows in one message', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 3000 }),
        fc.string({ unit: fc.constantFrom('&', '<', '>', '`', '\n', '@', 'a', '😀'), maxLength: 5000 }),
        fc.array(fc.string({ unit: fc.constantFrom('`', '&', 'b', '\r', '…', '😀'), maxLength: 900 }), {
          maxLength: 200,
        }),
        (first, second, lines) => {
          for (const why of [first, second]) {
            const text = slackText(wanted(why), { ...plan, text: lines });
            expect(text.length).toBeLessThanOrEqual(4000);
            expect(text.replaceAll(/&(?:amp|lt|gt);/g, '')).not.toMatch(/[<>&]/);
            expect(text.split('```').length - 1).toBe(text.includes('```') ? 2 : 0);
            expect(text).toContain(`lockstep runs approve ${runOf().id}`);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
