import type { CollectorName } from '../domain/snapshot.js';

/** A row as the text protocol gives it: every value as text, NULL as null. */
export type Row = Readonly<Record<string, string | null>>;

/**
 * One fact asked with one statement. Questions that are due are sent together in one round trip, so a question's
 * text is a single complete statement without a trailing semicolon, and holds no value from outside but the
 * validated name of the heartbeat table and the quoted names of Lockstep's own accounts.
 */
export interface Question {
  readonly id: QuestionId;
  readonly collector: CollectorName;
  /**
   * `look`: asked at every look. `slow`: costly or seldom changing, asked about once a minute and kept in between.
   * `thorough`: asked in thorough looks alone, each time.
   */
  readonly pace: 'look' | 'slow' | 'thorough';
  readonly sql: string;
  /** The privileges that suffice, each as it stands after GRANT, such as `SLAVE MONITOR ON *.*`; `[]` when none is needed. */
  readonly privileges: readonly string[];
  /** Not answered while commits wait for a replica: MariaDB's statements on the binary log wait for its lock, and do not yield to KILL. */
  readonly waitsForCommits?: boolean;
}

/** What may be chosen about the questions of one server. */
export interface QuestionOptions {
  /** A table as pt-heartbeat writes it (columns `ts` and `server_id`); default none. */
  readonly heartbeatTable?: HeartbeatTable;
  /**
   * Ask which replicas have registered (SHOW REPLICAS, SHOW SLAVE HOSTS). Default false, for the privilege it takes
   * is more than a monitor should hold: REPLICATION SLAVE on MySQL, which can read every change, and REPLICATION
   * MASTER ADMIN on MariaDB, which can change settings.
   */
  readonly registered?: boolean;
  /** Users whose sessions are Lockstep's own, and no activity. The asking one is anyway. Default none. */
  readonly ours?: readonly string[];
}

export interface HeartbeatTable {
  readonly schema: string;
  readonly table: string;
  /** Whether `ts` is in UTC (pt-heartbeat --utc) instead of the server's time zone. */
  readonly utc: boolean;
}

/** Questions by name; not every column asks all of them. */
export const questionIds = [
  'state',
  'uptime',
  'boot',
  'set_since',
  'identity',
  'channels',
  'received',
  'gtid',
  'tls',
  'tls_status',
  'tls_channel',
  'tls_sessions',
  'accounts',
  'account_streams',
  'account_list',
  'account_bonds',
  'plaintext',
  'semi_sync_settings',
  'semi_sync',
  'binlog_settings',
  'binlog_position',
  'binlog_files',
  'streams',
  'registered',
  'heartbeat_present',
  'heartbeat',
  'sessions',
  'statements',
  'transactions',
  'events',
] as const;
export type QuestionId = (typeof questionIds)[number];

export type Answers = Readonly<Partial<Record<QuestionId, readonly Row[]>>>;
