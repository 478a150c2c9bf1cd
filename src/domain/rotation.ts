import type { Certificate } from './certificate.js';
import type { OwnCertificate } from './own-certificate.js';

/** Authorities of a cluster, and who checks certificates besides its servers: what a rotation rests on. */
export interface Rotation {
  /** Where everything new comes from. */
  readonly to: HeldAuthority;
  /** The one that gives way to it; left out: none does, or it cannot be read. */
  readonly from?: HeldAuthority;
  readonly outsiders: readonly Outsider[];
  /** What Lockstep itself presents; left out: nothing. */
  readonly own?: OwnCertificate;
}

export interface HeldAuthority {
  /** By its name in the configuration. */
  readonly name: string;
  /** What those who trust it are given: its own certificate, then those above it. At least one. */
  readonly certificates: readonly [Certificate, ...Certificate[]];
  /** Whether its key is there, so that something can be issued. */
  readonly keyed: boolean;
}

/** The word that stands for Lockstep itself among those who check certificates. */
export const lockstepItself = 'lockstep';

/** Lockstep itself, or an application that the configuration names. */
export interface Outsider {
  /** {@link lockstepItself}, or the name of the application. */
  readonly name: string;
  /** Whom it trusts, on its machine; undefined: only a person sees that. */
  readonly file: string | undefined;
  /** Those in that file; undefined: it cannot be read. */
  readonly trusted: readonly Certificate[] | undefined;
  /** What an application presents; undefined: nothing, or it cannot be seen. What Lockstep does is {@link Rotation.own}. */
  readonly presents: Certificate | undefined;
  /** Another cluster, by its name, whose connections rest on the same file and still on the authority that gives way. */
  readonly sharedWith: string | undefined;
  /** Another cluster, by its name, whose connections rest on the same file and that names the authority that joins. */
  readonly reliedOnBy: string | undefined;
}

/** How people are told of an outsider: `Lockstep`, `the application shop`. */
export function outsiderWords({ name }: Pick<Outsider, 'name'>): string {
  return name === lockstepItself ? 'Lockstep' : `the application ${name}`;
}

/** Whether it was issued by this authority. Authorities of a cluster have different names. */
export function isIssuedBy({ issuer }: Certificate, { certificates: [own] }: HeldAuthority): boolean {
  return issuer === own.subject;
}

/** Certificates of an authority that are not among the trusted. */
export function lackingOf(trusted: readonly Certificate[], { certificates }: HeldAuthority): readonly Certificate[] {
  return certificates.filter((one) => !trusted.some(({ fingerprint }) => fingerprint === one.fingerprint));
}

/** What of the authority that gives way is no part of the other's chain: what is dropped in the end. */
export function goingOf({ to, from }: Rotation): readonly Certificate[] {
  return from === undefined ? [] : lackingOf(to.certificates, from);
}

/**
 * A distinguished name as servers compare it, for REQUIRE ISSUER and REQUIRE SUBJECT: `/O=Example/CN=db1` for
 * `O=Example, CN=db1` (X509_NAME_oneline of OpenSSL).
 */
export function slashed(name: string): string {
  return name
    .split(/(?<!\\), /)
    .map((part) => `/${part.replaceAll(/\\(.)/g, '$1')}`)
    .join('');
}
