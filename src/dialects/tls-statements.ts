import { plainSql, sql, type Statement } from '../domain/action.js';
import type { Account } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import { composed } from './compose.js';

/**
 * What an account must bring at its next login; sessions that are open stay. It is written to the binary log, and IF
 * EXISTS keeps a replica that lacks the account from stopping at it.
 */
export function requireOfAccount({ user, host }: Pick<Account, 'user' | 'host'>, what: 'SSL' | 'NONE'): Statement {
  return composed(sql`ALTER USER IF EXISTS ${user}@${host}`, ` REQUIRE ${what}`);
}

/**
 * Makes the server read certificate, key and authorities anew; sessions that are open keep what they have. FLUSH SSL
 * without LOCAL would be written to the binary log, and stop replicas whose files are not ready.
 * @returns undefined where only a restart does
 */
export function reloadTls(column: Column): Statement | undefined {
  if (!column.reloadsTls) return undefined;
  return plainSql(column.flavour === 'mariadb' ? 'FLUSH LOCAL SSL' : 'ALTER INSTANCE RELOAD TLS');
}

/** Refuses every plaintext login over the network, and where the server can keep it, over its restarts too. Not replicated. */
export function requireSecureTransport(column: Column): readonly Statement[] {
  return [plainSql(`SET ${column.persists ? 'PERSIST' : 'GLOBAL'} require_secure_transport = ON`)];
}

/** Back to plaintext, and to what was laid down for the next start. @param persisted what that was; undefined: nothing */
export function allowInsecureTransport(column: Column, persisted: boolean | undefined): readonly Statement[] {
  const off = plainSql('SET GLOBAL require_secure_transport = OFF');
  if (!column.persists || persisted === true) return [off];
  if (persisted === false) return [plainSql('SET PERSIST require_secure_transport = OFF')];
  return [off, plainSql('RESET PERSIST IF EXISTS require_secure_transport')];
}
