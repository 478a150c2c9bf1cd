import { z } from 'zod';
import { flag, list, mapping, oneOf, path, strict, text } from './vocabulary.js';

/** The form of a `web_config_file`: exporter-toolkit's, less what Lockstep does not do, which is named as a fault. */

export const clientAuthTypes = {
  NoClientCert: 'none',
  RequestClientCert: 'request',
  RequireAnyClientCert: 'require-any',
  RequireClientCert: 'require-any',
  VerifyClientCertIfGiven: 'verify-if-given',
  RequireAndVerifyClientCert: 'require-and-verify',
} as const;

export const protocolNames = { TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;
export const curveNames = { CurveP256: 'P-256', CurveP384: 'P-384', CurveP521: 'P-521', X25519: 'X25519' } as const;

/** Go's names of cipher suites with OpenSSL's. TLS 1.3 suites cannot be chosen in Go either, and map to nothing. */
export const cipherNames: Readonly<Record<string, string | undefined>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_AES_128_GCM_SHA256: undefined,
  TLS_AES_256_GCM_SHA384: undefined,
  TLS_CHACHA20_POLY1305_SHA256: undefined,
};

const verifying = ['VerifyClientCertIfGiven', 'RequireAndVerifyClientCert'];

const tls = strict({
  cert_file: path,
  key_file: path,
  client_auth_type: oneOf([
    'NoClientCert',
    'RequestClientCert',
    'RequireAnyClientCert',
    'RequireClientCert',
    'VerifyClientCertIfGiven',
    'RequireAndVerifyClientCert',
  ]).optional(),
  client_ca_file: path.optional(),
  client_allowed_sans: list(text('a name, address or URI'), 'a list of names').optional(),
  min_version: oneOf(['TLS12', 'TLS13']).optional(),
  max_version: oneOf(['TLS12', 'TLS13']).optional(),
  cipher_suites: list(
    z.string({ error: 'the name of a cipher suite' }).refine((name) => Object.hasOwn(cipherNames, name), {
      error: `one of ${Object.keys(cipherNames).join(', ')}`,
    }),
    'a list of cipher suites',
  ).optional(),
  prefer_server_cipher_suites: flag.optional(),
  curve_preferences: list(oneOf(['CurveP256', 'CurveP384', 'CurveP521', 'X25519']), 'a list of curves').optional(),
})
  .refine((given) => !verifying.includes(given.client_auth_type ?? '') || given.client_ca_file !== undefined, {
    error: 'client_ca_file beside a client_auth_type that verifies',
  })
  .refine((given) => given.client_ca_file === undefined || verifying.includes(given.client_auth_type ?? ''), {
    error: `client_auth_type ${verifying.join(' or ')} beside client_ca_file, which nothing else looks at`,
  })
  .refine((given) => given.client_allowed_sans === undefined || verifying.includes(given.client_auth_type ?? ''), {
    error: `client_auth_type ${verifying.join(' or ')} beside client_allowed_sans, which nothing else looks at`,
  })
  .refine((given) => !(given.min_version === 'TLS13' && given.max_version === 'TLS12'), {
    error: 'a min_version that is not above max_version',
  });

const header = text('the value of a header: one line of printable ASCII', /^[\x20-\x7e]{1,4096}$/).optional();

export const webSchema = strict({
  tls_server_config: tls.optional(),
  http_server_config: strict({
    http2: flag.optional(),
    headers: strict({
      'Content-Security-Policy': header,
      'X-Frame-Options': header,
      'X-Content-Type-Options': header,
      'X-XSS-Protection': header,
      'Strict-Transport-Security': header,
    }).optional(),
  }).optional(),
  // A higher cost takes JavaScript many seconds of processor time for one wrong password.
  basic_auth_users: mapping(
    text(
      'a bcrypt hash of cost 4 to 15, as `htpasswd -nBC 10 NAME` prints it after the colon',
      /^\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}$/,
    ),
    'a mapping from user names to bcrypt hashes',
  )
    .refine((users) => Object.keys(users).every((name) => name !== '' && !name.includes(':')), {
      error: 'user names without ":", which HTTP cannot carry',
    })
    .optional(),
});
