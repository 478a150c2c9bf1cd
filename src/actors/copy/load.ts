import { LockstepError } from '../../base/errors.js';
import { Secret } from '../../base/secret.js';
import {
  isTransactional,
  locking,
  makingSession,
  readingSession,
  schemasListing,
  settingsFor,
  unconverted,
  type Definition,
} from '../../dialects/definitions.js';
import { beginsAt, finishing, loaderWord } from '../../dialects/fresh-server.js';
import { loader } from '../../dialects/account-copies.js';
import { quoteIdentifier } from '../../dialects/quote.js';
import type { LoadAction } from '../../domain/action.js';
import type { Progress } from '../../domain/progress.js';
import type { Flavour, ServerName } from '../../domain/snapshot.js';
import { openDataSession, type DataSession } from '../../mysql/data-session.js';
import { openSession, QueryError, type Session, type Target } from '../../mysql/session.js';
import { accountsOf, inRounds, makeAccounts } from './dump/accounts.js';
import { definitionsOf, rowStatementsOf, sameDefinitions, type Definitions } from './dump/definitions.js';
import { fix, type Fixed } from './dump/fixed.js';
import { Governor } from './dump/governor.js';
import { identityOf } from './dump/identity.js';
import {
  addKeys,
  fillAll,
  fillRows,
  makeTables,
  tablesToFill,
  type Filling,
  type Stream,
  type TableToFill,
} from './dump/tables.js';

export interface LoadPorts {
  target(server: ServerName): Promise<Target>;
  readonly progress: (progress: Progress) => void;
}

/** How often a moment is looked for in which no definition is being changed. */
const tries = 5;
const tellEvery = 1000;

/**
 * Fills a fresh server with all of another. What an earlier try left there is taken away first: it begins anew.
 * @returns the GTID position, '' where the server holds it itself; and what it cost the donor, for people
 * @throws LockstepError `not-fresh`, `copy-failed`, `donor-busy`; those of sessions
 */
export async function load(
  action: LoadAction,
  ports: LoadPorts,
  signal: AbortSignal,
): Promise<{ readonly position: string; readonly cost: string }> {
  const opening: Promise<Session>[] = [];
  const open = <S extends Session>(session: Promise<S>) => {
    opening.push(session);
    return session;
  };
  const donor = await ports.target(action.from);
  const target = await filler(action.on, ports, signal);
  let governor: Governor | undefined;
  try {
    const read = await open(openSession(donor, { signal }));
    const make = await open(openSession(target, { signal }));
    const there = await identityOf(read, signal);
    const here = await identityOf(make, signal);
    const reading = readingSession(there.flavour);
    const making = makingSession(here.flavour, there.release[0]);
    await read.query(reading, { signal });
    await make.query(making, { signal });
    const closes = await opens(make, signal);
    await empty(make, signal);
    const streams: Stream[] = await Promise.all(
      Array.from({ length: action.streams }, async () => {
        // Both at once: where one cannot be opened, none is begun that nobody waits for.
        const [from, to] = await Promise.all([open(prepared(donor, `${reading}; ${unconverted}`, signal)), open(prepared(target, making, signal))]); // prettier-ignore
        return { from, to };
      }),
    );
    const { definitions, fixed, locked } = await settled(donor, read, streams, open, `${reading}; ${unconverted}`, signal); // prettier-ignore
    const accounts = await accountsOf(read, there.flavour, there.release, signal);
    const tables = tablesToFill(definitions.tables, await rowStatementsOf(read, definitions, here.flavour, signal));
    for (const { statement } of definitions.schemas) await make.query(statement, { signal });
    await define(make, here.flavour, definitions.before, signal);
    await makeTables(make, tables, signal);
    governor = new Governor(donor, there.words, action.restAbove, action.streams);
    const filling: Filling = { signal, came: counter(action, tables, governor, ports.progress) };
    let lockedFor: number | undefined;
    if (locked !== undefined) {
      // Whoever writes to these waits, so they are first and nobody else is at work beside them.
      // A session of their own: MySQL warns of a session that writes to both kinds.
      const to = await open(prepared(target, making, signal));
      for (const table of tables.filter(isLocked)) await fillRows({ from: locked, to }, table, filling);
      await locked.end();
      lockedFor = performance.now() - fixed.began;
      for (const table of tables.filter(isLocked)) await addKeys(to, table, filling);
      await to.end();
    }
    await fillAll(streams, tables.filter((one) => !isLocked(one)), filling); // prettier-ignore
    await define(make, here.flavour, definitions.after, signal);
    await make.query(making, { signal });
    const passed = await makeAccounts(make, here.flavour, accounts, action.accounts, signal);
    for (const statement of beginsAt(here.words, fixed.position)) await make.query(statement, { signal });
    for (const statement of [...closes, ...finishing]) await make.query(statement, { signal });
    const position = here.flavour === 'mysql' ? '' : fixed.position;
    return { position, cost: costOf(action, fixed, lockedFor, governor.rested, passed) };
  } finally {
    await governor?.end();
    const opened = (await Promise.allSettled(opening)).flatMap((one) =>
      one.status === 'fulfilled' ? [one.value] : [],
    );
    if (signal.aborted) for (const session of opened) session.close();
    await Promise.all(opened.map((session) => session.end()));
  }
}

