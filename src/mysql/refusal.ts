import type { Failure, FailureReason } from '../domain/snapshot.js';
import { type Target, whereabouts } from './target.js';

/**
 * A login that the server refused with an error packet. Numbers below 2000 mean the same on MySQL and MariaDB,
 * those from 3000 on belong to MySQL, those from 4000 on to either; sources: both vendors' error references.
 * @param text what the server said, one line
 */
export function refusalOf(errno: number, text: string, target: Target): Failure {
  const where = whereabouts(target.address);
  const { reason, advice } = refusals.get(errno) ?? {
    reason: 'other',
    advice: () => 'look the number up in the manual',
  };
  return { reason, message: `${where} refused the login of "${target.user}" (${errno}: ${text}): ${advice(target)}.` };
}

interface Refusal {
  readonly reason: FailureReason;
  readonly advice: (target: Target) => string;
}

const denied = denial(({ tls }) =>
  tls === undefined
    ? 'check user and password, the host of the grant, and whether account or server require TLS, which older servers do not tell from a wrong password'
    : tls.cert === undefined
      ? 'check user and password, the host of the grant, and whether the account requires a client certificate (REQUIRE X509)'
      : 'check user and password, the host of the grant, and which client certificate the account requires',
);

const refusals: ReadonlyMap<number, Refusal> = new Map<number, Refusal>([
  [
    1129,
    {
      reason: 'host-blocked',
      advice: () =>
        'too many broken connections came from this machine; run FLUSH LOCAL HOSTS there (on MySQL TRUNCATE TABLE performance_schema.host_cache), and raise max_connect_errors',
    },
  ],
  [
    1040,
    {
      reason: 'too-many-connections',
      advice: () => 'every connection is taken; raise max_connections, or find who holds them',
    },
  ],
  [
    1203,
    {
      reason: 'too-many-connections',
      advice: () => 'the account has too many connections (max_user_connections); find who else uses it',
    },
  ],
  [
    1226,
    {
      reason: 'too-many-connections',
      advice: () =>
        'the account has used up one of its limits (MAX_USER_CONNECTIONS, MAX_CONNECTIONS_PER_HOUR); raise it',
    },
  ],
  [1130, denial(() => 'no account may connect from this machine; create one for this host')],
  [1045, denied],
  [1044, denial(({ database }) => `the account may not use the database "${database ?? ''}"; grant it, or name none`)],
  [1698, denial(() => 'the account logs in by another way than a password, such as unix_socket; give it one')],
  [1820, denial(() => 'the password has expired; set a new one')],
  [1862, denial(() => 'the password has expired; set a new one')],
  [3118, denial(() => 'the account is locked; run ALTER USER … ACCOUNT UNLOCK')],
  [
    4150,
    denial(() => 'the account is blocked after too many wrong passwords (max_password_errors); run FLUSH PRIVILEGES'),
  ],
  [4151, denial(() => 'the account is locked; run ALTER USER … ACCOUNT UNLOCK')],
  [3955, denial(() => 'the account is locked for a while after too many failed logins; wait, or unlock it')],
  [3159, denial(() => 'the server takes logins over TLS only (require_secure_transport); configure TLS for it')],
  [
    1251,
    {
      reason: 'auth-plugin-unsupported',
      advice: () => 'the server takes us for too old a client; give the account another authentication plugin',
    },
  ],
  [
    1524,
    {
      reason: 'auth-plugin-unsupported',
      advice: () =>
        "the account's authentication plugin is not loaded on the server; load it, or give the account another",
    },
  ],
  [1053, { reason: 'connection-lost', advice: () => 'the server is shutting down' }],
  [1158, { reason: 'connection-lost', advice: () => 'the server lost the connection; check the network' }],
  [
    1159,
    {
      reason: 'connection-lost',
      advice: () => 'the server waited in vain for our answer; check the network, and connect_timeout',
    },
  ],
  [1160, { reason: 'connection-lost', advice: () => 'the server lost the connection; check the network' }],
  [1161, { reason: 'connection-lost', advice: () => 'the server lost the connection; check the network' }],
]);

function denial(advice: Refusal['advice']): Refusal {
  return { reason: 'access-denied', advice };
}
