import type { PlaintextFacts } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import type { Detected } from './detect.js';
import { processAllowed } from './process-allowed.js';
import type { Answers, Question } from './question.js';
import { isOn, number, optionalText, text } from './values.js';

/** More than this says no more. */
const most = 1000;

/**
 * Who is connected without TLS. With performance_schema its threads say how each session came; without it MariaDB may
 * count logins by user (userstat). MySQL without performance_schema tells nothing.
 */
export function plaintextQuestions(column: Column, detected: Pick<Detected, 'performanceSchema'>): Question[] {
  const slow = { id: 'plaintext', collector: 'accounts', pace: 'slow' } as const;
  if (detected.performanceSchema)
    return [
      {
        ...slow,
        // Threads without a connection type are the server's own; without a user, those that have not logged in yet.
        sql: `SELECT DISTINCT PROCESSLIST_USER AS user, PROCESSLIST_HOST AS client, CONNECTION_TYPE AS connection_type FROM performance_schema.threads WHERE CONNECTION_TYPE <> 'SSL/TLS' AND PROCESSLIST_USER IS NOT NULL ORDER BY 1, 2 LIMIT ${most}`,
        privileges: ['SELECT ON performance_schema.threads'],
      },
    ];
  if (column.flavour === 'mysql') return [];
  return [
    {
      ...slow,
      sql: `SELECT @@global.userstat AS counted, s.USER AS user, s.TOTAL_CONNECTIONS - s.TOTAL_SSL_CONNECTIONS AS logins FROM ${processAllowed} LEFT JOIN information_schema.USER_STATISTICS s ON s.TOTAL_CONNECTIONS > s.TOTAL_SSL_CONNECTIONS LIMIT ${most}`,
      privileges: ['PROCESS ON *.*'],
    },
  ];
}

/** undefined unless `plaintext` was answered, by a server that can tell. */
export function plaintextOf({ plaintext: rows }: Answers): PlaintextFacts | undefined {
  if (rows === undefined) return undefined;
  const [first] = rows;
  if (first === undefined || !('counted' in first)) {
    const sessions = rows.map((row) => ({
      user: text(row, 'user'),
      client: optionalText(row, 'client') ?? '',
      local: text(row, 'connection_type') !== 'TCP/IP',
    }));
    return { sessions, logins: undefined };
  }
  if (!isOn(first['counted'])) return undefined;
  const counted = rows.filter((row) => row['user'] !== null);
  return {
    sessions: undefined,
    logins: counted.map((row) => ({ user: text(row, 'user'), count: number(row, 'logins') })),
  };
}
