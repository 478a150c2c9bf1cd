import type { z } from 'zod';
import { commandOnHost } from './host-schema.js';
import {
  alternativeName,
  atMostOne,
  duration,
  list,
  mapping,
  oneOf,
  path,
  place,
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

const names = list(alternativeName, 'a list of DNS names and IP addresses').optional();

export const authorities = mapping(
  strict({ directory: path, ...secretKeys('passphrase') }).refine(...atMostOne('passphrase')),
  'a mapping from names of authorities to their directories, such as `mysql: { directory: /etc/lockstep/pki }`',
);

/** What a cluster, or `defaults`, says of the certificates of its servers. */
export const serverTls = strict({
  authority: text('the name of one of the `authorities`'),
  directory: place,
  renew_before: duration.optional(),
  lifetime: duration.optional(),
  names,
  keys: oneOf(keyPlaces).optional(),
  ...optionFiles,
}).refine(({ renew_before = 0, lifetime = defaultLifetime }) => renew_before <= lifetime / 2, {
  error: 'a renew_before of at most half the lifetime, which is 365d when none is given',
});

/** What one server says otherwise, or besides. */
export const ownServerTls = strict({ directory: place.optional(), names, ...optionFiles });

export type AuthorityEntry = z.output<typeof authorities>[string];
export type ServerTlsEntry = z.output<typeof serverTls>;
export type OwnServerTlsEntry = z.output<typeof ownServerTls>;
