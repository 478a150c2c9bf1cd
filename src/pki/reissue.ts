import { X509Certificate } from 'node:crypto';
import { certificateOf } from '../base/x509.js';
import { useOf } from './extensions.js';
import type { IssueRequest } from './issue.js';
import type { KeyWish } from './keys.js';
import { subjectOf } from './subject-read.js';

/**
 * What to ask for so that a new certificate says the same as this one: the same subject byte for byte, the same names
 * and use, a fresh key of the same kind. How long it holds is for the caller to say. A server's certificate without
 * alternative names gets its common name as one, since newer clients read no other.
 * @param pem the first certificate in it
 * @throws LockstepError `certificate-unreadable`
 */
export function requestLike(pem: string): IssueRequest {
  const certificate = certificateOf(pem);
  const read = new X509Certificate(pem);
  const subject = subjectOf(pem);
  // Node's keyUsage is the extended one; its types say that it is always there, which it is not.
  const use = useOf(read.keyUsage);
  const names = certificate.names.length > 0 || use === 'client' ? certificate.names : [subject.commonName];
  return { ...subject, use, names, ...keyLike(read) };
}

function keyLike({ publicKey }: X509Certificate): KeyWish {
  const { namedCurve, modulusLength = 0 } = publicKey.asymmetricKeyDetails ?? {};
  if (namedCurve === 'prime256v1') return { keyType: 'p256' };
  if (namedCurve === 'secp384r1') return { keyType: 'p384' };
  // What is too short for today's servers is not made again.
  return { keyType: 'rsa', keyBits: [4096, 3072].find((bits) => modulusLength >= bits) ?? 2048 };
}
