import { isIssuedBy } from '../../../domain/rotation.js';
import type { Parameters } from '../../../domain/scene.js';
import type { Need, Procedure, Refusal, Step } from '../../../engine/procedure.js';
import { accountsBoundTo } from '../bound.js';
import { newLeaf, type Exchange } from '../exchange.js';
import { ownRemarks } from '../own/renewal.js';
import { ownSteps } from '../own/steps.js';
import { exchangeRefusals } from '../refusals.js';
import { exchangeSteps } from '../steps.js';
import { accountsRemark } from './accounts.js';
import { askedOf, beforeIn, holdersOf, memberRefusals } from './members.js';
import { canBeShown, proofOf, proveStep } from './prove.js';
import { ownOfFormer, ownPinned, ownReissue, ownStays } from './own.js';
import { procedureOf } from './procedure.js';
import { linkRemarks } from './rounds.js';
import { acknowledgedParameter, acknowledgement, applicationNames, foreignOf, notTrusting, serverParameter, unseenApplications, type Sight } from './sight.js'; // prettier-ignore
import { outsiderRefusals, trustRefusals } from './trust.js';

/**
 * The second round of a rotation: every certificate that Lockstep, servers and their channels present comes from the new
 * authority, Lockstep's own first, then one server after the other. Before anything changes, everybody has shown by a handshake that they trust it.
 */
export const reissueCertificates: Procedure = {
  name: 'reissue-certificates',
  purpose: 'Let every certificate come from the new authority, one server after the other',
  parameters: [
    serverParameter,
    { ...acknowledgedParameter, help: 'applications that trust the new authority, which nobody sees: their names, with commas between them' }, // prettier-ignore
  ],
  ...procedureOf({
    needed,
    over: (sight) =>
      `every certificate${ownOfFormer(sight) === undefined ? '' : " but Lockstep's own"} comes from ${sight.rotation.to.name}`,
    refusals,
    premises: (sight, parameters) => ({
      replaced: exchangesOf(sight, parameters).flatMap(({ leaves }) =>
        leaves.map(({ present }) => [present.pair.certificate, present.certificate?.fingerprint]),
      ),
      own: ownReissue(sight, parameters)?.present.fingerprint,
    }),
    steps: stepsOf,
    remarks,
  }),
};

function needed(sight: Sight, parameters: Parameters): Need | undefined {
  const leaves = exchangesOf(sight, parameters).flatMap(({ leaves }) => leaves);
  const own = ownReissue(sight, parameters);
  const words = [
    ...leaves.map(({ present }) => present.words),
    ...(own === undefined ? [] : ['the certificate that Lockstep presents']),
  ];
  if (words.length === 0) return undefined;
  return { observed: 'yes', why: `not from ${sight.rotation.to.name}: ${words.join(', ')}` };
}

function refusals(sight: Sight, parameters: Parameters): readonly Refusal[] {
  const { rotation, members, holders, scene } = sight;
  const exchanges = exchangesOf(sight, parameters);
  return [
    ...keyless(sight),
    // That everybody trusts the new one must be seen of every server, whichever is to be changed.
    ...memberRefusals(members, scene),
    ...holders.flatMap(trustRefusals),
    ...outsiderRefusals(rotation.outsiders),
    ...untrusted(sight),
    ...acknowledgement(parameters, unseenApplications(rotation, 'trusted'), applicationNames(rotation), {
      reason: 'trust-unacknowledged',
      why: (names) => `nobody can see whether ${names} trust ${rotation.to.name}`,
      remedy: `Let them trust it besides the old one`,
    }),
    ...replicasFirst(sight, parameters),
    ...exchanges.flatMap((exchange) => exchangeRefusals(exchange, scene)),
    ...ownPinned(sight, parameters),
  ];
}

function remarks(sight: Sight, parameters: Parameters): readonly string[] {
  const { rotation, scene } = sight;
  const { from, outsiders } = rotation;
  const bound = from === undefined ? [] : accountsBoundTo(scene, from.certificates[0]);
  const theirs = outsiders.filter(({ presents }) => presents && from && isIssuedBy(presents, from));
  const own = ownReissue(sight, parameters);
  const stays = parameters['server'] === undefined ? ownStays(sight) : undefined;
  return [
    ...linkRemarks(exchangesOf(sight, parameters), scene),
    'What is in use now stays beside it as the other of `a` and `b` until the next change.',
    ...(bound.length === 0 ? [] : [`${bound.join(', ')} may be used with certificates of ${from?.name ?? ''} alone (REQUIRE ISSUER).`]), // prettier-ignore
    ...(own === undefined ? [] : ownRemarks(own)),
    ...(stays === undefined ? [] : [`Before distrust-authority, for ${stays.why}: ${stays.remedy}`]),
    ...(from === undefined ? [] : accountsRemark(sight)),
    ...(theirs.length === 0
      ? []
      : [`By hand, before distrust-authority: the certificates that ${theirs.map(({ name }) => name).join(', ')} present (lockstep pki issue).`]), // prettier-ignore
  ];
}

function stepsOf(sight: Sight, parameters: Parameters): readonly Step[] {
  const { rotation, scene, at, holders } = sight;
  const { to, outsiders } = rotation;
  const seen = outsiders.filter(({ trusted }) => trusted !== undefined);
  const proof = proofOf(holders, seen, to, true, 'proven');
  const own = ownReissue(sight, parameters);
  return [
    ...(canBeShown(to, at) ? [proveStep('prove', `See everybody accept certificates of ${to.name}`, proof)] : []),
    ...(own === undefined ? [] : ownSteps(own)),
    ...exchangesOf(sight, parameters).flatMap((exchange) => exchangeSteps(exchange, scene)),
  ];
}

function exchangesOf({ members, rotation, at }: Sight, parameters: Parameters): readonly Exchange[] {
  return holdersOf(askedOf(members, parameters)).flatMap((holder) => {
    const foreign = foreignOf(holder, rotation, at);
    if (foreign.length === 0) return [];
    const prefix = `${holder.name}-`;
    return [{ holder, prefix, leaves: foreign.map((present) => newLeaf(holder, present, prefix)), trust: [], added: [] }]; // prettier-ignore
  });
}

function untrusted(sight: Sight): readonly Refusal[] {
  const { to } = sight.rotation;
  const lacking = notTrusting(sight);
  if (lacking.length === 0) return [];
  return [
    {
      reason: 'authority-untrusted',
      why: `${lacking.join(', ')} do not trust ${to.name}, and would refuse what it issues`,
      remedy: 'Run trust-authority first.',
    },
  ];
}

function keyless({ rotation: { to } }: Sight): readonly Refusal[] {
  if (to.keyed) return [];
  return [
    {
      reason: 'authority-elsewhere',
      why: `the key of ${to.name} is not here, so that nothing can be issued from it`,
      remedy: 'Issue every certificate by signing requests: docs/certificates.md.',
    },
  ];
}

/** Where one server is asked for alone, whoever replicates from it comes first, and before the primary everybody. */
function replicasFirst({ scene, members, rotation, at }: Sight, { server }: Parameters): readonly Refusal[] {
  const before = server === undefined ? [] : beforeIn(scene, server);
  const first = members.filter(({ name, holder }) => before.includes(name) && holder && foreignOf(holder, rotation, at).length > 0); // prettier-ignore
  if (first.length === 0) return [];
  return [
    {
      reason: 'replicas-first',
      why: `certificates of ${first.map(({ name }) => name).join(', ')} still come from elsewhere: if anything is wrong with new ones, a replica should meet it first`,
      remedy: 'Ask for those first.',
    },
  ];
}
