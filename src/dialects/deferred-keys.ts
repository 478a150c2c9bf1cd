/** A table's definition without the indexes that are quicker made once its rows are there, and these. */
export interface Deferred {
  readonly table: string;
  /** `ADD KEY …`, each; empty: nothing is made later. */
  readonly keys: readonly string[];
}

const keyLine = /^ {2}(?:UNIQUE |FULLTEXT |SPATIAL )?KEY `/;
/** Kinds of lines beside columns that are no index of the plain kind: where there is one, nothing is taken apart. */
const other = /^ {2}(?:CONSTRAINT|CHECK|PERIOD|VECTOR|FOREIGN)\b|USING HASH|WITHOUT OVERLAPS|WITH SYSTEM VERSIONING/m;

/**
 * Takes the secondary indexes out of what SHOW CREATE TABLE says, where that is safe: an InnoDB table with a primary key,
 * which leads with the column that counts up, if there is one, and has no part in a foreign key.
 * @param referenced whether a foreign key of another table leads here
 */
export function deferKeys(definition: string, referenced: boolean): Deferred {
  const whole = { table: definition, keys: [] };
  if (referenced || other.test(definition) || !/^\) ENGINE=InnoDB\b/m.test(definition)) return whole;
  const primary = /^ {2}PRIMARY KEY \(`((?:[^`]|``)+)`/m.exec(definition)?.[1];
  const counting = /^ {2}`((?:[^`]|``)+)` .*\bAUTO_INCREMENT\b/m.exec(definition)?.[1];
  if (primary === undefined || (counting !== undefined && counting !== primary)) return whole;
  const lines = definition.split('\n');
  const keys = lines.filter((line) => keyLine.test(line)).map((line) => `ADD ${line.trim().replace(/,$/, '')}`);
  if (keys.length === 0) return whole;
  const rest = lines.filter((line) => !keyLine.test(line));
  const end = rest.findIndex((line) => line.startsWith(') ENGINE='));
  const last = rest[end - 1];
  if (last === undefined) return whole;
  rest[end - 1] = last.replace(/,$/, '');
  return { table: rest.join('\n'), keys };
}

/** The tables that foreign keys in these definitions lead to, as they stand there: `name` or `schema`.`name`. */
export function referencedIn(definition: string): readonly string[] {
  return [...definition.matchAll(/^ {2}CONSTRAINT .* REFERENCES (`(?:[^`]|``)+`(?:\.`(?:[^`]|``)+`)?)/gm)].map(([, table = '']) => table); // prettier-ignore
}
