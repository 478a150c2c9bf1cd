import { LockstepError } from '../base/errors.js';
import { lineOf, scalar, simple, unclear } from './pillar-key.js';

/**
 * A list of words under one key of a YAML file that Jinja is rendered from: `- word` on a line each, or `[word, word]` on the
 * key's own line. A word that is taken out of lines stays as a comment, so that it comes back where and as it was.
 */
export function pillarList(content: string, key: string): readonly string[] {
  return listIn(content, key).items.map(({ word }) => word);
}

/**
 * The content with this word in the list, as it stood there once, else before the first of those that it belongs before.
 * @throws as {@link withoutPillarItem}
 */
export function withPillarItem(content: string, key: string, word: string, before: readonly string[]): string {
  const list = listIn(content, key);
  if (list.items.some((item) => item.word === word)) return content;
  const next = list.items.find((item) => before.includes(item.word));
  const changed = list.form === 'flow' ? intoFlow(content, list, word, next) : intoLines(content, list, word, next);
  if (!pillarList(changed, key).includes(word)) throw unclear(key, 'it does not read back after the change', remedy);
  return changed;
}

/**
 * The content without the words that are meant.
 * @param how whether a line stays as a comment; on the key's own line nothing does
 * @throws LockstepError `key-missing`, `key-ambiguous`, `key-unclear` (no list of single words, or a part of it is Jinja),
 * `list-empty`: nothing would be left
 */
export function withoutPillarItem(
  content: string,
  key: string,
  meant: (word: string) => boolean,
  how: 'leave-mark' | 'for-good',
): string {
  const list = listIn(content, key);
  const [out, kept] = [list.items.filter(({ word }) => meant(word)), list.items.filter(({ word }) => !meant(word))];
  if (out.length === 0) return content;
  if (kept.length === 0)
    throw new LockstepError('list-empty', `nothing would be left in the list ${JSON.stringify(key)}`, 'Name another one first.'); // prettier-ignore
  if (list.form === 'flow') return replaced(content, list, flow(kept.map(({ text }) => text)));
  return onLines(content, (lines) => {
    for (const { line } of [...out].reverse())
      if (how === 'for-good') lines.splice(line, 1);
      else lines[line] = (lines[line] ?? '').replace(/^( *)- /, `$1${mark}- `);
  });
}

const mark = '# withdrawn by lockstep: ';
const remedy = 'Write it as `- word` on a line each, or as [word, word] on one line.';

interface Item {
  readonly word: string;
  /** As it is written. */
  readonly text: string;
  /** Counted from 0. */
  readonly line: number;
}

interface List {
  readonly form: 'lines' | 'flow';
  readonly items: readonly Item[];
  /** Words that were taken out of lines. */
  readonly marked: readonly Item[];
  /** Of the brackets in the content; of a list in lines nothing. */
  readonly start: number;
  readonly end: number;
}

function listIn(content: string, key: string): List {
  const { number, rest, start } = lineOf(content, key);
  if (rest.startsWith('[')) return flowIn(key, rest, start, number - 1);
  if (rest !== '' && !rest.startsWith('#')) throw unclear(key, 'it is no list', remedy);
  return linesIn(key, content.split('\n'), number);
}

function flowIn(key: string, rest: string, start: number, line: number): List {
  const [text, inner = ''] = /^\[([^[\]{}]*)\](?=\s*$|\s+#)/.exec(rest) ?? [];
  if (text === undefined) throw unclear(key, 'its list does not end on its line, or holds more than words', remedy);
  const items = inner.split(',').map((part) => ({ word: wordIn(key, part.trim()), text: part.trim(), line }));
  return { form: 'flow', items, marked: [], start, end: start + text.length };
}

/** @param from the first line below the key, counted from 0 */
function linesIn(key: string, lines: readonly string[], from: number): List {
  const keyIndent = indentOf(lines[from - 1] ?? '');
  const [items, marked]: [Item[], Item[]] = [[], []];
  let indent: number | undefined;
  let jinja = false;
  for (const [index, raw] of lines.slice(from).entries()) {
    const text = raw.replace(/\r$/, '');
    const line = from + index;
    const bare = text.trim();
    if (bare.startsWith(mark)) marked.push(itemIn(key, bare.slice(mark.length), line));
    if (bare === '' || bare.startsWith('#')) continue;
    if (/^\{[%#{]/.test(bare)) {
      jinja = true;
      continue;
    }
    const own = indentOf(text);
    if (own < (indent ?? keyIndent) || !/^-(?: |$)/.test(bare)) {
      if (own > (indent ?? keyIndent)) throw unclear(key, 'it holds more than words', remedy);
      break;
    }
    if (indent !== undefined && own !== indent) throw unclear(key, 'it holds more than words', remedy);
    if (jinja) throw unclear(key, 'a part of its list is Jinja', remedy);
    indent = own;
    items.push(itemIn(key, bare, line));
  }
  if (items.length === 0) throw unclear(key, 'it is no list', remedy);
  return { form: 'lines', items, marked, start: 0, end: 0 };
}

function itemIn(key: string, bare: string, line: number): Item {
  const text = bare.replace(/^-\s*/, '');
  return { word: wordIn(key, text), text, line };
}

function wordIn(key: string, rest: string): string {
  return simple(key, { rest, start: 0, continued: false }).value;
}

function intoFlow(content: string, list: List, word: string, next: Item | undefined): string {
  const texts = list.items.map(({ text }) => text);
  const at = next === undefined ? texts.length : list.items.indexOf(next);
  return replaced(content, list, flow([...texts.slice(0, at), scalar(word, ''), ...texts.slice(at)]));
}

function intoLines(content: string, list: List, word: string, next: Item | undefined): string {
  const old = list.marked.find((item) => item.word === word);
  return onLines(content, (lines) => {
    if (old !== undefined) {
      lines[old.line] = (lines[old.line] ?? '').replace(mark, '');
      return;
    }
    const like = next ?? list.items.at(-1);
    const model = lines[like?.line ?? 0] ?? '';
    const added = `${' '.repeat(indentOf(model))}- ${scalar(word, '')}${model.endsWith('\r') ? '\r' : ''}`;
    lines.splice((like?.line ?? 0) + (next === undefined ? 1 : 0), 0, added);
  });
}

function flow(texts: readonly string[]): string {
  return `[${texts.join(', ')}]`;
}

function replaced(content: string, { start, end }: List, text: string): string {
  return content.slice(0, start) + text + content.slice(end);
}

function onLines(content: string, work: (lines: string[]) => void): string {
  const lines = content.split('\n');
  work(lines);
  return lines.join('\n');
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}
