import type { Flavour } from '../domain/snapshot.js';

/** Statements by which several sessions come to see one and the same moment of a server. */
export interface SnapshotStatements {
  /** For the session that stops commits: bounds of its own, and what holds nobody up. */
  readonly before: string;
  /** From here on commits wait. */
  readonly stop: string;
  readonly release: string;
  /** Where the server stands, as `position`, `file` and `at` as far as it has them. */
  readonly position: string;
  /** Of a session with a snapshot: where its snapshot stands, one text; undefined: the server does not tell. */
  readonly seen: string | undefined;
  /** How many statements, other than this session's, have run for longer than a second; undefined: none holds the lock up. */
  readonly holdsUp: string | undefined;
}

/** Silent for so long, the session that stops commits is ended by its server, and commits go on. Seconds. */
export const lockSeconds = 3;

const bounds = `SET SESSION lock_wait_timeout = 2, wait_timeout = ${lockSeconds}`;

export function snapshotStatements(flavour: Flavour): SnapshotStatements {
  if (flavour === 'mariadb')
    return {
      // BLOCK_COMMIT waits for no statement that reads or writes, unlike FLUSH TABLES WITH READ LOCK.
      before: `${bounds}; BACKUP STAGE START`,
      stop: 'BACKUP STAGE BLOCK_COMMIT',
      release: 'BACKUP STAGE END',
      // Its own log knows the very last commit, and what replication applied is there even when its log is new.
      position: 'SELECT @@GLOBAL.gtid_binlog_pos AS position, @@GLOBAL.gtid_slave_pos AS applied',
      seen: "SELECT GROUP_CONCAT(VARIABLE_VALUE ORDER BY VARIABLE_NAME SEPARATOR ':') AS seen FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME IN ('BINLOG_SNAPSHOT_FILE', 'BINLOG_SNAPSHOT_POSITION')",
      holdsUp: undefined,
    };
  return {
    before: bounds,
    stop: 'FLUSH TABLES WITH READ LOCK',
    release: 'UNLOCK TABLES',
    position: "SELECT REPLACE(@@GLOBAL.gtid_executed, '\\n', '') AS position, '' AS applied",
    seen: undefined,
    // It waits for every one of them, and keeps new ones from the same tables meanwhile.
    holdsUp:
      "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE COMMAND IN ('Query', 'Execute') AND TIME >= 1 AND ID <> CONNECTION_ID() AND USER NOT IN ('system user', 'event_scheduler')",
  };
}

/** The newer of two MariaDB positions in each domain. */
export function newestOf(...positions: readonly string[]): string {
  const newest = new Map<string, { readonly gtid: string; readonly sequence: bigint }>();
  for (const gtid of positions.flatMap((one) => one.split(',')).map((one) => one.trim())) {
    const [domain = '', , sequence] = gtid.split('-');
    if (sequence === undefined) continue;
    const known = newest.get(domain);
    if (known === undefined || known.sequence < BigInt(sequence))
      newest.set(domain, { gtid, sequence: BigInt(sequence) });
  }
  return [...newest.values()].map(({ gtid }) => gtid).join(',');
}
