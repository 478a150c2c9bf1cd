import {
  lackingOf,
  lockstepItself,
  outsiderWords,
  type HeldAuthority,
  type Outsider,
} from '../../../domain/rotation.js';
import type { Certificate } from '../../../domain/certificate.js';
import type { Refusal } from '../../../engine/procedure.js';
import { trustedBy, trusting, type Holder, type Trusting } from '../holder.js';

/** A file of authorities of one server, with those who read it. */
export interface TrustFile {
  readonly file: string;
  readonly readers: readonly Trusting[];
}

/** Every file of authorities of a server that is Lockstep's to change, each once. */
export function trustFilesOf(holder: Holder): readonly TrustFile[] {
  const files = [holder.trust, ...holder.channels.map(({ trust }) => trust), holder.ready?.trust];
  return [...new Set(files.filter((file) => file !== undefined))].map((file) => ({
    file,
    readers: trusting(holder, file),
  }));
}

/** Files whose readers do not trust all of an authority's certificates. */
export function filesLacking(holder: Holder, authority: HeldAuthority): readonly TrustFile[] {
  return trustFilesOf(holder).filter(({ readers }) =>
    readers.some((reader) => lackingOf(trustedBy(holder.server, reader), authority).length > 0),
  );
}

/** Files in which one of these stands. */
export function filesHolding(holder: Holder, certificates: readonly Certificate[]): readonly TrustFile[] {
  return trustFilesOf(holder).filter(({ readers }) =>
    readers.some((reader) => holds(trustedBy(holder.server, reader), certificates)),
  );
}

export function outsidersLacking(outsiders: readonly Outsider[], authority: HeldAuthority): readonly Outsider[] {
  return outsiders.filter(({ trusted }) => trusted !== undefined && lackingOf(trusted, authority).length > 0);
}

/** Those in whose file one of these stands, and from which it is Lockstep's to take. */
export function outsidersHolding(
  outsiders: readonly Outsider[],
  certificates: readonly Certificate[],
): readonly Outsider[] {
  return outsiders.filter(({ trusted = [], sharedWith }) => sharedWith === undefined && holds(trusted, certificates));
}

/** `db2`, `the channel east of db3`, `what lies ready on db1`. */
export function trustWords({ name }: Holder, { readers }: TrustFile): string {
  return readers
    .map((reader) => {
      if (reader === 'server') return name;
      if (reader === 'ready') return `what lies ready on ${name}`;
      return reader.channel === '' ? `the channel of ${name}` : `the channel ${reader.channel} of ${name}`;
    })
    .join(' and ');
}

/** Whom a rotation could not let trust anybody else, or could not see. */
export function trustRefusals(holder: Holder): readonly Refusal[] {
  const { name, channels, own } = holder;
  const elsewhere = channels.find(
    ({ channel: { tls }, trust }) => tls.enabled && trust === undefined && (tls.caFile ?? tls.caPath) !== undefined,
  );
  if (elsewhere !== undefined)
    return [
      {
        reason: 'files-elsewhere',
        why: `a channel of ${name} trusts what stands in ${elsewhere.channel.tls.caFile ?? elsewhere.channel.tls.caPath ?? ''}, which is not in ${own.directory}`,
        remedy: `Let it stand in ${own.directory}, one file: docs/certificates.md.`,
      },
    ];
  return trustFilesOf(holder)
    .filter(({ readers }) => readers.some((reader) => trustedBy(holder.server, reader).length === 0))
    .map(({ file }) => ({
      reason: 'trust-unseen',
      why: `whom ${name} trusts (${file}) cannot be read`,
      remedy: 'Look at the owner and mode of the file, and at `paths` of `hosts`: lockstep check.',
    }));
}

/** Whom Lockstep itself, or an application, trusts could not be changed, or not be seen. */
export function outsiderRefusals(outsiders: readonly Outsider[]): readonly Refusal[] {
  return outsiders.flatMap((one): readonly Refusal[] => {
    const { name, file, trusted } = one;
    if (name === lockstepItself && file === undefined)
      return [
        {
          reason: 'own-trust',
          why: 'Lockstep itself trusts the authorities that come with Node, and no file says otherwise',
          remedy: 'Write `tls: { ca_file: … }` for the cluster, with the authority of now in it.',
        },
      ];
    if (file === undefined || trusted !== undefined) return [];
    return [
      {
        reason: name === lockstepItself ? 'own-trust' : 'application-unseen',
        why: `whom ${outsiderWords(one)} trusts (${file}) cannot be read`,
        remedy:
          'Look at its machine and at the file; or take its `ca_file` out of the configuration and change it by hand.',
      },
    ];
  });
}

function holds(trusted: readonly Certificate[], wanted: readonly Certificate[]): boolean {
  return wanted.some((one) => trusted.some(({ fingerprint }) => fingerprint === one.fingerprint));
}
