import { X509Certificate, type KeyObject } from 'node:crypto';
import { LockstepError } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import { certificateOf, x509sOf } from '../base/x509.js';
import { signerOf, type Authority } from './authority.js';
import { compose, nameIn, randomSerial, type Composition } from './compose.js';
import type { Use } from './extensions.js';
import { generateKey, keyPem, type KeyWish } from './keys.js';
import { entryOf, readLedger, record } from './ledger.js';
import { alternativeNames } from './names.js';
import { prove } from './proof.js';
import type { SigningRequest } from './signing-request.js';
import { checkSubject, type Subject } from './subject.js';
import { validityOf, type Validity, type ValidityWish } from './validity.js';

/** What a certificate shall say. */
export interface LeafWish extends Subject, ValidityWish {
  /** Differs from the authority's own: servers built on OpenSSL take a certificate named like its authority for a self-signed one. */
  readonly commonName: string;
  readonly use: Use;
  /** DNS names and addresses by which clients reach it. A `client` may have none. */
  readonly names: readonly string[];
  /**
   * How long it holds where neither `days` nor `notAfter` says so, seconds; less where the authority ends sooner.
   * Default 365 days.
   */
  readonly lifetimeSeconds?: number | undefined;
}

/** For a fresh key, made here. */
export interface IssueRequest extends LeafWish, KeyWish {}

/** For a key that stays where it was made. Of the request only the key counts: what the certificate says stands beside it. */
export interface SignRequest extends LeafWish {
  /** From `readRequest`. */
  readonly request: Pick<SigningRequest, 'publicKey'>;
}

/** A certificate that was read back and verified, in PEM. */
export interface Certified {
  readonly certificatePem: string;
  /** What a server presents: the certificate, then the authorities between it and the root. */
  readonly chainPem: string;
  /** What those who check it are given: the authority, then those above it. */
  readonly authorityPem: string;
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** With its key. */
export interface Issued extends Certified {
  readonly keyPem: Secret;
}

/**
 * Issues a certificate with a fresh key. Default validity: 365 days, or to the end of the authority where that is sooner.
 * Safe to call many times at once, from several processes too.
 * @throws LockstepError `subject-invalid`, `name-invalid`, `names-missing`, `validity-invalid`, `authority-expired`,
 * `authority-elsewhere`, `key-size`, `issued-wrong`
 */
export async function issue(authority: Authority, request: IssueRequest): Promise<Issued> {
  const wish = checked(authority, request);
  const { publicKey, privateKey } = await generateKey(request);
  return { ...(await certified(authority, wish, publicKey)), keyPem: keyPem(privateKey) };
}

/** As {@link issue}, for the key of a signing request. */
export async function sign(authority: Authority, { request, ...wish }: SignRequest): Promise<Certified> {
  return certified(authority, checked(authority, wish), request.publicKey);
}

/** The authorities between a certificate and the root. A root is never presented: who trusts it has it, who does not will not take it from here. */
export function intermediatesIn(pem: string): readonly string[] {
  return x509sOf(pem)
    .filter((one) => !one.checkIssued(one))
    .map((one) => one.toString());
}

const defaultLifetime = 365 * 86_400;

type Checked = Pick<Composition, 'subject' | 'use' | 'names' | 'validity'>;

function checked(authority: Authority, wish: LeafWish): Checked {
  checkSubject(wish);
  const { commonName, use } = wish;
  if (namedLike(authority, wish)) {
    throw new LockstepError(
      'subject-invalid',
      `the common name ${JSON.stringify(commonName)} is that of the authority itself`,
      'Choose another: MySQL and MariaDB would take the certificate for a self-signed one and refuse it.',
    );
  }
  if (use !== 'client' && wish.names.length === 0) {
    throw new LockstepError(
      'names-missing',
      `no name was given for the server ${JSON.stringify(commonName)}`,
      'Give every DNS name and address by which clients and replicas reach it: they check these, not the common name.',
    );
  }
  const names = alternativeNames(wish.names);
  return { subject: wish, use, names, validity: boundedValidity(authority, wish, Date.now()) };
}

async function certified(authority: Authority, wish: Checked, publicKey: KeyObject): Promise<Certified> {
  const signer = signerOf(authority);
  const composition = { ...wish, publicKey, serial: await freshSerial(authority.directory) };
  const certificatePem = compose(composition, signer);
  prove(certificatePem, composition, new X509Certificate(authority.certificatePem));
  await record(authority.directory, entryOf(certificateOf(certificatePem), wish.use));
  return {
    certificatePem,
    chainPem: [certificatePem, ...intermediatesIn(authority.authorityPem)].join(''),
    authorityPem: authority.authorityPem,
    serial: composition.serial,
    ...wish.validity,
  };
}

function namedLike(authority: Authority, { commonName, exact }: Subject): boolean {
  if (exact !== undefined) return nameIn(new X509Certificate(authority.certificatePem)).equals(exact);
  return authority.certificate.subject.split(', ').includes(`CN=${commonName}`);
}

function boundedValidity({ certificate }: Authority, request: LeafWish, now: number): Validity {
  const end = new Date(certificate.notAfter * 1000);
  const wished = validityOf(request, (request.lifetimeSeconds ?? defaultLifetime) / 86_400, now);
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
