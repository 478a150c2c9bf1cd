import type { Parameters, Scene } from '../../../domain/scene.js';
import type { Need, Procedure, Refusal, Step } from '../../../engine/procedure.js';
import { accountsBoundTo } from '../bound.js';
import { newLeaf, type Exchange } from '../exchange.js';
import { exchangeRefusals } from '../refusals.js';
import { exchangeSteps } from '../steps.js';
import { askedOf, holdersOf, memberRefusals } from './members.js';
import { canBeShown, proofOf, proveStep } from './prove.js';
import { linkRemarks, nextRound, unaskedWords } from './rounds.js';
import { acknowledgedParameter, acknowledgement, applicationNames, authorityRefusals, foreignOf, notTrusting, rotationPremises, serverParameter, sightOf, unseenApplications, type Sight } from './sight.js'; // prettier-ignore
import { outsiderRefusals, trustRefusals } from './trust.js';

/**
 * The second round of a rotation: every certificate that servers and their channels present comes from the new authority,
 * one server after the other. Before anything changes, everybody has shown by a handshake that they trust it.
 */
export const reissueCertificates: Procedure = {
  name: 'reissue-certificates',
  purpose: 'Let every certificate come from the new authority, one server after the other',
  parameters: [
    serverParameter,
    { ...acknowledgedParameter, help: 'applications that trust the new authority, which nobody sees: their names, with commas between them' }, // prettier-ignore
  ],
  locks: 'cluster',
  looks: 'anew',
  needed,
  refusals,
  premises: (scene, parameters) => {
    const sight = sightOf(scene);
    if (sight === undefined) return undefined;
    const replaced = exchangesOf(sight, parameters).flatMap(({ leaves }) =>
      leaves.map(({ present }) => [present.pair.certificate, present.certificate?.fingerprint]),
    );
    return { ...rotationPremises(sight), replaced };
  },
  steps: (scene, parameters) => {
    const sight = sightOf(scene);
    return sight === undefined ? [] : stepsOf(sight, parameters);
  },
  remarks,
};

function needed(scene: Scene, parameters: Parameters): Need {
  const sight = sightOf(scene);
  const refused = authorityRefusals(scene);
  if (sight === undefined || refused.length > 0)
    return { observed: 'yes', why: refused.map(({ why }) => why).join('; ') };
  const { to } = sight.rotation;
  const leaves = exchangesOf(sight, parameters).flatMap(({ leaves }) => leaves);
  if (leaves.length > 0)
    return { observed: 'yes', why: `not from ${to.name}: ${leaves.map(({ present }) => present.words).join(', ')}` };
  const unasked = unaskedWords(sight, parameters);
  if (unasked !== undefined) return { observed: 'unknown', why: unasked };
  return { observed: 'no', why: `every certificate comes from ${to.name}: ${nextRound(sight)}` };
}

function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const sight = sightOf(scene);
  const refused = authorityRefusals(scene);
  if (sight === undefined || refused.length > 0) return refused;
  const { rotation, members, holders } = sight;
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
    ...downstreamFirst(sight, parameters),
    ...exchanges.flatMap((exchange) => exchangeRefusals(exchange, scene)),
  ];
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const sight = sightOf(scene);
  if (sight === undefined) return [];
  const { from, outsiders } = sight.rotation;
  const bound = from === undefined ? [] : accountsBoundTo(scene, from.certificates[0]);
  const own = outsiders.filter(({ presents }) => presents !== undefined && presents.issuer === from?.certificates[0].subject); // prettier-ignore
  return [
    ...linkRemarks(exchangesOf(sight, parameters), scene),
    'What is in use now stays beside it as the other of `a` and `b` until the next change.',
    ...(bound.length === 0 ? [] : [`${bound.join(', ')} may be used with certificates of ${from?.name ?? ''} alone (REQUIRE ISSUER).`]), // prettier-ignore
    ...(own.length === 0
      ? []
      : [`By hand, before distrust-authority: the certificates that ${own.map(({ name }) => (name === 'lockstep' ? 'Lockstep' : name)).join(', ')} present (lockstep pki issue).`]), // prettier-ignore
  ];
}

function stepsOf(sight: Sight, parameters: Parameters): readonly Step[] {
  const { rotation, scene, at, holders } = sight;
  const { to, outsiders } = rotation;
  const seen = outsiders.filter(({ trusted }) => trusted !== undefined);
  const proof = proofOf(holders, seen, to, true, 'proven');
  return [
    ...(canBeShown(to, at) ? [proveStep('prove', `See everybody accept certificates of ${to.name}`, proof)] : []),
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
  const lacking = notTrusting(sight, to);
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

/** A server that is asked for alone comes after those that replicate from it. */
function downstreamFirst({ members, rotation, at }: Sight, { server }: Parameters): readonly Refusal[] {
  if (server === undefined) return [];
  const before = members.slice(
    0,
    members.findIndex(({ name }) => name === server),
  );
  const [last] = members.slice(-1);
  const first = last?.name === server ? before.filter(({ holder }) => holder && foreignOf(holder, rotation, at).length > 0) : []; // prettier-ignore
  if (first.length === 0) return [];
  return [
    {
      reason: 'replicas-first',
      why: `certificates of ${first.map(({ name }) => name).join(', ')} still come from elsewhere: if anything is wrong with new ones, a replica should meet it first`,
      remedy: 'Ask for those first.',
    },
  ];
}
