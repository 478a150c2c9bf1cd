import type { Certificate } from '../../../domain/certificate.js';
import type { Leaf } from '../../../domain/certificate-action.js';
import { ownPlaceOf, type OwnCertificate, type OwnPlace } from '../../../domain/own-certificate.js';
import { isIssuedBy, slashed, type HeldAuthority, type Rotation } from '../../../domain/rotation.js';
import type { Scene, SiteTls } from '../../../domain/scene.js';
import type { Refusal } from '../../../engine/procedure.js';
import { fits } from '../bound.js';
import { commonNameOf } from '../holder.js';

/** The certificate with which Lockstep itself logs in, as it is and as it is to be. */
export interface OwnChange {
  readonly own: OwnCertificate;
  readonly present: Certificate;
  readonly place: OwnPlace;
  readonly leaf: Leaf;
  /** It comes from the same authority, so that a server that lets nobody in now tells nothing. */
  readonly same: boolean;
}

export const ownNote = 'own-certificate';

/** undefined: there is none, or it cannot be read. */
export function ownChangeOf({ own }: Rotation, site: SiteTls, authority: HeldAuthority): OwnChange | undefined {
  const present = own?.certificate;
  if (own === undefined || present === undefined) return undefined;
  const place = ownPlaceOf(own.certFile, own.keyFile);
  return {
    own,
    present,
    place,
    leaf: {
      certificate: place.certificate,
      key: place.key,
      // With names of its own it may be served as well, by Lockstep's listener.
      use: present.names.length > 0 ? 'both' : 'client',
      authority: authority.name,
      commonName: commonNameOf(present) ?? 'lockstep',
      names: present.names,
      lifetime: site.lifetime,
      noteAs: ownNote,
    },
    same: isIssuedBy(present, authority),
  };
}

/** Why it cannot be changed by a run of this cluster, each with what to do about it. */
export function ownRefusals(
  { own, present, leaf }: OwnChange,
  scene: Scene,
  authority: HeldAuthority,
): readonly Refusal[] {
  const { cluster } = scene.site;
  const { fixed, keptBy } = own;
  return [
    ...(keptBy === undefined || keptBy === cluster
      ? []
      : [
          {
            reason: 'own-kept-elsewhere',
            why: `the certificate that Lockstep presents (${own.certFile}) is kept by the cluster ${keptBy}, which presents it too`,
            remedy: `Renew or reissue it there: --cluster ${keptBy}.`,
          },
        ]),
    ...(keptBy !== undefined && authority.keyed
      ? []
      : [
          {
            reason: 'authority-elsewhere',
            why: `the certificate that Lockstep presents (${own.certFile}) was issued by "${present.issuer}", whose key is not here`,
            remedy: ownByHand(own, leaf.authority),
          },
        ]),
    ...(fixed === undefined
      ? []
      : [
          {
            reason: 'own-files',
            why: `${own.certFile} and ${own.keyFile} are not Lockstep's to change, since ${fixed}`,
            remedy: ownByHand(own, leaf.authority),
          },
        ]),
    ...pinned({ present, leaf }, scene, authority),
  ];
}

/** What a person does where Lockstep cannot. */
export function ownByHand({ certFile, keyFile }: OwnCertificate, authority: string): string {
  return `By hand: lockstep pki issue --authority ${authority} --use client --common-name lockstep --out DIR, and place both files as ${certFile} and ${keyFile}.`;
}

/** Clusters that present it and name this authority nowhere: nobody has said that they trust it. */
export function strangersTo({ presentedTo }: OwnCertificate, { name }: HeldAuthority): readonly string[] {
  return presentedTo.filter(({ authorities }) => !authorities.includes(name)).map(({ cluster }) => cluster);
}

/** Lockstep's own accounts that the present certificate fits, and the next would not. */
function pinned(
  { present, leaf }: Pick<OwnChange, 'present' | 'leaf'>,
  { site, snapshot }: Scene,
  authority: HeldAuthority,
): readonly Refusal[] {
  const { monitor, operate } = site.accounts;
  const next = { subject: `CN=${leaf.commonName}`, issuer: authority.certificates[0].subject };
  const broken = snapshot.servers.flatMap(({ facts }) =>
    (facts?.accounts?.bound ?? []).filter(
      (one) => [monitor, operate].includes(one.user) && fits(one, present) && !fits(one, next),
    ),
  );
  if (broken.length === 0) return [];
  const names = [...new Set(broken.map(({ user, host }) => `'${user}'@'${host}'`))];
  return [
    {
      reason: 'account-pinned',
      why: `Lockstep could not log in on ${names.join(', ')} any more: bound to "${slashed(present.subject)}" of "${slashed(present.issuer)}"`,
      remedy: 'Let it require X509 alone meanwhile: ALTER USER … REQUIRE X509.',
    },
  ];
}
