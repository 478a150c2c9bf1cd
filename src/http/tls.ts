import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { LockstepError, messageOf } from '../base/errors.js';
import type { TlsSettings } from './settings.js';

/**
 * Reads the files and checks that they make a listener: certificate and key belong together and can be parsed.
 * @throws LockstepError `tls-files-unusable`
 */
export function secureContextOf(tls: TlsSettings): SecureContextOptions {
  try {
    const options: SecureContextOptions = {
      cert: readFileSync(tls.certFile),
      key: readFileSync(tls.keyFile),
      minVersion: tls.minVersion,
      maxVersion: tls.maxVersion,
      honorCipherOrder: tls.preferServerCipherSuites,
      ...(tls.clientCaFile === undefined ? {} : { ca: readFileSync(tls.clientCaFile) }),
      ...(tls.cipherSuites.length === 0 ? {} : { ciphers: [...suites13, ...tls.cipherSuites].join(':') }),
      ...(tls.curves.length === 0 ? {} : { ecdhCurve: tls.curves.join(':') }),
    };
    createSecureContext(options);
    return options;
  } catch (error) {
    throw new LockstepError(
      'tls-files-unusable',
      `the TLS files of the web configuration cannot be used (${tls.certFile}, ${tls.keyFile}${tls.clientCaFile === undefined ? '' : `, ${tls.clientCaFile}`}): ${messageOf(error)}`,
      'Check that the files exist, may be read by this user, are PEM, and that the key belongs to the certificate.',
      { cause: error },
    );
  }
}

/** Changes when a file of the listener changes; a file that is away counts as a change too. */
export function fingerprintOf(tls: TlsSettings): string {
  return [tls.certFile, tls.keyFile, tls.clientCaFile ?? '']
    .map((file) => {
      const stat = file === '' ? undefined : statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? '' : `${stat.dev}.${stat.ino}.${stat.mtimeMs}.${stat.size}`;
    })
    .join(' ');
}

/** What the TLS listener demands of clients before any request; fixed when the listener is made. */
export function clientDemands(tls: TlsSettings): { requestCert: boolean; rejectUnauthorized: boolean } {
  return {
    requestCert: tls.clientAuth !== 'none',
    rejectUnauthorized: tls.clientAuth === 'require-and-verify',
  };
}

/** Whether a client that finished its handshake may go on, as `client_auth_type` and `client_allowed_sans` say. */
export function mayStay(socket: TLSSocket, tls: TlsSettings): boolean {
  if (tls.clientAuth === 'none' || tls.clientAuth === 'request') return true;
  const { raw, subjectaltname } = socket.getPeerCertificate() as { raw?: Buffer; subjectaltname?: string };
  const given = raw !== undefined;
  if (tls.clientAuth === 'require-any') return given;
  if (!given) return tls.clientAuth === 'verify-if-given';
  return socket.authorized && (tls.clientAllowedSans.length === 0 || carries(subjectaltname ?? '', tls));
}

/** Suites of TLS 1.3 stay on whatever `cipher_suites` says, as in Go. */
const suites13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Node writes names as `DNS:a, IP Address:b, URI:c, email:d`, and in quotes as JSON where one could be misread. */
function carries(names: string, tls: TlsSettings): boolean {
  const found = names.split(', ').flatMap((part) => /^(?:DNS|IP Address|URI|email):([^"]*)$/.exec(part)?.[1] ?? []);
  return found.some((name) => tls.clientAllowedSans.includes(name));
}
