import { readFile } from 'node:fs/promises';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type ErrorCode,
} from 'yaml';
import type { Fault } from './fault.js';

export type Path = readonly (string | number)[];

/** A YAML file as plain data that still knows where each value stands. */
export interface YamlFile {
  readonly file: string;
  /** undefined when the file could not be read as YAML at all; {@link faults} then says why. */
  readonly value: unknown;
  readonly faults: readonly Fault[];
  /** A fault at the value of `path`, at its key, or at the nearest parent that exists. */
  fault(path: Path, at: 'key' | 'value', message: string, remedy?: string): Fault;
}

/** Larger files are refused: a configuration of thousands of servers stays far below. Bytes. */
const largest = 4 * 1024 * 1024;
/** How often anchors may be used altogether: enough for people, too few for a "billion laughs". */
const maxAliasCount = 1000;

/** Reads one YAML file; never throws for what is in it. */
export async function readYaml(file: string): Promise<YamlFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const [message, remedy] = unreadable(error);
    return unusable(file, message, remedy);
  }
  if (bytes.length > largest) return unusable(file, `is ${bytes.length} bytes long, the most is ${largest}`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return unusable(file, 'is not UTF-8 text', 'Save the file as UTF-8.');
  }
  try {
    return parseYaml(file, text);
  } catch (error) {
    // The parser and the walks over its tree recurse: a hostile depth ends as a full stack.
    if (error instanceof RangeError) return unusable(file, 'is nested too deeply to be read');
    throw error;
  }
}

function parseYaml(file: string, text: string): YamlFile {
  const lines = new LineCounter();
  const place = (offset: number): Pick<Fault, 'line' | 'column'> => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  // Pretty errors would quote the source line, and with it perhaps a password.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const syntax = [...document.errors, ...document.warnings].map(({ code, pos }) => ({ code, offset: pos[0] }));
  syntax.push(...aliasesOfNothing(document));
  const faults = firstOf(
    syntax.map(({ code, offset }) => ({ ...{ file, path: '', ...place(offset) }, ...sentences(code) })),
  );
  const fault: YamlFile['fault'] = (path, at, message, remedy) => ({
    ...{ file, path: pathText(path), ...place(offsetOf(document, path, at)) },
    ...{ message, remedy },
  });
  // What follows a broken line is guesswork; only after duplicate keys is the rest still what was meant.
  if (syntax.some((error) => error.code !== 'DUPLICATE_KEY')) return { file, value: undefined, faults, fault };
  if (hasPrototypeKey(document)) faults.push(fault([], 'value', 'has a key "__proto__", which no mapping may have'));
  try {
    return { file, value: document.toJS({ maxAliasCount }) as unknown, faults, fault };
  } catch (error) {
    if (error instanceof RangeError) throw error;
    faults.push(fault([], 'value', `uses its anchors (&name) more than ${maxAliasCount} times`));
    return { file, value: undefined, faults, fault };
  }
}

export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const shown = /^[\w-]+$/.test(part) ? part : JSON.stringify(part.slice(0, 80));
    return text === '' ? shown : `${text}.${shown}`;
  }, '');
}

function unusable(file: string, message: string, remedy?: string): YamlFile {
  const fault = (path: Path, _at: 'key' | 'value', text: string, then?: string): Fault => ({
    ...{ file, line: undefined, column: undefined, path: pathText(path) },
    ...{ message: text, remedy: then },
  });
  return { file, value: undefined, faults: [fault([], 'value', message, remedy)], fault };
}

function unreadable(error: unknown): [message: string, remedy: string] {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return ['there is no such file', 'Check the path; it is relative to the file that names it.'];
  if (code === 'EACCES') return ['may not be read by this user', 'Give this user the permission to read it.'];
  if (code === 'EISDIR') return ['is a directory', 'Name a file.'];
  return [`cannot be read (${String(code)})`, 'Check the path.'];
}

