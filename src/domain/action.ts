import type { AnnouncerName } from './announcement.js';
import type { CertificateAction } from './certificate-action.js';
import type { Address, ServerName } from './snapshot.js';

/**
 * What a step does, as data: printed, digested and sent is the same value. A secret stands by its name, and what is
 * learned only in the run by the name of its note.
 */
export type Action =
  | SqlAction
  | KillAction
  | LoginAction
  | ReceivedAction
  | ReleaseAction
  | AnnounceAction
  | ReadersAction
  | VerifyAction
  | ProgramAction
  | CertificateAction
  | RoomAction
  | EmptyAction
  | CopyAction
  | LoadAction
  | SwapAction
  | PutBackAction
  | DiscardAction;

/** Statements sent together, in one round trip. Later ones do not run once one fails. */
export interface SqlAction {
  readonly kind: 'sql';
  readonly on: ServerName;
  readonly session: SessionName;
  readonly statements: readonly Statement[];
  /** Nobody waits for the answer: the server works on them while the run goes on. They say nothing and expect nothing. */
  readonly detached?: true;
  /** Only in a session that is open already: whoever stood still for so long that it is gone must not go on. */
  readonly sameSession?: true;
}

/** Ends every session whose number the answer of `select` lists in its first column. One that is gone already is no fault. */
export interface KillAction {
  readonly kind: 'kill';
  readonly on: ServerName;
  readonly session: SessionName;
  readonly select: Statement;
  /** Asked before, again and again for some seconds, until it finds nothing: what would hide who is to be ended. Default: nothing would. */
  readonly settles?: Statement;
  /** Asked afterwards, where somebody was ended, in the same way: whoever is ended goes by itself, and before anything else is told. Default: nobody is waited for. */
  readonly gone?: Statement;
  /** Whose sessions these are, for people: `sessions that may write although the server is read-only`. */
  readonly whose: string;
  /** `denied`: one that the server does not let us end is left alone; default it is a fault. */
  readonly leaves?: 'denied';
}

/**
 * A rehearsal: Lockstep logs in as a replica would, with the very files that the replica would use, and leaves.
 * Nothing is changed. The files are read on the machine of `filesOf`.
 */
export interface LoginAction {
  readonly kind: 'login';
  readonly to: Address;
  readonly user: string;
  readonly password: SecretName;
  readonly filesOf: ServerName;
  readonly tls: {
    readonly caFile: string;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
    /** Whether the certificate must carry the name of `to`. */
    readonly verify: boolean;
  };
  /** Keeps the protocol that was negotiated, `TLSv1.3`, under this name: what shows that the login succeeded. */
  readonly noteAs: string;
}

/**
 * Notes how far a receiver that is stopped has come, in whole transactions: half of one is never applied. Its
 * relay logs are read from where its applier stands. Nothing is changed.
 */
export interface ReceivedAction {
  readonly kind: 'received';
  readonly on: ServerName;
  readonly session: SessionName;
  /** The channel's own status, and the columns of it. */
  readonly status: Statement;
  readonly columns: { readonly received: LogColumns; readonly executed: LogColumns };
  /** The events of one relay log, with the file and where in it to begin as notes `relay-file` and `relay-position`. */
  readonly events: Statement;
  readonly noteAs: LogColumns;
}

export interface LogColumns {
  readonly file: string;
  readonly position: string;
}

/** Ends a session of this run, and with it every lock and every statement that it holds on its server. One that is not open is no fault. */
export interface ReleaseAction {
  readonly kind: 'release';
  readonly on: ServerName;
  readonly session: SessionName;
}

/**
 * Tells the applications, through these announcers at once. `prepare`: nothing is changed, all that announcing needs is
 * made ready and tried as far as it can be. `hold`: clients are kept waiting instead of refused, where the announcer can,
 * for a time that ends by itself. `announce`: this server is the primary. `restore`: it is the primary still: whatever was
 * held or half said is taken back.
 */
export interface AnnounceAction {
  readonly kind: 'announce';
  readonly act: 'prepare' | 'hold' | 'announce' | 'restore';
  readonly announcers: readonly AnnouncerName[];
  readonly primary: ServerName;
  readonly address: Address;
  /** One that fails holds up nobody; else the action fails once all have ended. */
  readonly mayFail?: true;
  /** Keeps under this name what failed, one sentence for each announcer, '' when nothing did. */
  readonly noteAs?: string;
}

/**
 * Takes a server out of what applications read from (`withdraw`), or puts it back (`return`), through these announcers at
 * once, and fails unless all have done it.
 */
