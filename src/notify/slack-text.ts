import type { PlanView } from '../engine/automation.js';
import type { Notice } from './notice.js';

/** Slack splits what is longer than 4,000 characters, and a split plan loses its frame. Counted after escaping. */
const most = 3_900;
/** Of single parts, so that their sum leaves room for a plan. */
const longest = { title: 300, sentence: 900, step: 300, line: 400 } as const;
/** What is not worth a frame. */
const leastRoom = 200;

/** A notice in Slack's markup. What comes from outside can neither make a link, nor call anybody, nor leave its line. */
export function slackText(notice: Notice, plan: PlanView | undefined): string {
  const { title, sentence, next, head, run } = notice;
  const above = [`*${prose(title, longest.title)}*`, prose(sentence, longest.sentence)];
  const below = [
    ...next.map(({ say, command }) => prose(say, longest.step) + (command === undefined ? '' : `: \`${command}\``)),
    `Run ${run.id}, journal ${head}`,
  ];
  const room = most - [...above, ...below].join('\n').length;
  return [...above, ...framed(plan?.text ?? [], room), ...below].join('\n');
}

const frame = '```';

/** Whole lines, as many as there is room for, and how many are missing. */
function framed(lines: readonly string[], room: number): readonly string[] {
  if (lines.length === 0 || room < leastRoom) return [];
  const shown: string[] = [];
  let left = room - 2 * (frame.length + 1) - '… 1000000 more lines\n'.length;
  for (const line of lines) {
    const text = escaped(line.replaceAll(frame, 'ˋˋˋ'), longest.line);
    left -= text.length + 1;
    if (left < 0) break;
    shown.push(text);
  }
  const missing = lines.length - shown.length;
  return [frame, ...shown, ...(missing === 0 ? [] : [`… ${missing} more lines`]), frame];
}

/** Outside of a frame addresses become links, and in Mattermost `@here` calls everybody: a joiner of no width keeps them text. */
function prose(text: string, limit: number): string {
  const harmless = text
    .replaceAll('`', 'ˋ')
    .replaceAll('://', ':\u2060//')
    .replaceAll(/(?<!\w)@(?=\w)/g, '@\u2060');
  return escaped(harmless, limit);
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Slack's three control characters as it wants them, in one line, cut between two characters. */
function escaped(text: string, limit: number): string {
  let result = '';
  for (const character of text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')) {
    const next = entities[character] ?? character;
    if (result.length + next.length >= limit) return `${result}…`;
    result += next;
  }
  return result;
}
