import { setTimeout as pause } from 'node:timers/promises';
import { LockstepError } from '../../base/errors.js';
import {
  comparedTable,
  definitionsDiffer,
  listedTables,
  tableListing,
  tablesListing,
  type ListedTable,
} from '../../dialects/table-listing.js';
import type { VerifyAction } from '../../domain/action.js';
import type { Progress } from '../../domain/progress.js';
import { isDifference, isUncompared, type Finding, type Verification } from '../../domain/verification.js';
import { QueryError, type Target } from '../../mysql/session.js';
import { compareRange, compareWhole, endOfRange, keyOf, plainName, type Compared, type TablePair } from './chunks.js';
import { freshState, recalled, type Behind, type VerifyState, type WorkMemory } from './memory.js';
import { Pair } from './pair.js';
import { Side } from './side.js';

export interface VerifyPorts {
  /** How to log in to read everything. */
  target(server: string): Promise<Target>;
  readonly memory: WorkMemory;
  readonly progress: (progress: Progress) => void;
  /** Why the replica no longer follows that source; undefined: it does. */
  follows(action: VerifyAction, signal: AbortSignal): Promise<string | undefined>;
}

/** Rows of a range: as many as are read in the time that the plan gives, within these. */
const [fewest, first, most] = [50, 500, 20_000];
/** Past so many rows that differ, the rest of a table is not looked at: it must be copied anyway. */
const enoughOfTable = 2000;
const findingsKept = 100;
/** A table without a key is read at once; beyond this many bytes it is left out, and that is said. */
const wholeAtMost = 256 * 2 ** 20;
/** How often what was compared is written down, milliseconds. */
const saveEvery = 1000;
/** Before a table that is being altered is described again, milliseconds. */
const changingPause = 200;
/** Tables that could not be read are asked for again once all others are compared: for so long where nothing may be left out, else once. Milliseconds. */
const [unreadFor, unreadPause] = [30_000, 1000];
/** The table is gone, or its columns are: 1146, 1054, 1412. */
const altered = new Set([1146, 1054, 1412]);
/** Ended by max_statement_time or max_execution_time: 1969, 3024. */
const tooLong = new Set([1969, 3024]);

/**
 * Compares every table of a replica with its source, a range of keys after the other, while both are at work. Nothing is
 * locked and nothing is written. Goes on from where its memory says.
 * @throws LockstepError `replica-behind`, `not-readable`, `source-changed`; LoginError, SessionLost
 */
export async function verify(
  action: VerifyAction,
  ports: VerifyPorts,
  signal: AbortSignal,
): Promise<Omit<Verification, 'cluster'>> {
  const { sessions } = action;
  const source = await Side.open(action.with, await ports.target(action.with), sessions.source, signal);
  try {
    const replica = await Side.open(action.on, await ports.target(action.on), sessions.replica, signal);
    try {
      const state = recalled(await ports.memory.read()) ?? freshState(Date.now());
      return await new Comparing(action, ports, new Pair(action, source, replica, signal), state).all();
    } finally {
      await replica.end();
    }
  } finally {
    await source.end();
  }
}

class Comparing {
  #savedAt = 0;
  #began = performance.now();
  readonly #rowsBefore: number;
  #total = 0;
  #size = first;

  constructor(
    readonly action: VerifyAction,
    readonly ports: VerifyPorts,
    readonly pair: Pair,
    private state: VerifyState,
  ) {
    this.#rowsBefore = state.rows;
  }

  async all(): Promise<Omit<Verification, 'cluster'>> {
    const here = listedTables(await this.pair.onSource(tablesListing));
    await this.pair.caughtUp();
    const there = listedTables(await this.pair.onReplica(tablesListing));
    this.#total = here.reduce((sum, { rows }) => sum + rows, 0);
    const [ours, theirs] = [byName(here), byName(there)];
    const { at } = this.state;
    const done = at === undefined ? '' : nameOf(at);
    for (const [name, one] of byName([...there, ...here])) {
      if (name >= done) await this.#table(one, ours.get(name), theirs.get(name));
    }
    const until = performance.now() + (this.action.mustEqual === true ? unreadFor : 0);
    for (let again = true; again && this.state.unread.length > 0; again = performance.now() < until) {
      await pause(unreadPause, undefined, { signal: this.pair.signal });
      await this.#again(ours, theirs);
    }
    return this.#result();
  }

