import type { DataPlace } from './action.js';
import type { ServerName } from './snapshot.js';

/** What copying a server, or copying over one, would meet there: read when a plan is made, on the operate account and on the machine. */
export interface Survey {
  readonly server: ServerName;
  /** What the server itself tells; undefined: it could not be asked, and `failures` says why. */
  readonly holds: Holdings | undefined;
  /** What its machine tells; undefined: Lockstep does not reach it, or it could not be asked. */
  readonly machine: MachineSurvey | undefined;
  /** One sentence each. */
  readonly failures: readonly string[];
}

export interface Holdings {
  /** Bytes of all tables and their indexes, by the server's own estimate. */
  readonly bytes: number;
  readonly tables: number;
  /** Tables of applications in engines without transactions, `schema.table`, the largest first. */
  readonly plain: readonly string[];
  readonly plainBytes: number;
  /**
   * Bytes of files that are gone once every schema of applications is dropped: at least so many. Tables in the system
   * tablespace, logs and temporary files are not among them. Left out: nobody asked.
   */
  readonly droppable?: number;
  /** `@@datadir`, without a slash at its end. */
  readonly data: string;
  /** By name, as the server says them: those that {@link sameForFiles} and {@link worthSaying} name. */
  readonly settings: Readonly<Record<string, string>>;
  /** Events that are enabled; undefined: the account may not see them. */
  readonly events: number | undefined;
  /** Whether MySQL's plugin `clone` is at work; undefined where there is no such thing. */
  readonly clonePlugin: boolean | undefined;
  /** Tables that keep every former row (`WITH SYSTEM VERSIONING` of MariaDB), `schema.table`; left out: nobody asked. */
  readonly historic?: readonly string[];
  /** What was installed there by statements; left out: nobody asked. */
  readonly installed?: readonly Installed[];
  /** Plugins at work that are there without such a statement, built in or loaded by the configuration, in small letters; left out: nobody asked. */
  readonly loaded?: readonly string[];
}

/** Known to one server alone, by a row of its schema `mysql`, with a library beside it. */
export interface Installed {
  readonly kind: 'plugin' | 'function' | 'component';
  readonly name: string;
}

export interface MachineSurvey {
  /** Bytes that are free where the data lie. */
  readonly freeBytes: number;
  /** Where the links of `@@datadir` lead; left out: it is no link. */
  readonly data?: string;
  /** Whether the data directory can change its name for one beside it, where Lockstep may name others: only then can one directory take the place of another. */
  readonly exchangeable: boolean;
  /** Entries of a data directory that is not exchangeable which cannot change their names either: mounts, file systems of their own, what is itself among the `paths`; left out: none. */
  readonly mounts?: readonly string[];
  /** Whether something that an earlier run kept aside, or left, lies beside the data, or in a directory of ours within it. */
  readonly kept: boolean;
  /** What each program that was asked says of its version, `11.8.9`, by path; '' where it says none. */
  readonly programs: Readonly<Record<string, string>>;
}

/** Files of one server can be read by another only where these are the same. */
export const sameForFiles = ['lower_case_table_names', 'innodb_page_size', 'innodb_data_file_path'] as const;

/** What may differ, and is then said: the same statement may come out otherwise. */
export const worthSaying = [
  'character_set_server',
  'collation_server',
  'default_storage_engine',
  'explicit_defaults_for_timestamp',
  'max_allowed_packet',
  'sql_mode',
  'time_zone',
] as const;

/** Directories of a server that may lie elsewhere than its data. */
export const dataDirectories = ['innodb_data_home_dir', 'innodb_log_group_home_dir', 'innodb_undo_directory'] as const;

/** Lists of files that may. By the first file of the second is seen when it has ended. */
export const fileLists = ['innodb_data_file_path', 'innodb_temp_data_file_path'] as const;

/** Bytes that a copy may take: more than its tables, for logs, system tables, and what is written meanwhile. */
export function roomFor(bytes: number): number {
  return Math.ceil(bytes * 1.1) + 512 * 2 ** 20;
}

/**
 * Whether a disk bears a copy: beside what is held there (`both`), only once that is dropped (`emptied`), or not even
 * then (`short`).
 * @param droppable undefined: nobody knows, and nobody guesses
 */
export function roomOn(free: number, need: number, droppable: number | undefined): 'both' | 'emptied' | 'short' {
  if (free >= need) return 'both';
  return droppable !== undefined && free + droppable >= need ? 'emptied' : 'short';
}

/**
 * Where the data lie, where that is not simply the directory that the server names, with room beside it; undefined: it
 * is, or nobody knows.
 */
export function placeOf({ holds, machine }: Survey): DataPlace | undefined {
  if (holds === undefined || machine === undefined) return undefined;
  const data = machine.data ?? holds.data;
  if (machine.exchangeable) return machine.data === undefined ? undefined : { data };
  return { data, system: systemFileOf(holds) ?? '' };
}

/** The file with which InnoDB's system tablespace begins, in the data directory; undefined: it is not known, or lies deeper. */
export function systemFileOf(holdings: Holdings): string | undefined {
  const [first] = filesOf('innodb_data_file_path', holdings);
  const name = first?.slice(first.lastIndexOf('/') + 1) ?? '';
  return name !== '' && first === placed(holdings.data, name) ? name : undefined;
}

/** Those that do not lie in the data directory, `innodb_undo_directory /undo`. */
export function elsewhere(holdings: Holdings): readonly string[] {
  const { data, settings } = holdings;
  const places = [
    ...dataDirectories.map((name) => [name, placed(data, settings[name] ?? '')] as const),
    ...fileLists.flatMap((name) => filesOf(name, holdings).map((file) => [name, file] as const)),
  ];
  const inside = (place: string) => `${place}/`.startsWith(`${placed(data, '')}/`);
  return places.flatMap(([name, place]) => (inside(place) ? [] : [`${name} ${place}`]));
}

/**
 * Files of a list, `ibdata1:12M;/more/ibdata2:12M:autoextend`, where InnoDB has them: it puts what the home directory
 * says before each. Where that says nothing, a file may be absolute: then the log and the tables could change their
 * place, and the system tablespace that belongs to them not.
 */
function filesOf(list: (typeof fileLists)[number], { data, settings }: Holdings): readonly string[] {
  const home = settings['innodb_data_home_dir'] ?? '';
  const files = (settings[list] ?? '').split(';').map((one) => one.replace(/:.*$/, '').trim());
  return files.filter((file) => file !== '').map((file) => placed(data, home === '' ? file : `${home}/${file}`));
}

/** Where a path leads from a directory, without `.`, `..` and needless slashes. */
function placed(directory: string, path: string): string {
  const names: string[] = [];
  for (const name of (path.startsWith('/') ? path : `${directory}/${path}`).split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

/** Settings of a list that differ, `sql_mode ANSI there, '' here`. */
export function differences(names: readonly string[], there: Holdings, here: Holdings): readonly string[] {
  return names.flatMap((name) => {
    const [one, other] = [there.settings[name], here.settings[name]];
    if (one === undefined || other === undefined || one === other) return [];
    return [`${name} is ${one === '' ? 'empty' : one} there and ${other === '' ? 'empty' : other} here`];
  });
}

/** What works on one server since somebody installed it, and would not on another that brings nothing but its configuration. */
export function lacking(there: Holdings, here: Holdings): readonly Installed[] {
  const { loaded = [] } = here;
  return (there.installed ?? []).filter(({ kind, name }) => kind !== 'plugin' || !loaded.includes(name.toLowerCase()));
}
