import { messageOf } from '../base/errors.js';
import { certificateOf } from '../base/x509.js';
import type { Failure } from '../domain/snapshot.js';
import type { Circumstances } from './failure.js';
import { plainText } from './greeting.js';
import { type Target, whereabouts } from './target.js';

/**
 * A TLS handshake that did not come about. Node puts OpenSSL's reasons into codes: `ERR_SSL_` and the reason.
 * undefined when the code is no matter of TLS.
 */
export function tlsFailureOf(code: string, error: unknown, { target }: Circumstances): Failure | undefined {
  if (!code.startsWith('ERR_SSL_') && !code.startsWith('ERR_TLS_') && code !== 'EPROTO') return undefined;
  const where = whereabouts(target.address);
  if (refusedPattern.test(code)) return clientCertificateRefused(target, `refused it: ${alertOf(code)}`);
  if (versionPattern.test(code)) {
    return {
      reason: 'tls-failed',
      message: `${where} and Lockstep have no version of TLS in common: allow TLSv1.2 or TLSv1.3 on the server (tls_version), or lower min_version here.`,
    };
  }
  if (cipherPattern.test(code)) {
    return {
      reason: 'tls-failed',
      message: `${where} and Lockstep have no cipher suite in common (${code}): check ssl_cipher on the server.`,
    };
  }
  if (notTlsPattern.test(code)) {
    return {
      reason: 'tls-failed',
      message: `${where} offered TLS and then spoke something else: look for a proxy in between.`,
    };
  }
  return {
    reason: 'tls-failed',
    message: `TLS with ${where} failed (${code}): ${plainText(messageOf(error))}.`,
  };
}

/** Our own side of TLS cannot even begin. */
export function contextFailureOf(error: unknown, target: Target): Failure {
  return {
    reason: 'tls-failed',
    message: `The CA, client certificate or key for ${whereabouts(target.address)} cannot be used: ${plainText(messageOf(error))}.`,
  };
}

/** @param how what the server did, to follow "the server" */
export function clientCertificateRefused(target: Target, how: string): Failure {
  const where = whereabouts(target.address);
  const given = target.tls?.cert;
  if (given === undefined) {
    return {
      reason: 'tls-failed',
      message: `${where} wants a client certificate, and none is configured: set cert_file and key_file.`,
    };
  }
  return {
    reason: 'tls-failed',
    message: `${where} was shown the client certificate ${described(given)} and ${how}. Check its dates, and that the server's ssl_ca holds its issuer.`,
  };
}

function described(pem: string | Buffer): string {
  try {
    const { subject, issuer, notAfter } = certificateOf(pem);
    return `"${subject}" (issued by "${issuer}", valid until ${new Date(notAfter * 1000).toISOString()})`;
  } catch {
    return 'that is configured';
  }
}

/** The alert in words: ERR_SSL_TLSV1_ALERT_UNKNOWN_CA is "unknown ca". */
function alertOf(code: string): string {
  return code
    .replace(/^.*ALERT_/, '')
    .replaceAll('_', ' ')
    .toLowerCase();
}

/** Alerts about a certificate can only be about ours, for the server has no other to look at (RFC 8446, 6.2). */
const refusedPattern =
  /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(?:EXPIRED|REVOKED|UNKNOWN|REQUIRED)|ACCESS_DENIED|DECRYPT_ERROR)/;
const versionPattern = /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|INSUFFICIENT_SECURITY/;
const cipherPattern = /ALERT_HANDSHAKE_FAILURE|NO_CIPHER|NO_SHARED|DH_KEY_TOO_SMALL|UNSAFE_LEGACY_RENEGOTIATION/;
const notTlsPattern = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|BAD_RECORD_TYPE/;
