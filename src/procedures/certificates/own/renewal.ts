import { renewalDue } from '../../../domain/renewal.js';
import { isIssuedBy, type HeldAuthority } from '../../../domain/rotation.js';
import type { Parameters, Scene } from '../../../domain/scene.js';
import type { Need, Refusal, Step } from '../../../engine/procedure.js';
import { given } from '../../view.js';
import { noAuthority, renewerUnknown } from '../refusals.js';
import { ownChangeOf, ownRefusals, type OwnChange } from './change.js';
import { ownSteps } from './steps.js';

/** Whose certificate is renewed where no server is named: the one with which Lockstep itself logs in. */
const whose = 'the certificate that Lockstep presents';

export function ownNeeded(scene: Scene, parameters: Parameters): Need {
  const { site, rotation } = scene;
  if (site.serverTls === undefined || rotation === undefined) return { observed: 'yes', why: `${whose} is asked for` };
  const { own } = rotation;
  if (own === undefined) return { observed: 'no', why: `Lockstep presents no certificate to ${site.cluster}` };
  const now = given(parameters, 'when') === 'now';
  const { certificate, keptBy } = own;
  if (certificate === undefined) return { observed: 'unknown', why: `${whose} (${own.certFile}) cannot be read` };
  // Of a certificate whose authority cannot be read nobody says that it is not Lockstep's to renew.
  const unknown = keptBy === undefined && renewerUnknown([certificate], scene).length > 0;
  if (!now && keptBy !== site.cluster && !unknown)
    return {
      observed: 'no',
      why:
        keptBy === undefined
          ? `${whose} comes from "${certificate.issuer}", which is no authority of the configuration`
          : `${whose} is kept by the cluster ${keptBy}`,
    };
  const { due, reason } = renewalDue(certificate, { renewBeforeSeconds: site.serverTls.renewBefore }, scene.snapshot.at / 1000); // prettier-ignore
  const said = `${whose}: ${reason.charAt(0).toLowerCase()}${reason.slice(1).replace(/\.$/, '')}`;
  if (due || now) return { observed: 'yes', why: due ? said : `${said}; asked for before its time` };
  return { observed: 'no', why: said };
}

export function ownRenewalRefusals(scene: Scene): readonly Refusal[] {
  const { site, rotation } = scene;
  if (site.serverTls === undefined)
    return [
      {
        reason: 'not-configured',
        why: `nothing says which authority the certificates of ${site.cluster} come from`,
        remedy: 'Write `server_tls: { authority: …, directory: … }` for the cluster, or name a server.',
      },
    ];
  if (rotation === undefined) return noAuthority(scene);
  const unknown = rotation.own === undefined ? [] : renewerUnknown([rotation.own.certificate], scene);
  if (unknown.length > 0) return unknown;
  const change = renewalOf(scene);
  return change === undefined ? [] : ownRefusals(change, scene, renewerOf(scene) ?? rotation.to);
}

export function ownRenewalPremises(scene: Scene): unknown {
  const change = renewalOf(scene);
  if (change === undefined) return undefined;
  const { own, present, leaf } = change;
  return { own: [own.certFile, own.keyFile, present.fingerprint], to: own.presentedTo, authority: leaf.authority };
}

export function ownRenewalSteps(scene: Scene): readonly Step[] {
  const change = renewalOf(scene);
  return change === undefined ? [] : ownSteps(change);
}

export function ownRenewalRemarks(scene: Scene): readonly string[] {
  const change = renewalOf(scene);
  return change === undefined ? [] : ownRemarks(change);
}

/** What people should know before it is changed. */
export function ownRemarks({ own: { presentedTo }, place }: OwnChange): readonly string[] {
  const clusters = presentedTo.map(({ cluster }) => cluster);
  return [
    `Lockstep presents its certificate to ${clusters.join(', ')}; sessions that stand keep the one that they were opened with until they are renewed.`,
    `The one that it presents now stays in ${place.directory}/${place.below} until the next change.`,
  ];
}

function renewalOf(scene: Scene): OwnChange | undefined {
  const { rotation, site } = scene;
  const authority = renewerOf(scene);
  if (rotation === undefined || site.serverTls === undefined || authority === undefined) return undefined;
  return ownChangeOf(rotation, site.serverTls, authority);
}

/** What the authority that gives way issued, it renews: a renewal changes nobody's trust. */
function renewerOf({ rotation }: Scene): HeldAuthority | undefined {
  const present = rotation?.own?.certificate;
  if (rotation === undefined || present === undefined) return undefined;
  const { to, from } = rotation;
  return from !== undefined && isIssuedBy(present, from) ? from : to;
}
