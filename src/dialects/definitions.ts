import type { Flavour } from '../domain/snapshot.js';
import type { Row } from './question.js';
import { quoteIdentifier, quoteText } from './quote.js';

/** Something that a schema holds beside rows, as its server says it. */
export interface Definition {
  readonly kind: 'sequence' | 'table' | 'view' | 'routine' | 'trigger' | 'event';
  readonly schema: string;
  readonly name: string;
  /** Settings of the session that makes it, which become a part of it. */
  readonly settings: string;
  readonly statement: string;
}

/** A table with what matters for its rows. */
export interface TableDefinition extends Definition {
  readonly kind: 'table';
  readonly engine: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Schemas that every server makes for itself, and the one that marks a fresh server. */
export const marker = 'lockstep_fresh';
const own = ['mysql', 'sys', 'performance_schema', 'information_schema', marker].map((name) => quoteText(name)).join(', '); // prettier-ignore

/** MariaDB takes every directory for a schema, those too that are a file system's or ours. */
const noSchemas = "SCHEMA_NAME <> '#mysql50#lost+found' AND SCHEMA_NAME NOT LIKE '#mysql50#.%'";
export const schemasListing = `SELECT SCHEMA_NAME AS s FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (${own}) AND ${noSchemas} ORDER BY SCHEMA_NAME`;
export const tablesListing = `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, TABLE_TYPE AS y, ENGINE AS e, COALESCE(TABLE_ROWS, 0) AS r, COALESCE(DATA_LENGTH, 0) + COALESCE(INDEX_LENGTH, 0) AS b FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN (${own}) ORDER BY TABLE_SCHEMA, TABLE_NAME`;
export const routinesListing = `SELECT ROUTINE_SCHEMA AS s, ROUTINE_NAME AS t, ROUTINE_TYPE AS y FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN (${own}) ORDER BY ROUTINE_SCHEMA, ROUTINE_TYPE, ROUTINE_NAME`;
export const triggersListing = `SELECT TRIGGER_SCHEMA AS s, TRIGGER_NAME AS t FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN (${own}) ORDER BY TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER`;
export const eventsListing = `SELECT EVENT_SCHEMA AS s, EVENT_NAME AS t FROM information_schema.EVENTS WHERE EVENT_SCHEMA NOT IN (${own}) ORDER BY EVENT_SCHEMA, EVENT_NAME`;

export function nameOf(row: Row): string {
  return `${quoteIdentifier(row['s'] ?? '')}.${quoteIdentifier(row['t'] ?? '')}`;
}

/** Engines whose rows a transaction sees as they were. */
export function isTransactional(engine: string): boolean {
  return ['innodb', 'rocksdb'].includes(engine.toLowerCase());
}

/** Engines whose rows are elsewhere, or nowhere: of these only the definition is copied. */
export function holdsRows(engine: string): boolean {
  return !['mrg_myisam', 'federated', 'blackhole', 'connect', 'spider', 'ndbcluster'].includes(engine.toLowerCase());
}

export const views = (row: Row): boolean => row['y'] === 'VIEW';
export const tables = (row: Row): boolean => row['y'] === 'BASE TABLE' || row['y'] === 'SYSTEM VERSIONED';
export const sequences = (row: Row): boolean => row['y'] === 'SEQUENCE';

export function tableOf(listed: Row, answer: Row | undefined): TableDefinition {
  return {
    ...named('table', listed),
    settings: '',
    statement: shown(answer, 'Create Table'),
    engine: listed['e'] ?? '',
    rows: Number(listed['r']),
    bytes: Number(listed['b']),
  };
}

/** @param next what SELECT says of a sequence's next value */
export function sequenceOf(listed: Row, answer: Row | undefined, next: Row | undefined): Definition {
  const statement = `${shown(answer, 'Create Table')}; DO SETVAL(${nameOf(listed)}, ${integer(next?.['n'])}, 0)`;
  return { ...named('sequence', listed), settings: '', statement };
}

export function viewOf(listed: Row, answer: Row | undefined): Definition {
  return { ...named('view', listed), settings: characters(answer), statement: shown(answer, 'Create View') };
}

export function routineOf(listed: Row, answer: Row | undefined): Definition {
  const word = routineWord(listed);
  const statement = shown(answer, `Create ${word[0] ?? ''}${word.slice(1).toLowerCase()}`, 'Create Package Body');
  return { ...named('routine', listed), settings: `${mode(answer)}, ${characters(answer)}`, statement };
}

/** PROCEDURE, FUNCTION, PACKAGE or PACKAGE BODY. */
export function routineWord(listed: Row): string {
  return listed['y'] ?? '';
}

export function triggerOf(listed: Row, answer: Row | undefined): Definition {
  return { ...named('trigger', listed), settings: `${mode(answer)}, ${characters(answer)}`, statement: shown(answer, 'SQL Original Statement') }; // prettier-ignore
}

/** On a replica no event runs: what one wrote there would be errant. */
export function eventOf(listed: Row, answer: Row | undefined): Definition {
  const text = shown(answer, 'Create Event').replace(/( ON COMPLETION (?:NOT )?PRESERVE) ENABLE\b/, '$1 DISABLE ON SLAVE'); // prettier-ignore
  const zone = `time_zone = ${quoteText(answer?.['time_zone'] ?? 'SYSTEM')}`;
  return { ...named('event', listed), settings: `${mode(answer)}, ${zone}, ${characters(answer)}`, statement: text };
}

/** @param columns where it may stand @throws TypeError when the server shows no definition */
function shown(answer: Row | undefined, ...columns: readonly string[]): string {
  const text = columns.map((column) => answer?.[column]).find((one) => typeof one === 'string');
  if (typeof text === 'string') return text;
  throw new TypeError(`the server does not show ${columns[0] ?? ''}`);
}

function named<K extends Definition['kind']>(kind: K, row: Row) {
  return { kind, schema: row['s'] ?? '', name: row['t'] ?? '' };
}

function mode(answer: Row | undefined): string {
  return `sql_mode = ${quoteText(answer?.['sql_mode'] ?? '')}`;
}

function characters(answer: Row | undefined): string {
  const [client = 'utf8mb4', collation = 'utf8mb4_general_ci'] = [answer?.['character_set_client'] ?? undefined, answer?.['collation_connection'] ?? undefined]; // prettier-ignore
  return `character_set_client = ${quoteText(client)}, collation_connection = ${quoteText(collation)}`;
}

function integer(value: string | null | undefined): string {
  if (!/^-?\d+$/.test(value ?? '')) throw new TypeError(`${value ?? 'nothing'} is no whole number`);
  return value ?? '';
}

/** As a session of that flavour takes them: MySQL 8 no longer knows a mode that things of before may have. */
export function settingsFor(flavour: Flavour, settings: string): string {
  return flavour === 'mysql' ? settings.replace(/NO_AUTO_CREATE_USER,|,?NO_AUTO_CREATE_USER/, '') : settings;
}

/** Definitions that cannot be said in another character set than their own, and would be if they were sent. */
export function unsayable({ settings, statement }: Definition): boolean {
  const client = /character_set_client = '([^']*)'/.exec(settings)?.[1] ?? 'utf8mb4';
  // Ours go out as utf8mb4.
  return !client.startsWith('utf8') && /\P{ASCII}/u.test(statement);
}

