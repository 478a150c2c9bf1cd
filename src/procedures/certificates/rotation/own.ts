import { isIssuedBy } from '../../../domain/rotation.js';
import type { OwnCertificate } from '../../../domain/own-certificate.js';
import type { Parameters } from '../../../domain/scene.js';
import type { Refusal } from '../../../engine/procedure.js';
import { ownChangeOf, ownRefusals, strangersTo, type OwnChange } from '../own/change.js';
import type { Sight } from './sight.js';

/** What Lockstep presents, while it comes from the authority that gives way. */
export function ownOfFormer({ rotation: { own, from } }: Sight): OwnCertificate | undefined {
  const { certificate } = own ?? {};
  return certificate !== undefined && from !== undefined && isIssuedBy(certificate, from) ? own : undefined;
}

/** Lockstep's own certificate as the new authority is to issue it; undefined: that is not asked for, or {@link ownStays} says why not. */
export function ownReissue(sight: Sight, { server }: Parameters): OwnChange | undefined {
  return server === undefined && ownStays(sight) === undefined ? changeOf(sight) : undefined;
}

/** Why a run of this cluster does not replace it, and what does; undefined: it does, or there is nothing to replace. */
export function ownStays(sight: Sight): Refusal | undefined {
  const { rotation, scene } = sight;
  const change = changeOf(sight);
  if (change === undefined) return undefined;
  const [strange] = strangersTo(change.own, rotation.to);
  const refusal = ownRefusals(change, scene, rotation.to).find(({ reason }) => reason !== 'account-pinned');
  if (refusal !== undefined || strange === undefined) return refusal;
  return {
    reason: 'own-elsewhere',
    why: `the certificate that Lockstep presents (${change.own.certFile}) is presented to ${strange} too, whose \`server_tls\` does not name ${rotation.to.name}`,
    remedy: `Let ${strange} trust ${rotation.to.name} first, or give ${scene.site.cluster} a \`cert_file\` and \`key_file\` of its own.`,
  };
}

/** Accounts of Lockstep's own that the new one would lock out. */
export function ownPinned(sight: Sight, parameters: Parameters): readonly Refusal[] {
  const change = ownReissue(sight, parameters);
  return change === undefined ? [] : ownRefusals(change, sight.scene, sight.rotation.to);
}

/** What keeps the old authority trusted: Lockstep would lock itself out. */
export function ownInUse(sight: Sight): readonly Refusal[] {
  const { own, from } = sight.rotation;
  if (own !== undefined && own.certificate === undefined)
    return [
      {
        reason: 'own-certificate-unseen',
        why: `the certificate that Lockstep presents (${own.certFile}) cannot be read, so nobody sees which authority it comes from`,
        remedy: 'Look at the file, its owner and mode: lockstep check.',
      },
    ];
  const held = ownOfFormer(sight);
  if (held === undefined || from === undefined) return [];
  const stays = ownStays(sight);
  return [
    {
      reason: 'still-in-use',
      why: `Lockstep presents a certificate of ${from.name}, "${held.certificate?.subject ?? ''}" (${held.certFile}), and would lock itself out${stays === undefined ? '' : `; ${stays.why}`}`,
      remedy: stays === undefined ? 'Run reissue-certificates first, for all servers at once.' : stays.remedy,
    },
  ];
}

function changeOf(sight: Sight): OwnChange | undefined {
  const { rotation, scene } = sight;
  const { serverTls } = scene.site;
  if (ownOfFormer(sight) === undefined || serverTls === undefined) return undefined;
  return ownChangeOf(rotation, serverTls, rotation.to);
}
