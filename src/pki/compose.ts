import { randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import { context, elements, expected, integer, only, pemOf, sequence, tags, time, type Element } from './der.js';
import { extensionIn, extensionsOf, ids, type AnyUse } from './extensions.js';
import type { AlternativeName } from './names.js';
import { schemeOf, signed } from './signature.js';
import { nameOf, type Subject } from './subject.js';
import type { Validity } from './validity.js';

export interface Composition {
  readonly subject: Subject;
  readonly publicKey: KeyObject;
  readonly validity: Validity;
  /** From {@link randomSerial}. */
  readonly serial: string;
  readonly use: AnyUse;
  readonly names: readonly AlternativeName[];
}

export interface Signer {
  readonly key: KeyObject;
  /** Of the authority; undefined when the certificate signs itself. */
  readonly certificatePem: string | undefined;
}

/**
 * Lays out an X.509 v3 certificate (RFC 5280) and signs it. Proves nothing: see proof.ts.
 * @throws LockstepError `authority-unsupported` when the authority has a key of a kind that cannot sign here
 */
export function compose(wish: Composition, signer: Signer): string {
  const parent = signer.certificatePem === undefined ? undefined : new X509Certificate(signer.certificatePem);
  const subject = nameOf(wish.subject);
  const body = sequence(
    context(0, 'explicit', integer('02')),
    integer(wish.serial),
    schemeOf(signer.key).algorithm,
    // Byte for byte: an issuer spelt otherwise than its certificate is another one.
    parent === undefined ? subject : nameIn(parent),
    sequence(time(wish.validity.notBefore), time(wish.validity.notAfter)),
    subject,
    wish.publicKey.export({ type: 'spki', format: 'der' }),
    context(3, 'explicit', extensionsOf(wish, parent === undefined ? undefined : keyIdentifierIn(parent))),
  );
  return pemOf(signed(body, signer.key), 'CERTIFICATE');
}

/** 128 random bits as 32 upper-case hex digits: never twice, and nothing to guess. */
export function randomSerial(): string {
  for (;;) {
    const serial = randomBytes(16).toString('hex').toUpperCase();
    // A number has no leading zeros: as read back, it would be shorter than what was recorded.
    if (!serial.startsWith('00')) return serial;
  }
}

/** The subject of a certificate as it stands there, in DER. */
export function nameIn(certificate: X509Certificate): Buffer {
  // After serial number, algorithm, issuer and validity.
  return expected(partsOf(certificate)[4], tags.sequence).raw;
}

/** What an imported authority calls its own key; undefined when it has no name for it. */
function keyIdentifierIn(certificate: X509Certificate): Buffer | undefined {
  const extensions = partsOf(certificate).find(({ tag }) => tag === 0xa3);
  const [list] = extensions === undefined ? [] : elements(extensions.content);
  const content = list === undefined ? undefined : extensionIn(list, ids.subjectKeyIdentifier);
  return content === undefined ? undefined : only(content, tags.octetString).content;
}

/** Of what is signed, the parts from the serial number on. */
function partsOf(certificate: X509Certificate): readonly Element[] {
  const [body] = elements(only(certificate.raw, tags.sequence).content);
  const parts = elements(expected(body, tags.sequence).content);
  return parts[0]?.tag === 0xa0 ? parts.slice(1) : parts;
}
