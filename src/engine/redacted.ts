import type { EngineRecord } from './records.js';

/** What runs, procedures and steps are known by: an entry in which a password took the place of one is of no use to anybody. */
const names: ReadonlySet<string> = new Set([
  'type',
  'run',
  'procedure',
  'cluster',
  'digest',
  'key',
  'section',
  'id',
  'step',
  'steps',
  'done',
  'skipped',
  'shown',
  'guard',
  'outcome',
  'mode',
  'kind',
]);

/** The record as it may be written down: secrets are taken out of its texts, one by one; it keeps its form, its numbers and its names. */
export function redacted(record: EngineRecord, redact: (text: string) => string): EngineRecord {
  return clean(JSON.parse(JSON.stringify(record)), redact) as EngineRecord;
}

function clean(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((each) => clean(each, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, held]) => [field, isName(field, held) ? held : clean(held, redact)]),
  );
}

function isName(field: string, held: unknown): boolean {
  return names.has(field) && [held].flat().every((each) => typeof each === 'string');
}