export interface ReadersAction {
  readonly kind: 'readers';
  readonly act: 'withdraw' | 'return';
  readonly announcers: readonly AnnouncerName[];
  readonly server: ServerName;
  readonly address: Address;
  /** Who is read from while nobody else may be; left out: nobody, and the last reader is not withdrawn. */
  readonly fallback?: { readonly name: ServerName; readonly address: Address };
  /** Keeps the server's name under this: what shows that all have done it. */
  readonly noteAs: string;
}

/**
 * Compares every table of a replica with that of its source, while both are at work, and keeps what it found. Nothing is
 * changed and nothing is locked. It may take hours: it tells how far it has come, and goes on after a restart.
 */
export interface VerifyAction {
  readonly kind: 'verify';
  readonly on: ServerName;
  readonly with: ServerName;
  /** The replica's channel from that source. */
  readonly channel: string;
  /** What sessions of its own begin with. */
  readonly sessions: { readonly source: readonly Statement[]; readonly replica: readonly Statement[] };
  /** Where the source stands, and how its replica waits until it has all up to there. */
  readonly position: Statement;
  readonly wait: Statement;
  /** How long reading one range of a table should take; servers rest as long in between. */
  readonly chunkSeconds: number;
  /** Keeps `equal` or `differs` under this name, and what was found, a line each, as `report`. */
  readonly noteAs: string;
  /** What differs is a failure, and not a finding. */
  readonly mustEqual?: true;
}

/**
 * Looks whether a disk holds a copy only once the server that has it is emptied: where both have room, or not even a copy
 * has, it fails, and nothing is dropped.
 */
export interface RoomAction {
  readonly kind: 'room';
  readonly on: ServerName;
  readonly from: ServerName;
  /** Asks how many `bytes` are certain to be freed. */
  readonly droppable: Statement;
  /** The note that holds its `@@datadir`. */
  readonly data: string;
  readonly place?: DataPlace;
  /** Keeps what was found, one sentence, under this name. */
  readonly noteAs: string;
}

/**
 * Drops every schema of applications that a server holds, for its disk cannot bear them beside a copy. Nothing brings
 * them back: it follows nobody by then, and a commit point lies before it.
 */
export interface EmptyAction {
  readonly kind: 'empty';
  readonly on: ServerName;
  /** Keeps how many there were under this name. */
  readonly noteAs: string;
}

/**
 * Copies a whole server beside the data of another, which goes on as it is. `backup`: mariadb-backup, streamed. `clone`:
 * MySQL's CLONE. The stream crosses the network under TLS, or through the connections to the hosts. `dump`: only an empty
 * server is laid out there, with the accounts that reach it, to be filled by {@link LoadAction} once it runs.
 */
export interface CopyAction {
  readonly kind: 'copy';
  readonly method: CopyMethodName;
  readonly from: ServerName;
  readonly on: ServerName;
  /** Of the donor; how the copier logs in there, with files of the machine that it runs on. */
  readonly address: Address;
  readonly user: string;
  readonly tls: {
    readonly caFile: string;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
  };
  /** As the hosts name them: `backup` as the donor's does, all others as the target's; none for CLONE. */
  readonly programs: {
    readonly backup?: string | undefined;
    readonly prepare?: string | undefined;
    readonly stream?: string | undefined;
    readonly chown?: string | undefined;
    readonly server?: string | undefined;
    readonly install?: string | undefined;
  };
  /** Whose accounts an empty server has from the first on, as the donor has them; for `dump` alone. */
  readonly accounts?: readonly string[];
  /** The notes that hold `@@datadir` of both. */
  readonly data: { readonly from: string; readonly on: string };
  readonly place?: DataPlace;
  /** Keeps the GTID position of the copy under this name; '' where the copy holds it itself. */
  readonly noteAs: string;
}

/** Where a server's data lie, where that is not simply the directory that it names, with room beside it. */
export interface DataPlace {
  /** Where its links lead. */
  readonly data: string;
  /**
   * The directory is a file system of its own: all stays within it, and entries change places instead of directories.
   * The name of its system tablespace, the first of `innodb_data_file_path`. Left out: it can be renamed.
   */
  readonly system?: string;
}

export const copyMethods = ['backup', 'clone', 'dump'] as const;
export type CopyMethodName = (typeof copyMethods)[number];

/**
 * Fills a server that was laid out empty with what another holds for applications: definitions, rows, accounts. Several sessions on the
 * donor see one moment of it, for which its commits are stopped; the rows go through Lockstep, over TLS on both sides.
 * A server that was not laid out for it is never touched.
 */
