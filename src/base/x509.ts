import { X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { LockstepError, messageOf } from './errors.js';

/**
 * What an X.509 certificate says, as plain data. The same shape as the domain's Certificate, which base may not name;
 * a test holds the two together. Times are seconds since the Unix epoch.
 */
export interface CertificateFacts {
  /** One line in the order of the encoding: `O=Example, CN=db1`. Special characters stay escaped as in RFC 2253. */
  readonly subject: string;
  readonly issuer: string;
  /** Upper-case hex, as openssl prints it. */
  readonly serial: string;
  /** SHA-256 of the DER form, lower-case hex without colons. */
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly keyAlgorithm: 'rsa' | 'ec' | 'ed25519' | 'other';
  /** RSA modulus or EC field, undefined where the algorithm fixes it. */
  readonly keyBits: number | undefined;
  /** DNS names and addresses of the subject alternative name, without type prefix; IPv6 in its short form. */
  readonly names: readonly string[];
  readonly isAuthority: boolean;
}

/**
 * Reads one certificate: DER, PEM text (the first certificate in it), or one that is parsed already.
 * @throws LockstepError `certificate-unreadable`
 */
export function certificateOf(given: Buffer | string | X509Certificate): CertificateFacts {
  const read = given instanceof X509Certificate ? given : x509Of(given);
  return {
    subject: oneLine(read.subject),
    issuer: oneLine(read.issuer),
    serial: read.serialNumber,
    fingerprint: read.fingerprint256.replaceAll(':', '').toLowerCase(),
    notBefore: secondsOf(read.validFrom),
    notAfter: secondsOf(read.validTo),
    ...keyOf(read),
    names: namesOf(read.subjectAltName),
    isAuthority: read.ca,
  };
}

/** Every certificate of a PEM bundle, in its order; text around them is allowed, none gives an empty list. */
export function certificatesOf(bundle: string): CertificateFacts[] {
  return x509sOf(bundle).map((one) => certificateOf(one));
}

/** As {@link certificatesOf}, but node's own objects, which can verify signatures. @throws LockstepError `certificate-unreadable` */
export function x509sOf(bundle: string): X509Certificate[] {
  const blocks = bundle.match(blockPattern) ?? [];
  const begun = bundle.match(beginPattern)?.length ?? 0;
  if (begun !== blocks.length) {
    throw new LockstepError(
      'certificate-unreadable',
      `the PEM text begins ${begun} certificates but holds ${blocks.length} whole ones`,
      'The file was probably cut off while it was copied: get it again.',
    );
  }
  return blocks.map(x509Of);
}

/** An IPv6 address in its short, lower-case form (`::1`), so that two spellings compare equal; anything else unchanged. */
export function shortAddress(address: string): string {
  // The URL parser is the only part of Node that shortens addresses.
  return isIPv6(address) && !address.includes('%') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

const blockPattern =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;
const beginPattern = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g;

function x509Of(given: Buffer | string): X509Certificate {
  try {
    return new X509Certificate(given);
  } catch (cause) {
    throw new LockstepError(
      'certificate-unreadable',
      `this is not an X.509 certificate: ${messageOf(cause)}`,
      'Give a certificate in PEM or DER form.',
      { cause },
    );
  }
}

/** Node separates the parts of a name by line feeds; line feeds inside a part come escaped. An empty name comes as undefined. */
function oneLine(name: string | undefined): string {
  return (name ?? '').trimEnd().replaceAll('\n', ', ');
}

function secondsOf(date: string): number {
  const milliseconds = Date.parse(date);
  if (Number.isNaN(milliseconds)) {
    throw new LockstepError('certificate-unreadable', `the certificate holds a date that cannot be read: "${date}"`);
  }
  return milliseconds / 1000;
}

function keyOf(read: X509Certificate): Pick<CertificateFacts, 'keyAlgorithm' | 'keyBits'> {
  let key;
  try {
    key = read.publicKey;
  } catch {
    // A kind of key that this OpenSSL does not know: the dates and names still matter.
    return { keyAlgorithm: 'other', keyBits: undefined };
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa' || type === 'rsa-pss') return { keyAlgorithm: 'rsa', keyBits: details?.modulusLength };
  if (type === 'ec') return { keyAlgorithm: 'ec', keyBits: curveBits(details?.namedCurve) };
  return { keyAlgorithm: type === 'ed25519' ? 'ed25519' : 'other', keyBits: undefined };
}

/** OpenSSL's curve names carry the size of the field: prime256v1, secp384r1, brainpoolP512r1, sect571k1. */
function curveBits(curve: string | undefined): number | undefined {
  const digits = curve === undefined ? undefined : /\d{3}/.exec(curve)?.[0];
  return digits === undefined ? undefined : Number(digits);
}

/** Node's text form: `DNS:a, IP Address:10.0.0.1, DNS:"with\u002c comma"`; a quoted value is a JSON string. */
function namesOf(text: string | undefined): string[] {
  const names: string[] = [];
  for (const [, type, value = ''] of (text ?? '').matchAll(namePattern)) {
    if (type !== 'DNS' && type !== 'IP Address') continue;
    const plain = value.startsWith('"') ? String(JSON.parse(value)) : value;
    names.push(type === 'DNS' ? plain : shortAddress(plain));
  }
  return names;
}

const namePattern = /([A-Za-z ]+?):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g;
