import type { CollectorName } from '../domain/snapshot.js';

/** A row as the text protocol gives it: every value as text, NULL as null. */
export type Row = Readonly<Record<string, string | null>>;

/**
 * One fact asked with one statement. Questions that are due are sent together in one round trip, so a question's
 * text is a single complete statement without a trailing semicolon, and holds no value from outside.
 */
export interface Question {
  readonly id: QuestionId;
  readonly collector: CollectorName;
  /** `look`: asked at every look. `slow`: costly or seldom changing, asked about once a minute and kept in between. */
  readonly pace: 'look' | 'slow';
  readonly sql: string;
  /** The privilege that suffices, as it stands after GRANT, such as `SLAVE MONITOR ON *.*`; undefined when none is needed. */
  readonly privilege: string | undefined;
}

/** Questions by name; not every column asks all of them. */
export const questionIds = [
  'state',
  'status',
  'settings',
  'boot',
  'group',
  'channels',
  'received',
  'gtid',
  'tls_channel',
  'tls_sessions',
  'accounts',
  'account_streams',
  'binlog_position',
  'binlog_files',
  'streams',
  'registered',
  'heartbeat_present',
  'heartbeat',
] as const;
export type QuestionId = (typeof questionIds)[number];

export type Answers = Readonly<Partial<Record<QuestionId, readonly Row[]>>>;
