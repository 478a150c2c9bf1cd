import { createPublicKey, type KeyObject } from 'node:crypto';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import {
  context,
  der,
  elements,
  expected,
  integer,
  oid,
  oidText,
  only,
  pemBlock,
  pemOf,
  sequence,
  tags,
  type Element,
} from './der.js';
import {
  alternativeNamesIn,
  extendedUsagesIn,
  extensionIn,
  extensionsOf,
  ids,
  useOf,
  type AnyUse,
  type Use,
} from './extensions.js';
import { generateKey, keyPem, type KeyWish } from './keys.js';
import { alternativeNames } from './names.js';
import { signed, verifies } from './signature.js';
import { checkSubject, nameOf, type Subject } from './subject.js';
import { commonNameIn, nameText } from './subject-read.js';

/** What a signing request (PKCS #10, RFC 2986) asks for. Its asker has proved to hold the key; nothing else in it is proved. */
export interface SigningRequest {
  /** As asked for, byte for byte in `exact`. */
  readonly subject: Subject;
  /** One line, `O=Example, CN=db1`. */
  readonly subjectText: string;
  /** DNS names and addresses. */
  readonly names: readonly string[];
  /** What its extended key usage asks for; without one `both`. */
  readonly use: Use;
  readonly publicKey: KeyObject;
}

/**
 * @throws LockstepError `request-unreadable`; `request-unproven` when it is not signed by its own key; `key-weak` for
 * keys that servers refuse: RSA below 2048 bits, curves other than P-256, P-384 and P-521
 */
export function readRequest(pem: string, where = 'the signing request'): SigningRequest {
  const bytes = bytesOf(pem, where);
  let read: { readonly request: SigningRequest; readonly proved: boolean | undefined };
  try {
    read = parsed(bytes);
  } catch (cause) {
    throw unreadable(where, messageOf(cause), cause);
  }
  if (read.proved !== true) {
    throw new LockstepError(
      'request-unproven',
      read.proved === undefined
        ? `${where} is signed by an algorithm that is not taken here`
        : `${where} is not signed by the key that it asks a certificate for`,
      'Make it anew on the machine that holds the key, with SHA-256: openssl req -new -sha256 …',
    );
  }
  refuseWeak(read.request.publicKey, where);
  return read.request;
}

/** A request for a certificate of this key. @throws LockstepError `subject-invalid`, `name-invalid` */
export function requestFor(
  wish: { readonly subject: Subject; readonly names: readonly string[]; readonly use: AnyUse },
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
): string {
  checkSubject(wish.subject);
  const extensions = extensionsOf({ ...wish, names: alternativeNames(wish.names), publicKey: keys.publicKey });
  const body = sequence(
    integer('00'),
    nameOf(wish.subject),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    context(0, 'explicit', sequence(oid(extensionRequest), der(tags.set, extensions))),
  );
  return pemOf(signed(body, keys.privateKey), 'CERTIFICATE REQUEST');
}

/**
 * A fresh key, and the request to send to an authority that is elsewhere.
 * @throws LockstepError `subject-invalid`, `name-invalid`, `key-size`
 */
export async function requestCertificate(
  wish: Subject & KeyWish & { readonly names: readonly string[]; readonly use: Use },
): Promise<{ readonly requestPem: string; readonly keyPem: Secret }> {
  checkSubject(wish);
  alternativeNames(wish.names);
  const keys = await generateKey(wish);
  return { requestPem: requestFor({ ...wish, subject: wish }, keys), keyPem: keyPem(keys.privateKey) };
}

const extensionRequest = '1.2.840.113549.1.9.14';
/** Far above any real one. */
const largest = 64 * 1024;

function bytesOf(pem: string, where: string): Buffer {
  const found = pem.length > largest ? undefined : pemBlock(pem, 'CERTIFICATE REQUEST');
  if (found === undefined) throw unreadable(where, 'there is no signing request in it');
  return found;
}

function parsed(bytes: Buffer): { request: SigningRequest; proved: boolean | undefined } {
  const [body, algorithm, signature] = elements(only(bytes, tags.sequence).content);
  const [, name, key, attributes] = elements(expected(body, tags.sequence).content);
  const exact = expected(name, tags.sequence).raw;
  const publicKey = createPublicKey({ key: expected(key, tags.sequence).raw, type: 'spki', format: 'der' });
  const asked = attributes === undefined ? undefined : extensionsAsked(attributes);
  const names = asked === undefined ? undefined : extensionIn(asked, ids.alternativeNames);
  const usages = asked === undefined ? undefined : extensionIn(asked, ids.extendedKeyUsage);
  return {
    request: {
      subject: { commonName: commonNameIn(exact) ?? '', exact },
      subjectText: nameText(exact),
      names: names === undefined ? [] : alternativeNamesIn(names),
      use: useOf(usages === undefined ? undefined : extendedUsagesIn(usages)),
      publicKey,
    },
    proved: verifies(
      expected(body, tags.sequence).raw,
      expected(algorithm, tags.sequence),
      expected(signature, tags.bitString),
      publicKey,
    ),
  };
}

function extensionsAsked(attributes: Element): Element | undefined {
  for (const one of elements(expected(attributes, 0xa0).content)) {
    const [id, values] = elements(one.content);
    if (oidText(expected(id, tags.oid)) === extensionRequest) return elements(expected(values, tags.set).content)[0];
  }
  return undefined;
}

function refuseWeak(key: KeyObject, where: string): void {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const type = String(key.asymmetricKeyType);
  if (type === 'rsa' && modulusLength >= 2048 && modulusLength <= 16_384) return;
  if (type === 'ec' && ['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve)) return;
  throw new LockstepError(
    'key-weak',
    `the key of ${where} (${type}${type === 'rsa' ? ` of ${modulusLength} bits` : namedCurve && `, ${namedCurve}`}) is none that every server accepts`,
    'Make an RSA key of 2048 to 16384 bits, or one of the curves P-256, P-384 or P-521.',
  );
}

function unreadable(where: string, why: string, cause?: unknown): LockstepError {
  return new LockstepError(
    'request-unreadable',
    `${where} cannot be read as a signing request: ${why}`,
    'Give a PKCS #10 request in PEM form, as `openssl req -new` writes it.',
    { cause },
  );
}
