import { randomBytes, sign, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { LockstepError, messageOf } from '../base/errors.js';
import type { AlternativeName } from './names.js';
import { attributesOf, type Subject } from './subject.js';
import type { Validity } from './validity.js';

/**
 * What the key of a certificate may be used for. `server` and `client` are strict; `both` is for a database server that
 * is a primary today and, as a replica, a client of another primary tomorrow with the same files.
 */
export const uses = ['server', 'client', 'both'] as const;
export type Use = (typeof uses)[number];

export interface Composition {
  readonly subject: Subject;
  readonly publicKey: KeyObject;
  readonly validity: Validity;
  /** From {@link randomSerial}. */
  readonly serial: string;
  readonly use: Use | 'authority' | 'intermediate';
  readonly names: readonly AlternativeName[];
}

export interface Signer {
  readonly key: KeyObject;
  /** Of the authority; undefined when the certificate signs itself. */
  readonly certificatePem: string | undefined;
}

/**
 * Lays out an X.509 v3 certificate and signs it (RSA, SHA-256). Proves nothing: see proof.ts.
 * @throws LockstepError `authority-unsupported` when the authority's key is not RSA
 */
export function compose(wish: Composition, signer: Signer): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(wish.publicKey.export({ type: 'spki', format: 'pem' }).toString());
  // A leading byte of 80 or more would make the number negative.
  certificate.serialNumber = /^[89A-F]/.test(wish.serial) ? `00${wish.serial}` : wish.serial;
  certificate.validity.notBefore = wish.validity.notBefore;
  certificate.validity.notAfter = wish.validity.notAfter;
  certificate.setSubject(attributesOf(wish.subject));
  const parent = signer.certificatePem === undefined ? undefined : parsed(signer.certificatePem);
  certificate.setIssuer(parent === undefined ? attributesOf(wish.subject) : parent.subject.attributes.map(asParsed));
  certificate.setExtensions([...extensionsOf(wish), ...authorityIdentifier(parent)]);
  certificate.sign(nativeKey(signer.key, certificate), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}

/** 128 random bits as 32 upper-case hex digits: never twice, and nothing to guess. */
export function randomSerial(): string {
  for (;;) {
    const serial = randomBytes(16).toString('hex').toUpperCase();
    // A number has no leading zeros: as read back, it would be shorter than what was recorded.
    if (!serial.startsWith('00')) return serial;
  }
}

function parsed(pem: string): forge.pki.Certificate {
  try {
    return forge.pki.certificateFromPem(pem);
  } catch (cause) {
    throw new LockstepError(
      'authority-unsupported',
      `the authority's certificate cannot be used for issuing: ${messageOf(cause)}`,
      'Only authorities with an RSA key can issue here.',
      { cause },
    );
  }
}

/** forge encodes UTF8String when it writes but does not decode it when it reads: names would differ byte by byte. */
function asParsed(attribute: forge.pki.CertificateField): forge.pki.CertificateField {
  const { valueTagClass, value } = attribute;
  return valueTagClass !== undefined && utf8Tags.has(valueTagClass) && typeof value === 'string'
    ? { ...attribute, value: forge.util.decodeUtf8(value) }
    : attribute;
}

const utf8Tags: ReadonlySet<number> = new Set([forge.asn1.Type.UTF8]);

/** forge lays out the certificate, OpenSSL signs it: in about 2 ms where forge's own arithmetic would block for 100. */
function nativeKey(key: KeyObject, certificate: forge.pki.Certificate): forge.pki.rsa.PrivateKey {
  const own = forge.pki.privateKeyFromPem(key.export({ type: 'pkcs1', format: 'pem' }).toString());
  own.sign = () => {
    const body = Buffer.from(forge.asn1.toDer(certificate.tbsCertificate).getBytes(), 'latin1');
    return sign('sha256', body, key).toString('latin1');
  };
  return own;
}

function extensionsOf({ use, names }: Composition): object[] {
  if (use === 'authority' || use === 'intermediate') {
    return [
      // What an intermediate signs is never an authority itself.
      {
        name: 'basicConstraints',
        critical: true,
        cA: true,
        ...(use === 'intermediate' ? { pathLenConstraint: 0 } : {}),
      },
      { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
      { name: 'subjectKeyIdentifier' },
    ];
  }
  return [
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: use !== 'client', clientAuth: use !== 'server' },
    { name: 'subjectKeyIdentifier' },
    ...(names.length === 0 ? [] : [{ name: 'subjectAltName', altNames: names.map(altName) }]),
  ];
}

/** Points at the authority's own identifier, which an imported one may have chosen freely. */
function authorityIdentifier(parent: forge.pki.Certificate | undefined): object[] {
  const found = parent?.getExtension({ name: 'subjectKeyIdentifier' });
  if (!found || !('subjectKeyIdentifier' in found)) return [];
  return [{ name: 'authorityKeyIdentifier', keyIdentifier: forge.util.hexToBytes(String(found.subjectKeyIdentifier)) }];
}

/** The numbers are those of GeneralName in RFC 5280. */
function altName({ type, value }: AlternativeName): object {
  return type === 'dns' ? { type: 2, value } : { type: 7, ip: value };
}
