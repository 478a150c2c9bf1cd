import { sql, type Statement, type Value } from '../domain/action.js';
import { composed } from './compose.js';
import { processAllowed } from './process-allowed.js';

/*
 * MariaDB before 12, where read_only does not bind everybody. Elsewhere its strongest level does, and nobody asks.
 */

/** The newest session that there is: those that come later can only be seen to come. */
export function newestSession(note: string): Statement {
  return { ...sql`SELECT MAX(ID) AS newest FROM information_schema.PROCESSLIST`, notes: { newest: note } };
}

/**
 * Sessions up to that one whose user may write although the server is read-only, but those of `ours`, of replicas and
 * of the server itself. By the user's name, for the server does not tell which of a user's accounts a session has.
 */
export function bypassingSessions(newest: Value, ours: readonly string[]): Statement {
  return composed(`${bypassers} SELECT p.ID AS id `, sessions(newest, ours));
}

/** How many of these have not been told to end. */
export function countBypassing(newest: Value, ours: readonly string[]): Statement {
  return composed(`${bypassers} SELECT COUNT(*) AS sessions `, sessions(newest, ours));
}

/** What both take; with any of these missing they are refused, and never only see less. */
export const bypassPrivileges = [
  'PROCESS ON *.*',
  'SELECT (Host, Priv, User) ON mysql.global_priv',
  'SELECT (Host, Role, User) ON mysql.roles_mapping',
] as const;

/**
 * Accounts, and roles with their members, with READ ONLY ADMIN: bit 33 of `access` (sql/privilege.h). SUPER, bit 15, had
 * it too until 10.11, and an account that was written by an older version keeps it (`version_id`; MDEV-29596). This is
 * what information_schema.USER_PRIVILEGES says (seen on 10.5, 10.11 and 11.8), which takes SELECT on all of mysql and
 * without it shows less instead of refusing.
 */
const access = "CAST(JSON_VALUE(Priv, '$.access') AS UNSIGNED)";
const bypassers =
  'WITH RECURSIVE bypassing (host, user) AS (SELECT Host, User FROM mysql.global_priv ' +
  `WHERE ${access} & ${2 ** 33} <> 0 OR (${access} & ${2 ** 15} <> 0 AND COALESCE(JSON_VALUE(Priv, '$.version_id'), 0) < 101100) ` +
  "UNION SELECT m.Host, m.User FROM mysql.roles_mapping m JOIN bypassing b ON b.host = '' AND b.user = m.Role)";

/** Collations differ, hence bytes. */
function sessions(newest: Value, ours: readonly string[]): Statement {
  const users = ours.map((user) => sql`, ${user}`);
  return composed(
    `FROM ${processAllowed} LEFT JOIN information_schema.PROCESSLIST p ON `,
    sql`p.ID <= ${newest} AND p.COMMAND NOT IN ('Killed', 'Daemon', 'Binlog Dump') `,
    composed("AND p.USER NOT IN ('system user', 'event_scheduler'", ...users, ') '),
    'AND CAST(p.USER AS BINARY) IN (SELECT CAST(b.user AS BINARY) FROM bypassing b) WHERE p.ID IS NOT NULL',
  );
}
