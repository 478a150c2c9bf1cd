import { columns, type Column } from '../../src/dialects/capabilities.js';
import { identify, type Detected } from '../../src/dialects/detect.js';
import type { Row } from '../../src/dialects/question.js';

/** A row as `\G` prints it: `Name: value` on each line, NULL for no value. */
export function vertical(printed: string): Row {
  const lines = printed.split('\n').filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(':');
      const value = line.slice(at + 1).trim();
      return [line.slice(0, at).trim(), value === 'NULL' ? null : value];
    }),
  );
}

/** Rows of SHOW VARIABLES or SHOW STATUS. */
export function variables(values: Readonly<Record<string, string>>): Row[] {
  return Object.entries(values).map(([name, value]) => ({ Variable_name: name, Value: value }));
}

export function columnNamed(name: string): Column {
  const found = columns.find((column) => column.name === name);
  if (found === undefined) throw new Error(`no column is called ${name}`);
  return found;
}

/** What `detection` gives on a server of this version. */
export function detectionRow(version: string, more: Readonly<Record<string, string>> = {}): Row {
  return {
    version,
    comment: '',
    hostname: 'db1',
    server_id: '1',
    performance_schema: '1',
    basedir: '/usr/',
    account: 'lockstep_monitor@%',
    mariadb: /mariadb/i.test(version) ? '1' : '0',
    ...more,
  };
}

export function detected(version: string, more: Readonly<Record<string, string>> = {}): Detected {
  return identify(detectionRow(version, more));
}
