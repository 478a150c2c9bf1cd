import { accountFor, localHosts, mostAccountsListed } from '../domain/account-match.js';
import type { BoundAccount } from '../domain/bound-account.js';
import type { Account, AccountFacts } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import type { Detected } from './detect.js';
import type { Answers, Question, Row } from './question.js';
import { clientOf, dumpThreads } from './streams.js';
import { number, text } from './values.js';

const local = localHosts.map((host) => `'${host}'`).join(', ');

export function accountQuestions(column: Column, detected: Pick<Detected, 'performanceSchema'>): Question[] {
  const slow = { collector: 'accounts', pace: 'slow' } as const;
  const threads = dumpThreads(detected);
  // MySQL's roles are locked accounts; MariaDB's are rows without a host, which on MySQL means any host.
  const noRole = column.accountLocked ? "account_locked = 'N'" : "Host <> ''";
  const privileges = [`SELECT (User, Host, ssl_type${column.accountLocked ? ', account_locked' : ''}) ON mysql.user`];
  return [
    {
      ...slow,
      id: 'accounts',
      sql: `SELECT COUNT(*) AS without_tls FROM mysql.user WHERE ssl_type = '' AND Host NOT IN (${local}) AND ${noRole}`,
      privileges,
    },
    {
      ...slow,
      id: 'account_list',
      sql: `SELECT User AS user, Host AS host, ssl_type AS ssl_type FROM mysql.user WHERE ${noRole} ORDER BY ssl_type <> '', User, Host LIMIT ${mostAccountsListed}`,
      privileges,
    },
    {
      ...slow,
      id: 'account_bonds',
      // Bytes in MySQL, and names that are no secret.
      sql: `SELECT User AS user, Host AS host, CONVERT(x509_subject USING utf8mb4) AS subject, CONVERT(x509_issuer USING utf8mb4) AS issuer FROM mysql.user WHERE ssl_type = 'SPECIFIED' AND ${noRole} ORDER BY User, Host LIMIT ${mostAccountsListed}`,
      privileges: [
        `SELECT (User, Host, ssl_type${column.accountLocked ? ', account_locked' : ''}, x509_subject, x509_issuer) ON mysql.user`,
      ],
    },
    {
      ...slow,
      id: 'account_streams',
      // The two sides have different collations, hence bytes.
      sql: `SELECT DISTINCT u.User AS user, u.Host AS host, u.ssl_type AS ssl_type, ${threads.client} FROM ${threads.from} JOIN mysql.user u ON CAST(u.User AS BINARY) = CAST(${threads.user} AS BINARY) WHERE ${threads.where}`,
      privileges: ['SELECT (User, Host, ssl_type) ON mysql.user', threads.privilege],
    },
  ];
}

/** undefined unless both `accounts` and `account_streams` were answered. */
export function accountsOf(answers: Answers): AccountFacts | undefined {
  const [count] = answers.accounts ?? [];
  if (count === undefined || answers.account_streams === undefined) return undefined;
  return {
    withoutTls: number(count, 'without_tls'),
    streaming: streamingOf(answers.account_streams),
    listed: answers.account_list?.map(accountOf),
    ...(answers.account_bonds === undefined ? {} : { bound: answers.account_bonds.map(boundOf) }),
  };
}

function boundOf(row: Row): BoundAccount {
  const named = (column: string) => (text(row, column) === '' ? undefined : text(row, column));
  return { user: text(row, 'user'), host: text(row, 'host'), subject: named('subject'), issuer: named('issuer') };
}

/**
 * The accounts behind the streams. The server tells each stream's user and address, not which of the user's accounts
 * it is: it is the most specific whose host pattern the address fits. Where none fits, since the server sees a name
 * and the pattern is an address or the other way round, it may be any of them.
 */
function streamingOf(rows: readonly Row[]): Account[] {
  const streams = new Map<string, Row[]>();
  for (const row of rows) {
    const key = JSON.stringify([text(row, 'user'), clientOf(row)]);
    streams.set(key, [...(streams.get(key) ?? []), row]);
  }
  const found = [...streams.values()].flatMap((own) => {
    const candidates = own.map((row) => ({ ...accountOf(row), client: clientOf(row) }));
    const [one] = candidates;
    const best = one && accountFor(candidates, one.user, one.client);
    return (best === undefined ? candidates : [best]).map(({ user, host, requires }) => ({ user, host, requires }));
  });
  return [...new Map(found.map((account) => [JSON.stringify([account.user, account.host]), account])).values()];
}

function accountOf(row: Row): Account {
  return { user: text(row, 'user'), host: text(row, 'host'), requires: requirementOf(text(row, 'ssl_type')) };
}

function requirementOf(type: string): Account['requires'] {
  switch (type) {
    case '':
      return 'nothing';
    case 'X509':
      return 'x509';
    case 'SPECIFIED':
      return 'specified';
    default:
      return 'ssl'; // ANY
  }
}
