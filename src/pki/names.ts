import forge from 'node-forge';
import { alternativeNameKind } from '../base/alternative-name.js';
import { LockstepError } from '../base/errors.js';
import { shortAddress } from '../base/x509.js';

export interface AlternativeName {
  readonly type: 'dns' | 'address';
  readonly value: string;
}

/**
 * Sorts subject alternative names into DNS names and addresses, without repetitions, addresses in their short form.
 * @throws LockstepError `name-invalid` quoting the name: anything that no client would ever match
 */
export function alternativeNames(names: readonly string[]): AlternativeName[] {
  const found = new Map<string, AlternativeName>();
  for (const name of names) {
    const one = alternativeName(name);
    found.set(one.value.toLowerCase(), one);
  }
  return [...found.values()];
}

/** As it stands in a certificate: 4 or 16 bytes. @param address in its short form */
export function addressBytes(address: string): Buffer {
  return Buffer.from(addresses.bytesFromIP(address), 'latin1');
}

/** In its short form. @throws RangeError for another number of bytes than 4 or 16 */
export function addressIn(bytes: Buffer): string {
  const address = addresses.bytesToIP(bytes.toString('latin1'));
  if (address === null) throw new RangeError('an address of another length');
  return address;
}

/** What the published types of node-forge leave out. */
const addresses = forge.util as unknown as {
  bytesFromIP(address: string): string;
  bytesToIP(bytes: string): string | null;
};

function alternativeName(name: string): AlternativeName {
  const type = alternativeNameKind(name);
  if (type === undefined) throw wrong(name);
  return { type, value: type === 'address' ? shortAddress(name) : name };
}

function wrong(name: string): LockstepError {
  return new LockstepError(
    'name-invalid',
    `${JSON.stringify(name)} is neither a DNS name nor an IP address`,
    'Give a name such as db1.example.org (non-ASCII names in their xn-- form, no trailing dot, * only as the first label) or an address such as 10.0.0.1 or fd00::1.',
  );
}
