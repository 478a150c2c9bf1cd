import { LockstepError } from '../base/errors.js';

/** A server line of a backend, as `show servers state` tells it. */
export interface ServerLine {
  readonly name: string;
  /** The IP address that HAProxy connects to now. */
  readonly address: string;
  readonly port: number;
  /** What people and programs have said of it: only to one that is ready new clients are sent. */
  readonly state: 'ready' | 'drain' | 'maint';
  /** Whether its checks let it be used; without any they do. */
  readonly up: boolean;
}

export interface BackendState {
  readonly servers: readonly ServerLine[];
  /** The answer itself, as HAProxy reads it from a state file. */
  readonly text: string;
}

/** SRV_ADMF_FMAINT, IMAINT, RMAINT. That it was disabled in the configuration (CMAINT, 0x04) says nothing of now. */
const maintenance = 0x01 | 0x02 | 0x20;
/** SRV_ADMF_FDRAIN, IDRAIN. */
const drain = 0x08 | 0x10;

/**
 * The state in the answers to a line that ends with `show servers state BACKEND`. What stands before it must be nothing,
 * or what HAProxy says when all is well.
 * @throws LockstepError `haproxy-refused` with what HAProxy said otherwise
 * Source: section 9.3 of HAProxy's management guide, "show servers state".
 */
export function stateIn(answers: string): BackendState {
  const begins = /^1\n# be_id /m.exec(answers);
  if (begins === null) throw refused(answers);
  const before = answers.slice(0, begins.index);
  if (!isFine(before)) throw refused(before);
  const text = (answers.slice(begins.index).split('\n\n')[0] ?? '').trimEnd();
  const [, header = '', ...rows] = text.split('\n');
  const columns = header.replace('# ', '').trim().split(' ');
  return { servers: rows.map((row) => lineOf(columns, row.split(' '))), text: `${text}\n` };
}

/** For people: `db2, db3 (down)`. */
export function linesWords(lines: readonly ServerLine[]): string {
  return lines.map(({ name, up }) => (up ? name : `${name} (down)`)).join(', ') || 'no server';
}

/** How much longer new clients wait, milliseconds; undefined where the answers do not say. */
export function heldIn(answers: string): number | undefined {
  const found = [...answers.matchAll(/^held (\d+)$/gm)].at(-1)?.[1];
  return found === undefined ? undefined : Number(found);
}

/**
 * How many clients are connected to a server line now, in an answer to `show stat -1 4 -1`. All proxies, for a frontend of
 * the backend's name would be found in its place.
 * @throws LockstepError `haproxy-refused`
 * Source: section 9.1 of HAProxy's management guide, "CSV format".
 */
export function sessionsOn(answers: string, backend: string, line: string): number {
  const [header = '', ...rows] = answers.split('\n');
  const columns = header.replace('# ', '').split(',');
  const at = (column: string) => columns.indexOf(column);
  const row = rows
    .map((one) => one.split(','))
    .find((one) => one[at('pxname')] === backend && one[at('svname')] === line);
  if (row === undefined) throw refused(answers);
  return Number(row[at('scur')]);
}

/** @throws LockstepError `haproxy-refused` */
export function refused(answers: string): LockstepError {
  const said = lines(answers).find((line) => !fine.test(line)) ?? 'nothing';
  const denied = said.startsWith('Permission denied');
  return new LockstepError(
    'haproxy-refused',
    `HAProxy said: ${said.slice(0, 200)}`,
    denied ? 'Write `level admin` on its `stats socket` line.' : 'Compare backend and servers with its configuration.',
  );
}

const fine = /^held \d+$|by 'stats socket command'|no need to change|nothing changed/;

function isFine(answers: string): boolean {
  return lines(answers).every((line) => fine.test(line));
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function lineOf(columns: readonly string[], values: readonly string[]): ServerLine {
  const value = (column: string) => values[columns.indexOf(column)] ?? '';
  const bits = Number(value('srv_admin_state'));
  return {
    name: value('srv_name'),
    address: value('srv_addr'),
    port: Number(value('srv_port')),
    state: (bits & maintenance) !== 0 ? 'maint' : (bits & drain) !== 0 ? 'drain' : 'ready',
    up: value('srv_op_state') !== '0',
  };
}