/** Who fills it stands in the fresh server alone. */
async function filler(on: ServerName, ports: LoadPorts, signal: AbortSignal): Promise<Target> {
  const target = await ports.target(on);
  const session = await openSession(target, { signal });
  try {
    const [rows] = await session.query(loaderWord, { signal });
    const word = new Secret(rows?.[0]?.['word'] ?? '');
    return { ...target, user: loader.user, password: () => Promise.resolve(word) };
  } catch (cause) {
    if (!(cause instanceof QueryError)) throw cause;
    throw new LockstepError('not-fresh', `${on} is not the empty server that was laid out for the copy, and is left alone`, 'See what it holds.', { cause }); // prettier-ignore
  } finally {
    await session.end();
  }
}

async function prepared(target: Target, statements: string, signal: AbortSignal): Promise<DataSession> {
  const session = await openDataSession(target, signal);
  try {
    await session.query(statements, { signal });
    return session;
  } catch (cause) {
    session.close();
    throw cause;
  }
}

/** Rows come by LOAD DATA LOCAL. read_only stays as it is. @returns what takes it back */
async function opens(session: Session, signal: AbortSignal): Promise<readonly string[]> {
  const [rows = []] = await session.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('super_read_only', 'local_infile')", { signal }); // prettier-ignore
  const changed = rows.filter((row) => (row['Variable_name'] === 'local_infile') !== (row['Value'] === 'ON'));
  for (const row of changed) await session.query(`SET GLOBAL ${row['Variable_name'] ?? ''} = ${row['Value'] === 'ON' ? 'OFF' : 'ON'}`, { signal }); // prettier-ignore
  return changed.map((row) => `SET GLOBAL ${row['Variable_name'] ?? ''} = ${row['Value'] ?? ''}`);
}

async function empty(session: Session, signal: AbortSignal): Promise<void> {
  const [rows = []] = await session.query(schemasListing, { signal });
  for (const row of rows) await session.query(`DROP DATABASE ${quoteIdentifier(row['s'] ?? '')}`, { signal });
}

/** A moment of the donor, and its definitions at that moment: those before it and those after it are the same. */
async function settled(
  donor: Target,
  read: Session,
  streams: readonly Stream[],
  open: (session: Promise<DataSession>) => Promise<DataSession>,
  reading: string,
  signal: AbortSignal,
): Promise<{ readonly definitions: Definitions; readonly fixed: Fixed; readonly locked: DataSession | undefined }> {
  const { flavour } = await identityOf(read, signal);
  let locked: DataSession | undefined;
  for (let attempt = 1, before = await definitionsOf(read, signal); ; attempt += 1) {
    const names = before.tables.filter(isLocked).map(({ schema, name }) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)} READ`); // prettier-ignore
    if (names.length > 0) locked ??= await open(prepared(donor, `${reading}; ${locking}`, signal));
    // Where none is left of those of the try before, their locks go, too.
    const statement = names.length === 0 ? 'UNLOCK TABLES' : `LOCK TABLES ${names.join(', ')}`;
    const locks = locked && { session: locked, statement };
    const fixed = await fix(donor, flavour, streams.map(({ from }) => from), locks, signal); // prettier-ignore
    const definitions = await definitionsOf(read, signal);
    if (sameDefinitions(before, definitions)) return { definitions, fixed, locked: locks?.session };
    if (attempt >= tries)
      throw new LockstepError('donor-busy', 'tables or other definitions on the donor are changed all the time', 'Try again when that has ended.'); // prettier-ignore
    before = definitions;
  }
}

function isLocked({ engine }: { readonly engine: string }): boolean {
  return !isTransactional(engine);
}

async function define(
  session: Session,
  flavour: Flavour,
  definitions: readonly Definition[],
  signal: AbortSignal,
): Promise<void> {
  const statements = definitions.map(
    ({ schema, settings, statement }) =>
      `USE ${quoteIdentifier(schema)}; ${settings === '' ? '' : `SET SESSION ${settingsFor(flavour, settings)}; `}${statement}`,
  );
  await inRounds(session, statements, [], signal);
}

/** Counts what came, and tells about it once a second. */
function counter(
  { from }: LoadAction,
  tables: readonly TableToFill[],
  governor: Governor,
  progress: LoadPorts['progress'],
): Filling['came'] {
  const began = performance.now();
  const total = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  let [rows, done, told] = [0, 0, began];
  return (table, more, bytes) => {
    rows += more;
    done += bytes;
    const now = performance.now();
    if (now - told > tellEvery) {
      told = now;
      const at = `${from} (${table.name.replaceAll('`', '')}, ${rows} rows)`;
      progress({ at, unit: 'bytes', done, total: Math.max(total, done), rate: (done * 1000) / (now - began) });
    }
    return governor.gate;
  };
}

function costOf(
  { from }: LoadAction,
  fixed: Fixed,
  lockedFor: number | undefined,
  rested: number,
  passed: readonly string[],
): string {
  const words = [
    `Commits on ${from} waited for at most ${Math.ceil(fixed.stoppedFor)} ms`,
    ...(lockedFor === undefined ? [] : [`writes to its tables without transactions for at most ${Math.ceil(lockedFor)} ms`]), // prettier-ignore
    ...(rested === 0 ? [] : [`the copy rested for ${Math.round(rested / 1000)} s because ${from} was busy or behind`]),
    ...(passed.length === 0 ? [] : [`${passed.length} grants on what no longer exists were left out`]),
  ];
  return `${words.join('; ')}.`;
}
