import { sign, verify, type KeyObject } from 'node:crypto';
import { LockstepError } from '../base/errors.js';
import { der, elements, expected, oid, oidText, sequence, tags, type Element } from './der.js';

/** How a key signs what it is given: the algorithm as certificates name it, and the hash behind it. */
export interface Scheme {
  /** DER of the AlgorithmIdentifier. */
  readonly algorithm: Buffer;
  readonly hash: string;
}

/** @throws LockstepError `authority-unsupported` for a key that is neither RSA nor of the curves P-256 and P-384 */
export function schemeOf(key: KeyObject): Scheme {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'rsa') {
    return { algorithm: sequence(oid('1.2.840.113549.1.1.11'), der(tags.null)), hash: 'sha256' };
  }
  if (key.asymmetricKeyType === 'ec' && curve === 'prime256v1') {
    return { algorithm: sequence(oid('1.2.840.10045.4.3.2')), hash: 'sha256' };
  }
  if (key.asymmetricKeyType === 'ec' && curve === 'secp384r1') {
    return { algorithm: sequence(oid('1.2.840.10045.4.3.3')), hash: 'sha384' };
  }
  throw new LockstepError(
    'authority-unsupported',
    `a key of type ${[String(key.asymmetricKeyType), curve].filter(Boolean).join(' ')} cannot sign certificates here`,
    'Authorities have an RSA key, or one of the curves P-256 and P-384.',
  );
}

/** `body`, then who signed it and how: what certificates and signing requests both are. OpenSSL signs, in about 2 ms. */
export function signed(body: Buffer, key: KeyObject): Buffer {
  const { algorithm, hash } = schemeOf(key);
  return sequence(body, algorithm, der(tags.bitString, Buffer.of(0), sign(hash, body, key)));
}

/**
 * Whether `signature` over `body` is by the holder of the key. undefined: by an algorithm that is not taken here, SHA-1
 * and older ones among them.
 */
export function verifies(body: Buffer, algorithm: Element, signature: Element, key: KeyObject): boolean | undefined {
  const hash = hashes[oidText(expected(elements(algorithm.content)[0], tags.oid))];
  if (hash === undefined) return undefined;
  const { content } = expected(signature, tags.bitString);
  if (content[0] !== 0) return false;
  try {
    return verify(hash, body, key, content.subarray(1));
  } catch {
    // A signature of another kind than the key.
    return false;
  }
}

const hashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};
