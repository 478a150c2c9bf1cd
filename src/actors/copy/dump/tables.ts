import { createHash } from 'node:crypto';
import { LockstepError } from '../../../base/errors.js';
import { deferKeys, referencedIn } from '../../../dialects/deferred-keys.js';
import { holdsRows, type TableDefinition } from '../../../dialects/definitions.js';
import type { RowStatements } from '../../../dialects/dump-columns.js';
import { forgetTable, noteMade } from '../../../dialects/made-tables.js';
import { quoteIdentifier } from '../../../dialects/quote.js';
import { copyRows, type DataSession } from '../../../mysql/data-session.js';
import type { Session } from '../../../mysql/session.js';

/** Text bytes of one transaction on the target: as much is lost of a table, at the most, when the copy breaks. */
export const perLoad = 8 * 2 ** 20;

/** A table on its way, with the indexes that are made once its rows are there. */
export interface TableToFill {
  readonly name: string;
  readonly schema: string;
  /** Without its schema, unquoted. */
  readonly plain: string;
  readonly engine: string;
  readonly bytes: number;
  /** Of one row, about. */
  readonly rowBytes: number;
  readonly definition: string;
  readonly keys: readonly string[];
  readonly rows: RowStatements | undefined;
  /** Of all that defines it; counters change by themselves. */
  readonly digest: string;
  /** What its counter gives next; undefined: it has none. */
  readonly counter: string | undefined;
}

/** The largest first, so that none is left over when all others are done. */
export function tablesToFill(
  tables: readonly TableDefinition[],
  rows: ReadonlyMap<string, RowStatements>,
): readonly TableToFill[] {
  const referenced = new Set(
    tables.flatMap(({ schema, statement }) =>
      referencedIn(statement).map((one) => (one.includes('`.`') ? one : `${quoteIdentifier(schema)}.${one}`)),
    ),
  );
  return tables
    .map(({ schema, name: plain, statement, engine, bytes, rows: about }) => {
      const name = `${quoteIdentifier(schema)}.${quoteIdentifier(plain)}`;
      const { table: definition, keys } = deferKeys(statement, referenced.has(name));
      return {
        name,
        schema,
        plain,
        engine,
        bytes,
        rowBytes: bytes / Math.max(1, about),
        definition,
        keys,
        rows: holdsRows(engine) ? rows.get(name) : undefined,
        digest: digestOf(definition.replace(counting, ''), ...keys),
        counter: counting.exec(definition)?.[1],
      };
    })
    .sort((a, b) => b.bytes - a.bytes);
}

/** Among the options of SHOW CREATE TABLE, where it stands behind the engine. */
const counting = /(?<=^\)[^'\n]* ENGINE=\w+) AUTO_INCREMENT=(\d+)/m;

export function digestOf(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

/** Two sessions between which one table after the other is copied. */
export interface Stream {
  readonly from: DataSession;
  readonly to: DataSession;
}

export interface Filling {
  readonly signal: AbortSignal;
  /** Rows that came, and bytes of text that came or were found equal. What it returns is waited for before more is read. */
  readonly came: (table: TableToFill, rows: number, bytes: number) => Promise<void> | undefined;
  /** Rows that stay as they are. */
  readonly kept: (rows: number) => void;
}

/** How one table is filled. */
export type Fill = (stream: Stream, table: TableToFill, filling: Filling) => Promise<void>;

/** Each stream takes the largest table that is left. The first failure ends all. */
export async function fillAll(
  streams: readonly Stream[],
  tables: readonly TableToFill[],
  filling: Filling,
  fill: Fill,
): Promise<void> {
  const left = [...tables];
  const over = new AbortController();
  const signal = AbortSignal.any([filling.signal, over.signal]);
  const work = streams.map(async (stream) => {
    try {
      for (let table = left.shift(); table !== undefined; table = left.shift())
        await of(table, signal, fill(stream, table, { ...filling, signal }));
    } catch (cause) {
      over.abort(cause);
      throw cause;
    }
  });
  const results = await Promise.allSettled(work);
  filling.signal.throwIfAborted();
  if (over.signal.aborted) throw over.signal.reason;
  const failed = results.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** An empty one. */
export async function fillEmpty(stream: Stream, table: TableToFill, filling: Filling): Promise<void> {
  await fillRows(stream, table, filling);
  await endTable(stream.to, table, filling);
}

/** @param more a condition of the rows, as it stands behind the table's name */
export async function fillRows({ from, to }: Stream, table: TableToFill, { signal, came }: Filling, more = '') {
  if (table.rows === undefined) return;
  const { select, load } = table.rows;
  await copyRows({ from, select: `${select}${more}`, to, load, perLoad, signal, came: (rows, bytes) => came(table, rows, bytes) }); // prettier-ignore
}

/** Its indexes; and only then it is written down that it is whole. */
export async function endTable(to: Session, table: TableToFill, { signal }: Pick<Filling, 'signal'>): Promise<void> {
  if (table.keys.length > 0) await to.query(`ALTER TABLE ${table.name} ${table.keys.join(', ')}`, { signal });
  await to.query(noteMade(noteOf(table, true)), { signal });
}

/** What fails says of which table. */
export async function of<T>({ name }: TableToFill, signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!(cause instanceof LockstepError) || signal.aborted) throw cause;
    throw new LockstepError(cause.code, `${name}: ${cause.message}`, cause.remedy, { cause });
  }
}

/** Empty, as it was made on the donor. */
export async function makeTable(session: Session, table: TableToFill, signal: AbortSignal): Promise<void> {
  const note = noteMade(noteOf(table, false));
  await session.query(`USE ${quoteIdentifier(table.schema)}; ${table.definition}; ${note}`, { signal });
}

export async function makeAnew(session: Session, table: TableToFill, signal: AbortSignal): Promise<void> {
  await session.query(`${forgetTable({ schema: table.schema, name: table.plain })}; DROP TABLE ${table.name}`, { signal }); // prettier-ignore
  await makeTable(session, table, signal);
}

function noteOf({ schema, plain, digest }: TableToFill, whole: boolean) {
  return { schema, name: plain, digest, whole };
}
