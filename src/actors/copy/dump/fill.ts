import { setTimeout as pause } from 'node:timers/promises';
import {
  makingSession,
  readingSession,
  settingsFor,
  unconverted,
  type Definition,
} from '../../../dialects/definitions.js';
import { beginsAt, finishing, otherLoaders } from '../../../dialects/fresh-server.js';
import { notingMade } from '../../../dialects/made-tables.js';
import { quoteIdentifier } from '../../../dialects/quote.js';
import type { LoadAction } from '../../../domain/action.js';
import type { Progress } from '../../../domain/progress.js';
import type { Flavour } from '../../../domain/snapshot.js';
import { openSession, QueryError, type Session, type Target } from '../../../mysql/session.js';
import type { Filled, LoadState } from '../load-memory.js';
import { accountsOf, inRounds, makeAccounts } from './accounts.js';
import { Count, costOf } from './count.js';
import { rowStatementsOf } from './definitions.js';
import { Governor } from './governor.js';
import { identityOf } from './identity.js';
import { fillSystemRows } from './system-rows.js';
import { closing, opening, settingsOf } from './settings.js';
import { isLocked, prepared, settled } from './settled.js';
import { sortOut } from './sort-out.js';
import { fillStanding } from './standing.js';
import { endTable, fillAll, fillEmpty, fillRows, makeTable, of, tablesToFill, type Filling, type Stream } from './tables.js'; // prettier-ignore

/** What one try to fill a server is done with. */
export interface FillBench {
  readonly donor: Target;
  /** As whoever fills it. */
  readonly target: Target;
  readonly progress: (progress: Progress) => void;
  /** What was written down before. */
  readonly state: () => LoadState;
  /** Durable when it resolves. */
  readonly remember: (state: LoadState) => Promise<void>;
  /** Rows have come, or were found to be there. */
  readonly stirred: () => void;
}

/** Milliseconds. */
const lookEvery = 100;

/** One try. What an earlier one left there is kept where it is found to be equal. */
export async function fill(action: LoadAction, bench: FillBench, signal: AbortSignal): Promise<Filled> {
  const { donor, target, remember, state } = bench;
  const { redo } = action;
  const began: Promise<Session>[] = [];
  const open = <S extends Session>(session: Promise<S>) => {
    began.push(session);
    return session;
  };
  let governor: Governor | undefined;
  try {
    const read = await open(openSession(donor, { signal }));
    const make = await open(openSession(target, { signal }));
    await alone(make, signal);
    const there = await identityOf(read, signal);
    const here = await identityOf(make, signal);
    const reading = readingSession(there.flavour);
    const making = makingSession(here.flavour, there.release[0]);
    await read.query(reading, { signal });
    await make.query(making, { signal });
    const now = await settingsOf(make, signal);
    const settings = state().settings ?? now;
    if (state().settings === undefined) await remember({ ...state(), settings });
    for (const statement of [...opening(now), ...(redo === undefined ? [] : [redo.off]), notingMade])
      await make.query(statement, { signal });
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
    const { standing, again } = await sortOut(read, make, definitions, tables, signal);
    // An earlier try may have come so far that it let them all in.
    if (again) await makeAccounts(make, here.flavour, [], action.accounts, signal);
    await define(make, here.flavour, definitions.before, signal);
    for (const table of tables.filter(({ name }) => !standing.has(name))) await makeTable(make, table, signal);
    governor = new Governor(donor, there.words, action.restAbove, action.streams);
    const count = new Count(action.from, tables, governor, bench.progress, bench.stirred);
    const filling: Filling = { signal, came: (...what) => count.came(...what), kept: (rows) => (count.stayed += rows) };
    let lockedFor: number | undefined;
    if (locked !== undefined) {
      // Whoever writes to these waits, so they are first and nobody else is at work beside them.
      // A session of their own: MySQL warns of a session that writes to both kinds.
      const to = await open(prepared(target, making, signal));
      for (const table of tables.filter(isLocked)) await of(table, signal, fillRows({ from: locked, to }, table, filling)); // prettier-ignore
      await locked.end();
      lockedFor = performance.now() - fixed.began;
      for (const table of tables.filter(isLocked)) await of(table, signal, endTable(make, table, filling));
      await to.end();
    }
    const others = tables.filter((one) => !isLocked(one));
    await fillAll(streams, others, filling, (stream, table, limited) => {
      const before = standing.get(table.name);
      return before === undefined ? fillEmpty(stream, table, limited) : fillStanding(stream, table, before, limited);
    });
    const [stream] = streams;
    if (stream !== undefined) await fillSystemRows(stream, read, here.flavour, signal);
    await define(make, here.flavour, definitions.after, signal);
    await make.query(making, { signal });
    const passed = await makeAccounts(make, here.flavour, accounts, action.accounts, signal);
    for (const statement of [...(redo === undefined ? [] : [redo.on]), ...beginsAt(here.words, fixed.position)])
      await make.query(statement, { signal });
    const position = here.flavour === 'mysql' ? '' : fixed.position;
    const filled = { position, cost: costOf({ from: action.from, fixed, lockedFor, rested: governor.rested, passed, count }) }; // prettier-ignore
    await remember({ ...state(), filled });
    const { first, last } = closing(settings);
    // In one round trip, of which nothing is left out when whoever sent it is gone.
    await make.query([...first, ...finishing, ...last].join('; '), { signal });
    return filled;
  } finally {
    await governor?.end();
    const opened = (await Promise.allSettled(began)).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    if (signal.aborted) for (const session of opened) session.close();
    await Promise.all(opened.map((session) => session.end()));
  }
}

/** Ends the sessions of a try whose end the target has not noticed: what they are at would come in between. */
async function alone(make: Session, signal: AbortSignal): Promise<void> {
  for (;;) {
    const [rows = []] = await make.query(otherLoaders, { signal });
    if (rows.length === 0) return;
    // One that has ended by itself is no fault.
    for (const row of rows) await make.query(`KILL ${Number(row['id'])}`, { signal }).catch(ifGone);
    await pause(lookEvery, undefined, { signal });
  }
}

/** ER_NO_SUCH_THREAD. */
function ifGone(cause: unknown): void {
  if (!(cause instanceof QueryError) || cause.errno !== 1094) throw cause;
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
