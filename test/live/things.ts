import type { SandboxServer } from '../../src/sandbox/server.js';

/** Questions whose answers are the same on every server that holds the corpus. */
export const things = [
  "SELECT TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'corpus'",
  "SELECT TRIGGER_NAME, ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'corpus'",
  "SELECT ROUTINE_NAME, ROUTINE_DEFINITION, SQL_DATA_ACCESS FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'corpus' ORDER BY 1",
  "SELECT EVENT_NAME, EVENT_DEFINITION, STATUS, STARTS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'corpus'",
  "SHOW GRANTS FOR 'reader'@'%'",
  'SHOW CREATE TABLE corpus.searchindex',
  'SHOW CREATE TABLE corpus.computed',
  'SHOW CREATE TABLE corpus.odd',
  'CHECKSUM TABLE corpus.many, corpus.texts, corpus.numbers, corpus.bytes, corpus.pair, corpus.keyless, corpus.searchindex, corpus.computed, corpus.odd',
  'SELECT * FROM corpus.computed',
];

/** What a copy of rows and definitions has to bring besides, which one of files brings anyway. */
export const dumpedThings = [
  ...things,
  'SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA ORDER BY 1',
  'SHOW CREATE TABLE corpus.many',
  'SHOW CREATE TABLE corpus.texts',
  'SHOW CREATE TABLE corpus.numbers',
  'SHOW CREATE VIEW corpus.recent',
  "SELECT TRIGGER_NAME, DEFINER, SQL_MODE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'corpus'",
  'SHOW CREATE PROCEDURE corpus.greet',
  "SHOW CREATE USER 'reader'@'%'",
  "SHOW GRANTS FOR 'lockstep_operate'@'%'",
  "SELECT User, Host FROM mysql.user WHERE User <> '' ORDER BY 1, 2",
  "SELECT si_page FROM corpus.searchindex WHERE MATCH (si_text) AGAINST ('abcdef')",
  'SELECT @@GLOBAL.local_infile AS value',
  'SELECT HEX(d), HEX(e) FROM corpus.numbers ORDER BY b',
  'SELECT a, b, c, g, h, i, j, k FROM corpus.numbers ORDER BY b',
  'SELECT HEX(k), HEX(small), LENGTH(big), SHA2(big, 256) FROM corpus.bytes ORDER BY k',
  'SELECT id, HEX(plain), HEX(latin), HEX(cased), HEX(word), colour, flags, SHA2(body, 256) FROM corpus.texts ORDER BY id',
  'SELECT id, doc, ST_AsText(place) FROM corpus.odd ORDER BY id',
  'SELECT COUNT(*), MIN(words), MAX(id) FROM corpus.recent',
  'SELECT corpus.twice(21) AS twice',
  'SELECT * FROM corpus.`odd name; --`',
];

/** What a server answers, row by row: what accounts may it keeps in no order. */
export async function told(server: SandboxServer, question: string): Promise<readonly string[]> {
  const rows = (await server.sql(question)).map((row) => JSON.stringify(row));
  return question.startsWith('SHOW GRANTS') ? rows.sort() : rows;
}
