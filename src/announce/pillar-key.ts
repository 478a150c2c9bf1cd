import { isIP } from 'node:net';
import { LockstepError } from '../base/errors.js';

/**
 * One value in a YAML file that Jinja is rendered from, so that no YAML parser reads it: the key is found by indentation,
 * and all but its value stays as it is. Content comes and goes one character for each byte.
 */
interface Found {
  readonly value: string;
  readonly quote: '' | '"' | "'";
  /** Where the value stands in the content, its quotes included. */
  readonly start: number;
  readonly end: number;
}

/** @throws as {@link withPillarValue} */
export function pillarValue(content: string, key: string): string {
  return valueOf(content, key).value;
}

/**
 * The content with this value of the key, in the quotes that were there, or in quotes where a plain one would mean
 * something else.
 * @param key as Salt writes it: `infra:hosts_entries:masterdb`
 * @throws LockstepError `key-missing`, `key-ambiguous`, `key-unclear` (its value is Jinja, or more than a simple one)
 */
export function withPillarValue(content: string, key: string, value: string): string {
  const { quote, start, end } = valueOf(content, key);
  const changed = content.slice(0, start) + scalar(value, quote) + content.slice(end);
  if (pillarValue(changed, key) !== value) throw unclear(key, 'it does not read back after the change');
  return changed;
}

function valueOf(content: string, key: string): Found {
  return simple(key, lineOf(content, key));
}

/** The one line of a key. @throws LockstepError `key-missing`, `key-ambiguous` */
export function lineOf(content: string, key: string): KeyLine {
  const path = Buffer.from(key).toString('latin1').split(':');
  const lines = keysIn(content).filter((line) => line.path.join('\0') === path.join('\0'));
  const [line] = lines;
  if (line === undefined)
    throw new LockstepError('key-missing', `there is no key ${JSON.stringify(key)}, each of its words on a line of its own`, 'Add it with the value of now.'); // prettier-ignore
  if (lines.length > 1)
    throw new LockstepError(
      'key-ambiguous',
      `the key ${JSON.stringify(key)} stands on the lines ${lines.map(({ number }) => number).join(', ')}, and one alone can be changed`,
      'Keep one.',
    );
  return line;
}

export interface KeyLine {
  /** Counted from 1. */
  readonly number: number;
  readonly path: readonly string[];
  /** What stands behind the colon, without the space before it, and where. */
  readonly rest: string;
  readonly start: number;
  /** Whether lines below belong to its value. */
  continued: boolean;
}

const keyLine = /^( *)("[^"\\]*"|'[^']*'|[^\s"'#&*!|>%@`{}[\],?:-][^#{}[\],]*?) *:(?:([ \t]+)(.*)|)$/;

/** Every line that is a key of a mapping in block style; what lies inside lists, Jinja, comments and long texts is none. */
function keysIn(content: string): readonly KeyLine[] {
  const found: KeyLine[] = [];
  let levels: { readonly indent: number; readonly name: string; readonly line: KeyLine | undefined }[] = [];
  let jinja: RegExp | undefined;
  let offset = 0;
  for (const [index, raw] of content.split('\n').entries()) {
    const start = offset;
    offset += raw.length + 1;
    const text = raw.replace(/\r$/, '');
    if (jinja !== undefined) {
      if (jinja.test(text)) jinja = undefined;
      continue;
    }
    const bare = text.trim();
    if (bare === '' || bare.startsWith('#')) {
      if (!bare.startsWith('#')) continue;
      jinja = opened(text);
      continue;
    }
    if (/^\{[%#]/.test(bare)) {
      jinja = opened(text);
      continue;
    }
    if (/^(?:---|\.\.\.)(?:\s|$)/.test(text)) {
      levels = [];
      continue;
    }
    const indent = text.length - text.trimStart().length;
    while ((levels.at(-1)?.indent ?? -1) >= indent) levels.pop();
    const above = levels.at(-1);
    if (above?.line !== undefined && above.line.rest !== '' && !above.line.rest.startsWith('#')) {
      // Below a value nothing is a key: it is the rest of that value.
      above.line.continued = true;
      continue;
    }
    if (above?.line !== undefined) above.line.continued = true;
    const [whole, , name = '', gap = '', rest = ''] = keyLine.exec(text) ?? [];
    if (whole === undefined || bare.startsWith('- ') || bare === '-') {
      // Whatever is deeper belongs to this, which is no key of a mapping.
      levels.push({ indent, name: '\0', line: undefined });
      jinja = opened(text);
      continue;
    }
    const bareName = /^["']/.test(name) ? name.slice(1, -1) : name;
    const path = [...levels.map((level) => level.name), bareName];
    const line = { number: index + 1, path, rest, start: start + text.length - rest.length, continued: false };
    if (gap === '' && rest !== '') continue;
    levels.push({ indent, name: bareName, line });
    found.push(line);
    jinja = opened(text);
  }
  return found;
}

/** What ends a block of Jinja that this line begins and does not end. */
function opened(text: string): RegExp | undefined {
  if (text.lastIndexOf('{#') > text.lastIndexOf('#}')) return /#\}/;
  if (text.lastIndexOf('{%') > text.lastIndexOf('%}')) return /%\}/;
  return undefined;
}

/** @throws LockstepError `key-unclear` */
export function simple(key: string, { rest, start, continued }: Omit<KeyLine, 'number' | 'path'>): Found {
  if (/\{[{%#]/.test(rest)) throw unclear(key, 'its value is Jinja');
  if (continued) throw unclear(key, 'its value goes on below it');
  if (rest === '' || rest.startsWith('#')) throw unclear(key, 'it has no value');
  const quoted = /^(?:"([^"\\]*)"|'([^']*)')(?=\s*$|\s+#)/.exec(rest);
  if (quoted !== null) {
    const [text, double, single] = quoted;
    return { value: double ?? single ?? '', quote: double === undefined ? "'" : '"', start, end: start + text.length };
  }
  const [plain = ''] = /^.*?(?=\s*$|\s+#)/.exec(rest) ?? [];
  if (!/^[^\s"'&*!|>%@`{}[\],?-]\S*$/.test(plain)) throw unclear(key, 'its value is more than one simple word');
  return { value: plain, quote: '', start, end: start + plain.length };
}

/** As it is written in YAML. @throws LockstepError `value-unclear` */
export function scalar(value: string, quote: Found['quote']): string {
  if (!/^[A-Za-z0-9._:-]+$/.test(value))
    throw new LockstepError('value-unclear', `${JSON.stringify(value)} is no host name and no address`, 'Correct `addresses`.'); // prettier-ignore
  const used = quote === '' && !isPlain(value) ? "'" : quote;
  return used + value + used;
}

/** Whether YAML 1.1 takes it for a text without quotes: `no`, `1e3` and `1:20` it does not. */
function isPlain(value: string): boolean {
  if (isIP(value) === 4) return true;
  return (
    /^[A-Za-z][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*$/.test(value) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(value)
  );
}

export function unclear(key: string, why: string, remedy = 'Write one plain or quoted word there.'): LockstepError {
  return new LockstepError('key-unclear', `the value of ${JSON.stringify(key)} cannot be changed: ${why}`, remedy);
}