export interface LoadAction {
  readonly kind: 'load';
  readonly from: ServerName;
  readonly on: ServerName;
  /** Users that the target has from the first on. */
  readonly accounts: readonly string[];
  /** The statement that stops commits on the donor for a moment, for people. */
  readonly stops: string;
  /** How many tables are copied at once. */
  readonly streams: number;
  /** The statements between which the target does without its redo log; undefined: it keeps it. */
  readonly redo?: { readonly off: string; readonly on: string };
  /** It rests while the donor is further behind its source than that, seconds. */
  readonly restAbove: number;
  /** Keeps the GTID position of the copy under this name. What it cost is the note `cost`. */
  readonly noteAs: string;
}

/** Lets a server run again on what a swap kept aside; what it ran on meanwhile is removed. */
export interface PutBackAction {
  readonly kind: 'put-back';
  /** The note that says that what was kept is removed: then nothing can come back. */
  readonly discarded: string;
  readonly on: ServerName;
  readonly service: string;
  readonly data: string;
  readonly temporary: string;
  readonly place?: DataPlace;
  readonly noteAs: string;
}

/** Lets a server run on the copy beside its data: shut down, directories exchanged, started again by its service. */
export interface SwapAction {
  readonly kind: 'swap';
  readonly on: ServerName;
  readonly service: string;
  /** The note that holds its `@@datadir`. */
  readonly data: string;
  /** The note that holds the name of InnoDB's temporary tablespace there: once that is gone the server is at work no more. */
  readonly temporary: string;
  readonly place?: DataPlace;
  readonly noteAs: string;
}

/** Removes what a swap kept aside. */
export interface DiscardAction {
  readonly kind: 'discard';
  readonly on: ServerName;
  readonly data: string;
  readonly place?: DataPlace;
  readonly noteAs: string;
}

/** Whether an action may take hours: such a one tells how far it has come, and ends at once when its run is to end. */
export function isLong({ kind }: Action): boolean {
  return kind === 'verify' || kind === 'copy' || kind === 'load';
}

/** Whether an action leaves everything as it is. */
export function onlyReads({ kind }: Action): boolean {
  return kind === 'verify' || kind === 'login' || kind === 'room';
}

/**
 * Runs a program on the machine of a server: words, never a shell line, and only one that the configuration allows
 * there. Any other code than 0 is a failure.
 */
export interface ProgramAction {
  readonly kind: 'program';
  readonly on: ServerName;
  /** Notes stand for what the run learned, with an ending behind it. No secrets. */
  readonly argv: readonly (string | { readonly note: string; readonly ending?: string })[];
  /** Keeps `0`, the code, under this name: what shows that it succeeded. */
  readonly noteAs: string;
}

/**
 * `control`: carries the changes. `lock`: holds a freeze. `watch`: stands by to end one. Each holds the advisory lock
 * of its name on its server for as long as it lives, so whoever takes all of these knows that nobody else is at work.
 */
export const sessionNames = ['control', 'lock', 'watch'] as const;
export type SessionName = (typeof sessionNames)[number];

/** The password of the account of that name. */
export type SecretName = 'replication' | 'monitor' | 'operate';

/** A value of a statement; text is quoted and numbers are written as they are by whoever sends or prints it. */
export type Value = string | number | { readonly secret: SecretName } | NoteValue;

/** What was learned under this name in the run. Text unless it says number: some clauses take no quoted one. */
export interface NoteValue {
  readonly note: string;
  readonly as?: 'number';
}

/** One SQL statement: `text[0] values[0] text[1] …`. */
export interface Statement {
  readonly text: readonly string[];
  readonly values: readonly Value[];
  /** Keeps what the first row of the answer holds: the note's name for each column's name. */
  readonly notes?: Readonly<Record<string, string>>;
  /** What the first value of the answer must be; with any other the action has failed. Numbers are compared as text. */
  readonly expect?: Value;
  /** What these columns of the answer's first row must be; else the action has failed. */
  readonly agrees?: Readonly<Record<string, Value>>;
}

/** sql`SELECT MASTER_GTID_WAIT(${{ note: 'frozen' }}, 2)`. Text between the values is SQL as it stands: no outside text may ever be put there. */
export function sql(text: TemplateStringsArray, ...values: readonly Value[]): Statement {
  return { text: [...text], values };
}

/** The same, from a text that a dialect wrote, without values. */
export function plainSql(text: string): Statement {
  return { text: [text], values: [] };
}
