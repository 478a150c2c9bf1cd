import { LockstepError } from '../../base/errors.js';
import { certificateOf, x509sOf } from '../../base/x509.js';
import type { Trust } from '../../domain/certificate-action.js';
import type { Authority } from '../../pki/authority.js';

export type Authorities = (name: string) => Promise<Authority>;

/**
 * A file of authorities as it is to be: as it stands, without those that leave, and with those that join, each once.
 * @throws LockstepError `trust-empty` when nobody would be left
 */
export async function changedBundle(
  pem: string,
  { file, add, drop }: Trust,
  authorities: Authorities,
): Promise<Buffer> {
  const joining = (await Promise.all(add.map(authorities))).flatMap(({ authorityPem }) => x509sOf(authorityPem));
  const staying = x509sOf(pem).filter((one) => !drop.includes(certificateOf(one).fingerprint));
  const each = [...new Map([...staying, ...joining].map((one) => [one.fingerprint256, one])).values()];
  if (each.length === 0) throw new LockstepError('trust-empty', `nobody would be trusted by ${JSON.stringify(file)}`);
  return Buffer.from(each.map((one) => one.toString()).join(''));
}
