import { isIssuedBy, lockstepItself, outsiderWords, type Rotation } from '../../../domain/rotation.js';
import type { Parameters, Scene } from '../../../domain/scene.js';
import type { Refusal } from '../../../engine/procedure.js';
import { identityPremise, viewOf } from '../../view.js';
import { presentOf, type Present } from '../due.js';
import { serverCertificate, type Holder } from '../holder.js';
import { noFormerAuthority, unreadable } from '../refusals.js';
import { holdersOf, membersOf, type Member } from './members.js';
import { filesLacking, outsidersLacking, trustWords } from './trust.js';

/** What the three procedures of a rotation look at. */
export interface Sight {
  readonly scene: Scene;
  readonly rotation: Rotation;
  readonly members: readonly Member[];
  /** Of those that can be changed. */
  readonly holders: readonly Holder[];
  /** Seconds since the Unix epoch. */
  readonly at: number;
}

/** undefined: no authority is configured, or it cannot be read. */
export function sightOf(scene: Scene): Sight | undefined {
  const { rotation } = scene;
  if (rotation === undefined) return undefined;
  const members = membersOf(scene);
  return { scene, rotation, members, holders: holdersOf(members), at: scene.snapshot.at / 1000 };
}

/** Why there is none, and what two authorities of one cluster must not have in common. */
export function authorityRefusals({ site, rotation }: Scene): readonly Refusal[] {
  const { serverTls } = site;
  if (serverTls === undefined)
    return [
      {
        reason: 'not-configured',
        why: `nothing says which authority the certificates of ${site.cluster} come from`,
        remedy: 'Write `server_tls: { authority: …, directory: … }` for the cluster: docs/certificates.md.',
      },
    ];
  if (rotation?.to.name !== serverTls.authority) return [unreadable(serverTls.authority)];
  const noFormer = noFormerAuthority({ site, rotation });
  if (noFormer.length > 0) return noFormer;
  const { to, from } = rotation;
  if (from?.certificates[0].subject !== to.certificates[0].subject) return [];
  return [
    {
      reason: 'same-name',
      why: `${to.name} and ${from.name} are both called "${to.certificates[0].subject}": nobody could tell whose certificate one is`,
      remedy: `Make ${to.name} anew, with another common name: lockstep pki init.`,
    },
  ];
}

/** Everybody who is seen not to trust the new authority. */
export function notTrusting({ holders, rotation: { to, outsiders } }: Sight): readonly string[] {
  return [
    ...holders.flatMap((holder) => filesLacking(holder, to).map((file) => trustWords(holder, file))),
    ...outsidersLacking(outsiders, to).map(outsiderWords),
  ];
}

/** Certificates of a server that come from somebody else, those that it serves and those in files. */
export function foreignOf(holder: Holder, { to }: Rotation, at: number): readonly Present[] {
  const served = serverCertificate(holder.server, 'handshake');
  return presentOf(holder, at).filter(
    ({ certificate, use }) =>
      (certificate !== undefined && !isIssuedBy(certificate, to)) ||
      (use !== 'client' && served !== undefined && !isIssuedBy(served, to)),
  );
}

/** Applications of which nobody but a person sees whom they trust; where none is configured, all of them, by that word. */
export function unseenApplications({ outsiders }: Rotation, what: 'trusted' | 'presents'): readonly string[] {
  const applications = outsiders.filter(({ name }) => name !== lockstepItself);
  if (applications.length === 0) return ['applications'];
  return applications.filter((one) => one[what] === undefined).map(({ name }) => name);
}

/** What nobody can see is what a person must have said. @param of what they must do */
export function acknowledgement(
  parameters: Parameters,
  unseen: readonly string[],
  known: readonly string[],
  of: { readonly reason: string; readonly why: (names: string) => string; readonly remedy: string },
): readonly Refusal[] {
  const given = (parameters['acknowledged'] ?? '').split(',').filter((name) => name !== '');
  const stranger = given.find((name) => !known.includes(name));
  if (stranger !== undefined)
    return [
      {
        reason: 'unknown-application',
        why: `"${stranger}" is none of the applications: ${known.join(', ')}`,
        remedy: 'Write it under `server_tls: { applications: … }`, or leave it out.',
      },
    ];
  const missing = unseen.filter((name) => !given.includes(name));
  if (missing.length === 0) return [];
  const names = missing.map((name) => (name === 'applications' ? 'the applications' : name)).join(', ');
  return [
    {
      reason: of.reason,
      why: of.why(names),
      remedy: `${of.remedy}, then ask with acknowledged: ${[...given, ...missing].join(',')}.`,
    },
  ];
}

/** Names that may be acknowledged. */
export function applicationNames({ outsiders }: Rotation): readonly string[] {
  return ['applications', ...outsiders.map(({ name }) => name).filter((name) => name !== lockstepItself)];
}

/** Who the servers are, who replicates from whom, which files they read, and the authorities: what the plans of a rotation rest on. */
export function rotationPremises({ scene, rotation, holders }: Sight) {
  const { topology } = viewOf(scene);
  return {
    servers: holders.map(({ name, facts, files }) => ({ name, identity: identityPremise(facts.identity), files })),
    primary: topology.primary,
    to: rotation.to.certificates.map(({ fingerprint }) => fingerprint),
    from: rotation.from?.certificates.map(({ fingerprint }) => fingerprint),
    outsiders: rotation.outsiders.map(({ name, file }) => [name, file]),
    links: topology.links.map(({ replica, channel, source, address }) => [replica, channel, source, address]),
  };
}

export const serverParameter = {
  name: 'server',
  kind: 'server',
  required: false,
  help: 'this server alone; default: all that need it, replicas before the primary, and Lockstep and the applications',
} as const;

export const acknowledgedParameter = {
  name: 'acknowledged',
  kind: 'names',
  required: false,
} as const;