  /** Somebody may have held a table only for a while. */
  async #again(ours: ReadonlyMap<string, ListedTable>, theirs: ReadonlyMap<string, ListedTable>): Promise<void> {
    const left = this.state.unread;
    this.state = { ...this.state, unread: [], findings: this.state.findings.filter(({ kind }) => kind !== 'unread') };
    for (const name of left.map(nameOf)) {
      const one = ours.get(name) ?? theirs.get(name);
      if (one !== undefined) await this.#table(one, ours.get(name), theirs.get(name));
    }
  }

  /** Either side may be missing: the table came or went while the lists were read, or it really stands on one side alone. */
  async #table(one: ListedTable, ours: ListedTable | undefined, theirs: ListedTable | undefined): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#compared(one, ...(await this.#bothDescribed(one, ours, theirs)));
        return;
      } catch (cause) {
        if (!(cause instanceof QueryError)) throw cause;
        // Somebody changes the table now: once it is described anew.
        if (attempt === 1 && altered.has(cause.errno)) continue;
        await this.#add(one, undefined, uncompared('unread', plainName(one), cause.message), 1);
        return;
      }
    }
  }

  /** As both were at one time: the source says the same before and after its replica. */
  async #bothDescribed(one: ListedTable, ours: ListedTable | undefined, theirs: ListedTable | undefined) {
    for (;;) {
      const before = await this.#described('source', ours ?? one);
      await this.pair.caughtUp();
      const replica = await this.#described('replica', theirs ?? one);
      const after = await this.#described('source', ours ?? one);
      const columns = (table: typeof before) => JSON.stringify([table?.columns, table?.key]);
      if (columns(before) === columns(after)) return [after, replica] as const;
      await pause(changingPause, undefined, { signal: this.pair.signal });
    }
  }

  async #described(side: 'source' | 'replica', table: ListedTable) {
    const [columns = [], indexes = []] = await this.pair[side].query(tableListing(table), this.pair.signal);
    return comparedTable(table, columns, indexes);
  }

  async #compared(one: ListedTable, source: TablePair['source'] | undefined, replica: TablePair['source'] | undefined) {
    const table = plainName(one);
    if (source === undefined && replica === undefined) return;
    if (source === undefined || replica === undefined) {
      const kind = source === undefined ? 'extra' : 'missing';
      const differing = Math.max(1, one.rows);
      await this.#add(one, undefined, { rows: 0, findings: [{ table, kind }], differing, unsettled: 0 }, 1);
      return;
    }
    const tables = { source, replica };
    const why = definitionsDiffer(source, replica);
    if (why !== undefined) {
      await this.#add(one, undefined, { rows: 0, findings: [{ table, kind: 'definition', why }], differing: 1, unsettled: 0 }, 1); // prettier-ignore
      return;
    }
    if (source.key !== undefined && replica.key?.index === source.key.index) {
      await this.#ranges(one, tables);
      return;
    }
    const result =
      Math.max(source.bytes, replica.bytes) <= wholeAtMost
        ? await compareWhole(this.pair, tables)
        : uncompared('skipped', table, 'it has no key that names its rows, and is too large to be read at once');
    await this.#add(one, undefined, result, 1);
  }

  async #ranges(one: ListedTable, tables: TablePair): Promise<void> {
    const { at } = this.state;
    const key = keyOf(tables.source);
    // A place in the order of another key tells nothing: the table was altered meanwhile, and is begun anew.
    const behind = at !== undefined && nameOf(at) === nameOf(one) ? at.behind : undefined;
    let from = behind?.key === JSON.stringify(key) ? behind.place : undefined;
    let differing = 0;
    for (;;) {
      await this.pair.quiet();
      const began = performance.now();
      const to = await endOfRange(this.pair, tables, from, this.#size);
      let result: Compared;
      try {
        result = await compareRange(this.pair, tables, key, from, to);
      } catch (cause) {
        if (!(cause instanceof QueryError) || !tooLong.has(cause.errno) || this.#size === fewest) throw cause;
        this.#size = fewest;
        continue;
      }
      const seconds = (performance.now() - began) / 1000;
      differing += result.differing;
      if (differing > enoughOfTable && to !== undefined) {
        await this.#add(one, undefined, { ...result, findings: [...result.findings, rest(plainName(one))] }, 1);
        return;
      }
      await this.#add(one, to && { place: to, key: JSON.stringify(key) }, result, to === undefined ? 1 : 0);
      if (to === undefined) return;
      from = to;
      this.#sized(seconds);
      // Half of the time both servers are left alone.
      await pause(Math.min(1000, seconds * 1000), undefined, { signal: this.pair.signal });
    }
  }

  /** As many rows as take the time that the plan gives, approached by half or double. */
  #sized(seconds: number): void {
    const factor = Math.min(2, Math.max(0.5, this.action.chunkSeconds / Math.max(seconds, 0.001)));
    this.#size = Math.round(Math.min(most, Math.max(fewest, this.#size * factor)));
  }

  /** @param behind how far the table was compared; undefined: all of it @param tables 1 when it is done */
  async #add(one: ListedTable, behind: Behind | undefined, result: Compared, tables: 0 | 1): Promise<void> {
    if (result.findings.some(isDifference)) await this.#stillFollows();
    const { state } = this;
    const name = plainName(one);
    const { findings } = result;
    const unread = findings.some(({ kind }) => kind === 'unread');
    const nothing = findings.length > 0 && findings.every(isUncompared);
    const differs = result.findings.some(isDifference) && !state.differingTables.includes(name);
    this.state = {
      ...state,
      // Behind every name that begins with this one, and before the next table's.
      at: { schema: one.schema, name: tables === 1 ? `${one.name}\u0001` : one.name, behind },
      tables: state.tables + (nothing ? 0 : tables),
      rows: state.rows + result.rows,
      differingRows: state.differingRows + result.differing,
      differingTables: differs ? [...state.differingTables, name] : state.differingTables,
      unsettledRows: state.unsettledRows + result.unsettled,
      unread: unread ? [...state.unread, { schema: one.schema, name: one.name }] : state.unread,
      findings: [...state.findings, ...result.findings].slice(0, findingsKept),
    };
    this.#tell(name);
    if (tables === 0 && performance.now() - this.#savedAt < saveEvery) return;
    await this.ports.memory.write(this.state);
    this.#savedAt = performance.now();
  }

  /** A difference from a server that is its source no longer would be none. */
  async #stillFollows(): Promise<void> {
    const why = await this.ports.follows(this.action, this.pair.signal);
    if (why !== undefined)
      throw new LockstepError(
        'source-changed',
        `${this.action.on} no longer follows ${this.action.with}: ${why}`,
        'Verify it again once it does.',
      );
  }

  #tell(at: string): void {
    const done = this.state.rows;
    const seconds = (performance.now() - this.#began) / 1000;
    this.ports.progress({
      at,
      unit: 'rows',
      done,
      total: Math.max(this.#total, done),
      rate: (done - this.#rowsBefore) / Math.max(seconds, 0.001),
    });
  }

  #result(): Omit<Verification, 'cluster'> {
    const { beganAt, tables, rows, differingRows, differingTables, unsettledRows, unread, findings } = this.state;
    return {
      server: this.action.on,
      source: this.action.with,
      beganAt,
      endedAt: Date.now(),
      tables,
      rows,
      differingRows,
      differingTables: differingTables.length,
      unsettledRows,
      ...(unread.length === 0 ? {} : { unreadTables: unread.length }),
      findings,
    };
  }
}

/** A table of which nothing was compared. */
function uncompared(kind: 'skipped' | 'unread', table: string, why: string): Compared {
  return { rows: 0, findings: [{ table, kind, why }], differing: 0, unsettled: 0 };
}

function rest(table: string): Finding {
  return { table, kind: 'skipped', why: 'so many rows differ that the rest of it was left out' };
}

function nameOf({ schema, name }: Pick<ListedTable, 'schema' | 'name'>): string {
  return `${schema}\u0000${name}`;
}

/** In the order of their names: the order in which they are compared, and gone on with. */
function byName(tables: readonly ListedTable[]): ReadonlyMap<string, ListedTable> {
  const named = new Map(tables.map((one) => [nameOf(one), one]));
  return new Map([...named].sort(([one], [other]) => (one < other ? -1 : 1)));
}