/** Our own words for each syntax error: the library's quote the text, which may be a secret. */
function sentences(code: ErrorCode): Pick<Fault, 'message' | 'remedy'> {
  const known: Partial<Record<ErrorCode, [string, string?]>> = {
    DUPLICATE_KEY: ['this key stands twice in the same mapping', 'Keep one of the two.'],
    TAB_AS_INDENT: ['malformed YAML: a tab indents this line', 'Indent with spaces.'],
    BAD_INDENT: ['malformed YAML: the indentation fits no level above, or a bracket is not closed'],
    MULTIPLE_DOCS: ['holds more than one YAML document', 'Keep one; use `include` for more files.'],
    BAD_ALIAS: [
      'malformed YAML: an alias (*name) with no anchor (&name) before it',
      'Quote a text that begins with *.',
    ],
    TAG_RESOLVE_FAILED: ['malformed YAML: a tag (!name) that is not known here', 'Quote a text that begins with !.'],
    BAD_SCALAR_START: ['malformed YAML: a plain text cannot begin with this character', 'Put the text in quotes.'],
    BLOCK_AS_IMPLICIT_KEY: ['malformed YAML: a mapping inside a value', 'Quote a text that holds ": ".'],
    MISSING_CHAR: ['malformed YAML: a closing quote, bracket, colon or comma is missing here'],
    BAD_DQ_ESCAPE: ['malformed YAML: an unknown escape (\\) in a double-quoted text', 'Use single quotes.'],
    NON_STRING_KEY: ['a key that is not a plain text', 'Use plain words as keys.'],
  };
  const [message, remedy] = known[code] ?? [`malformed YAML (${code.toLowerCase().replaceAll('_', ' ')})`];
  return { message, remedy };
}

/** One fault a line, and only the first few: after them the rest is noise. Duplicate keys are all told. */
function firstOf(faults: readonly Fault[]): Fault[] {
  const twice = sentences('DUPLICATE_KEY').message;
  let kept = 0;
  return faults.filter((fault, index) => {
    if (fault.message === twice) return true;
    kept += 1;
    return kept <= 5 && faults.findIndex((other) => other.line === fault.line) === index;
  });
}

function aliasesOfNothing(document: Document.Parsed): { code: ErrorCode; offset: number }[] {
  const found: { code: ErrorCode; offset: number }[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) {
        if (!anchors.has(node.source)) found.push({ code: 'BAD_ALIAS', offset: node.range?.[0] ?? 0 });
      } else if (node.anchor) anchors.add(node.anchor);
    },
  });
  return found;
}

/** Schemas skip such a key silently, and silence is what this whole file is against. */
function hasPrototypeKey(document: Document.Parsed): boolean {
  let found = false;
  visit(document, {
    Pair: (_, pair) => {
      if (isScalar(pair.key) && pair.key.value === '__proto__') found = true;
    },
  });
  return found;
}

function offsetOf(document: Document.Parsed, path: Path, at: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  path.forEach((part, depth) => {
    if (isAlias(node)) node = node.resolve(document);
    const last = depth === path.length - 1;
    if (isMap(node)) {
      // Of a key that stands twice the later one is the one that was read.
      const pair = node.items.findLast((item) => isScalar(item.key) && item.key.value === String(part));
      const key = pair !== undefined && isScalar(pair.key) ? pair.key : undefined;
      // The value of a key that is not there is shown at its mapping; a key without a value at the key.
      if (key?.range && (last ? at === 'key' : true)) offset = key.range[0];
      node = pair?.value;
      const value = startOf(node);
      if (last && at === 'value') offset = isEmpty(node) ? (key?.range?.[0] ?? offset) : (value ?? offset);
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = startOf(node) ?? offset;
    } else node = undefined;
  });
  return offset;
}

function startOf(node: unknown): number | undefined {
  if (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) return node.range?.[0];
  return undefined;
}

function isEmpty(node: unknown): boolean {
  return isScalar(node) && node.value === null;
}