/**
 * What a session begins with that makes things as they were elsewhere: nothing is refused that stands there already, and
 * what says no collation gets the one that it had. Indexes are made from sorted pieces, which MySQL takes at 1 MB by
 * default and merges in pairs.
 * @param from major release of the server that they come from
 */
export function makingSession(flavour: Flavour, from: number): string {
  const more =
    flavour === 'mariadb'
      ? "check_constraint_checks = 0, max_statement_time = 0 /*M!110200 , character_set_collations = '' */"
      : `max_execution_time = 0 /*!80013 , sql_require_primary_key = 0 */ /*!80027 , innodb_ddl_buffer_size = 33554432 */ /*!80030 , sql_generate_invisible_primary_key = 0 */${from < 8 ? " /*!80011 , default_collation_for_utf8mb4 = 'utf8mb4_general_ci' */" : ''}`;
  return `SET SESSION sql_log_bin = 0, foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', lock_wait_timeout = 60, wait_timeout = 86400, net_read_timeout = 3600, net_write_timeout = 3600, ${more}`;
}

/** Text comes in its column's own character set. */
export const unconverted = 'SET SESSION character_set_results = NULL';

/**
 * What a session begins with that only reads, for however long it takes. MySQL 8 keeps what it says of the size of
 * tables for a day, by default; a dump's ranges follow from it as it is now.
 */
export function readingSession(flavour: Flavour): string {
  const more =
    flavour === 'mariadb'
      ? 'max_statement_time = 0'
      : 'max_execution_time = 0 /*!80000 , information_schema_stats_expiry = 0 */';
  return `SET SESSION time_zone = '+00:00', sql_mode = '', lock_wait_timeout = 2, wait_timeout = 86400, net_read_timeout = 3600, net_write_timeout = 86400, sql_quote_show_create = 1, ${more}; SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ`;
}

/** And one that holds locks meanwhile: where Lockstep and the network are gone, its server ends it in ten minutes. */
export const locking = 'SET SESSION wait_timeout = 600, net_write_timeout = 600';
