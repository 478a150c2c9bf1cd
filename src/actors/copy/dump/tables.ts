import { LockstepError } from '../../../base/errors.js';
import { deferKeys, referencedIn } from '../../../dialects/deferred-keys.js';
import { holdsRows, type TableDefinition } from '../../../dialects/definitions.js';
import type { RowStatements } from '../../../dialects/dump-columns.js';
import { quoteIdentifier } from '../../../dialects/quote.js';
import { copyRows, type DataSession } from '../../../mysql/data-session.js';
import type { Session } from '../../../mysql/session.js';

/** Text bytes of one transaction on the target. */
const perLoad = 64 * 2 ** 20;

/** A table on its way, with the indexes that are made once its rows are there. */
export interface TableToFill {
  readonly name: string;
  readonly schema: string;
  readonly engine: string;
  readonly bytes: number;
  readonly definition: string;
  readonly keys: readonly string[];
  readonly rows: RowStatements | undefined;
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
    .map(({ schema, name: plain, statement, engine, bytes }) => {
      const name = `${quoteIdentifier(schema)}.${quoteIdentifier(plain)}`;
      const { table, keys } = deferKeys(statement, referenced.has(name));
      return { name, schema, engine, bytes, definition: table, keys, rows: holdsRows(engine) ? rows.get(name) : undefined }; // prettier-ignore
    })
    .sort((a, b) => b.bytes - a.bytes);
}

/** Two sessions between which one table after the other is copied. */
export interface Stream {
  readonly from: DataSession;
  readonly to: DataSession;
}

export interface Filling {
  readonly signal: AbortSignal;
  readonly came: (table: TableToFill, rows: number, bytes: number) => Promise<void> | undefined;
}

/** Each stream takes the largest table that is left. The first failure ends all. */
export async function fillAll(
  streams: readonly Stream[],
  tables: readonly TableToFill[],
  filling: Filling,
): Promise<void> {
  const left = [...tables];
  const over = new AbortController();
  const signal = AbortSignal.any([filling.signal, over.signal]);
  const work = streams.map(async (stream) => {
    try {
      for (let table = left.shift(); table !== undefined; table = left.shift())
        await fill(stream, table, { ...filling, signal });
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

async function fill(stream: Stream, table: TableToFill, filling: Filling): Promise<void> {
  await fillRows(stream, table, filling);
  await addKeys(stream.to, table, filling);
}

export async function fillRows({ from, to }: Stream, table: TableToFill, { signal, came }: Filling): Promise<void> {
  if (table.rows === undefined) return;
  const { select, load } = table.rows;
  await of(table, signal, copyRows({ from, select, to, load, perLoad, signal, came: (rows, bytes) => came(table, rows, bytes) })); // prettier-ignore
}

export async function addKeys(to: Session, table: TableToFill, { signal }: Filling): Promise<void> {
  if (table.keys.length === 0) return;
  await of(table, signal, to.query(`ALTER TABLE ${table.name} ${table.keys.join(', ')}`, { signal }));
}

/** What fails says of which table. */
async function of({ name }: TableToFill, signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (!(cause instanceof LockstepError) || signal.aborted) throw cause;
    throw new LockstepError(cause.code, `${name}: ${cause.message}`, cause.remedy, { cause });
  }
}

/** Empty, as they were made on the donor. */
export async function makeTables(session: Session, tables: readonly TableToFill[], signal: AbortSignal): Promise<void> {
  for (const { schema, definition } of tables)
    await session.query(`USE ${quoteIdentifier(schema)}; ${definition}`, { signal });
}
