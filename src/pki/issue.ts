import { X509Certificate } from 'node:crypto';
import { LockstepError } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import { certificateOf, x509sOf } from '../base/x509.js';
import type { Authority } from './authority.js';
import { compose, randomSerial, type Composition, type Use } from './compose.js';
import { generateKey, keyPem } from './keys.js';
import { entryOf, readLedger, record } from './ledger.js';
import { alternativeNames } from './names.js';
import { prove } from './proof.js';
import { checkSubject } from './subject.js';
import { validityOf, type Validity, type ValidityWish } from './validity.js';

export interface IssueRequest extends ValidityWish {
  /** Differs from the authority's own: servers built on OpenSSL take a certificate named like its authority for a self-signed one. */
  readonly commonName: string;
  readonly use: Use;
  /** DNS names and addresses by which clients reach it. A `client` may have none. */
  readonly names: readonly string[];
  /** Bits of the RSA key. Default 2048. */
  readonly keyBits?: number | undefined;
}

/** A certificate that was read back and verified, with its key, in PEM. */
export interface Issued {
  readonly certificatePem: string;
  readonly keyPem: Secret;
  /** What a server presents: the certificate, then the authorities between it and the root. */
  readonly chainPem: string;
  /** What those who check it are given: the authority, then those above it. */
  readonly authorityPem: string;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Issues a certificate with a fresh key. Default validity: 365 days, or to the end of the authority where that is sooner.
 * Safe to call many times at once, from several processes too.
 * @throws LockstepError `subject-invalid`, `name-invalid`, `names-missing`, `validity-invalid`, `authority-expired`,
 * `key-size`, `issued-wrong`
 */
export async function issue(authority: Authority, request: IssueRequest): Promise<Issued> {
  checkRequest(authority, request);
  const names = alternativeNames(request.names);
  const validity = boundedValidity(authority, request, Date.now());
  const { publicKey, privateKey } = await generateKey(request.keyBits ?? defaultBits);
  const wish: Composition = {
    subject: { commonName: request.commonName },
    publicKey,
    validity,
    serial: await freshSerial(authority.directory),
    use: request.use,
    names,
  };
  const certificatePem = compose(wish, authority);
  prove(certificatePem, wish, privateKey, new X509Certificate(authority.certificatePem));
  await record(authority.directory, entryOf(certificateOf(certificatePem), request.use));
  return {
    certificatePem,
    keyPem: keyPem(privateKey),
    chainPem: certificatePem + intermediates(authority),
    authorityPem: authority.authorityPem,
    serial: wish.serial,
    ...validity,
  };
}

const defaultDays = 365;
const defaultBits = 2048;

function checkRequest(authority: Authority, { commonName, use, names }: IssueRequest): void {
  checkSubject({ commonName });
  if (authority.certificate.subject.split(', ').includes(`CN=${commonName}`)) {
    throw new LockstepError(
      'subject-invalid',
      `the common name ${JSON.stringify(commonName)} is that of the authority itself`,
      'Choose another: MySQL and MariaDB would take the certificate for a self-signed one and refuse it.',
    );
  }
  if (use !== 'client' && names.length === 0) {
    throw new LockstepError(
      'names-missing',
      `no name was given for the server ${JSON.stringify(commonName)}`,
      'Give every DNS name and address by which clients and replicas reach it: they check these, not the common name.',
    );
  }
}

function boundedValidity({ certificate }: Authority, request: ValidityWish, now: number): Validity {
  const end = new Date(certificate.notAfter * 1000);
  const wished = validityOf(request, defaultDays, now);
  if (wished.notAfter <= end) return wished;
  // What was not asked for may be shortened; what was asked for is given or refused.
  const chosen = request.days !== undefined || request.notAfter !== undefined;
  if (chosen || end.getTime() <= Math.max(now, wished.notBefore.getTime())) {
    throw new LockstepError(
      chosen && end.getTime() > now ? 'validity-invalid' : 'authority-expired',
      `the authority "${certificate.subject}" ends at ${end.toISOString()}, before ${wished.notAfter.toISOString()}`,
      end.getTime() > now ? 'Ask for fewer days, or make a new authority.' : 'Make a new authority.',
    );
  }
  return { ...wished, notAfter: end };
}

async function freshSerial(directory: string): Promise<string> {
  const { entries } = await readLedger(directory);
  const taken = new Set(entries.map(({ serial }) => serial));
  for (;;) {
    const serial = randomSerial();
    if (!taken.has(serial)) return serial;
  }
}

/** A root is never presented: who trusts it has it, who does not will not take it from here. */
function intermediates({ authorityPem }: Authority): string {
  return x509sOf(authorityPem)
    .filter((one) => !one.checkIssued(one))
    .map((one) => one.toString())
    .join('');
}
