import type { z } from 'zod';
import { announcerHosts, commandOnHost } from './host-schema.js';
import {
  alternativeName,
  atMostOne,
  duration,
  list,
  mapping,
  oneOf,
  path,
  place,
  safeName,
  safeNameWords,
  secretKeys,
  strict,
  text,
} from './vocabulary.js';

/** `authorities` and `server_tls` of the YAML file as people write them. */

/** How long a new certificate holds unless something else is written. Seconds. */
export const defaultLifetime = 365 * 86_400;

/** Where private keys are made: on Lockstep's machine, or on the server's own, which they then never leave. */
export const keyPlaces = ['lockstep', 'host'] as const;

/** What it takes to turn TLS on: a directory of option files that the server reads, and the words that it is started with. */
const optionFiles = { include_directory: place.optional(), server_command: commandOnHost.optional() };

/** Words that stand for somebody else where applications are named. */
const reservedNames: readonly string[] = ['lockstep', 'applications'];

const names = list(alternativeName, 'a list of DNS names and IP addresses').optional();

export const authorities = mapping(
  strict({ directory: path, ...secretKeys('passphrase') }).refine(...atMostOne('passphrase')),
  'a mapping from names of authorities to their directories, such as `mysql: { directory: /etc/lockstep/pki }`',
);

/** Another machine than Lockstep's own is reached as that of an announcer is. */
const application = strict({ ca_file: place.optional(), cert_file: place.optional(), host: announcerHosts.optional() });

const applications = mapping(
  application,
  'a mapping from names of applications to their files, such as `shop: { ca_file: /etc/shop/mysql-ca.pem }`',
).refine((given) => Object.keys(given).every((name) => safeName.test(name) && !reservedNames.includes(name)), {
  error: `applications named by ${safeNameWords}, and none of ${reservedNames.join(', ')}`,
});

/** What a cluster, or `defaults`, says of the certificates of its servers. */
export const serverTls = strict({
  authority: text('the name of one of the `authorities`'),
  directory: place,
  renew_before: duration.optional(),
  lifetime: duration.optional(),
  names,
  keys: oneOf(keyPlaces).optional(),
  ...optionFiles,
  replaces: text('the name of one of the `authorities`').optional(),
  applications: applications.optional(),
})
  .refine(({ authority, replaces }) => authority !== replaces, {
    error: 'a `replaces` that is not the authority itself',
  })
  .refine(({ renew_before = 0, lifetime = defaultLifetime }) => renew_before <= lifetime / 2, {
    error: 'a renew_before of at most half the lifetime, which is 365d when none is given',
  });

/** What one server says otherwise, or besides. */
export const ownServerTls = strict({ directory: place.optional(), names, ...optionFiles });

export type AuthorityEntry = z.output<typeof authorities>[string];
export type ServerTlsEntry = z.output<typeof serverTls>;
export type ApplicationEntry = z.output<typeof application>;
export type OwnServerTlsEntry = z.output<typeof ownServerTls>;
