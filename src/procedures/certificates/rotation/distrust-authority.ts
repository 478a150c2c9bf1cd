import { goingOf, isIssuedBy, lockstepItself, outsiderWords, type HeldAuthority } from '../../../domain/rotation.js';
import type { Parameters, Scene } from '../../../domain/scene.js';
import type { Need, Procedure, Refusal, Step } from '../../../engine/procedure.js';
import { accountsBoundTo } from '../bound.js';
import type { Exchange } from '../exchange.js';
import { restartNeeded } from '../refusals.js';
import { exchangeSteps } from '../steps.js';
import { accountsAcknowledged, accountsParameter } from './accounts.js';
import { askedOf, holdersOf, memberRefusals } from './members.js';
import { letDistrust } from './outsiders.js';
import { canBeShown, proofOf, proveStep } from './prove.js';
import { ownInUse } from './own.js';
import { procedureOf } from './procedure.js';
import { linkRemarks, stillTrusting } from './rounds.js';
import { acknowledgedParameter, acknowledgement, applicationNames, foreignOf, notTrusting, serverParameter, unseenApplications, type Sight } from './sight.js'; // prettier-ignore
import { filesHolding, outsiderRefusals, outsidersHolding, trustRefusals } from './trust.js';

/**
 * The last round of a rotation: nobody trusts the old authority any more. Before a server forgets it, everybody who comes
 * there has shaken hands with what it will trust; afterwards a certificate of the old one is seen to be refused.
 */
export const distrustAuthority: Procedure = {
  name: 'distrust-authority',
  purpose: 'Let nobody trust the old authority any more',
  parameters: [
    serverParameter,
    { ...acknowledgedParameter, help: 'applications that present no certificate of the old authority, which nobody sees: their names, with commas between them' }, // prettier-ignore
    accountsParameter,
  ],
  asks: ({ rotation }) => `whoever still presents a certificate of ${rotation?.from?.name ?? 'the old authority'} is refused from then on`, // prettier-ignore
  ...procedureOf({
    needed,
    over: ({ rotation: { from } }) => `nobody who can be seen trusts ${from?.name ?? 'another'}`,
    refusals,
    steps: (sight, parameters) => {
      const { from } = sight.rotation;
      return from === undefined ? [] : stepsOf(sight, from, parameters);
    },
    remarks,
  }),
};

function needed(sight: Sight, parameters: Parameters): Need | undefined {
  const { from } = sight.rotation;
  if (from === undefined) return { observed: 'no', why: 'no authority is configured to give way (`replaces`)' };
  const { server } = parameters;
  const still =
    server === undefined ? stillTrusting(sight) : exchangesOf(sight, from, parameters).map(({ holder }) => holder.name);
  return still.length === 0 ? undefined : { observed: 'yes', why: `${still.join(', ')} still trust ${from.name}` };
}

function refusals(sight: Sight, parameters: Parameters): readonly Refusal[] {
  const { rotation, members, holders, scene } = sight;
  const { from } = rotation;
  if (from === undefined) return [];
  return [
    ...chained(sight, from),
    ...memberRefusals(members, scene),
    ...holders.flatMap(trustRefusals),
    ...outsiderRefusals(rotation.outsiders),
    ...inUse(sight, from),
    ...acknowledgement(parameters, unseenApplications(rotation, 'presents'), applicationNames(rotation), {
      reason: 'use-unacknowledged',
      why: (names) => `nobody can see whether ${names} still present certificates of ${from.name}`,
      remedy: `Give them certificates of ${rotation.to.name}, or none`,
    }),
    ...accountsAcknowledged(sight, parameters),
    ...bound(scene, from),
    ...exchangesOf(sight, from, parameters).flatMap((exchange) => restartNeeded(exchange, scene)),
  ];
}

function remarks(sight: Sight, parameters: Parameters): readonly string[] {
  const { rotation, scene, at } = sight;
  const { from, outsiders } = rotation;
  if (from === undefined) return [];
  return [
    ...linkRemarks(exchangesOf(sight, from, parameters), scene),
    ...(canBeShown(from, at)
      ? []
      : [`No handshake shows that ${from.name} is out, for nothing can be issued from it any more: files are read back instead.`]), // prettier-ignore
    ...outsiders.flatMap(
      ({ sharedWith }) =>
      sharedWith === undefined ? [] : [`Lockstep goes on trusting ${from.name}, for ${sharedWith} is reached by the same file and is not done yet.`], // prettier-ignore
    ),
  ];
}

/** Servers first: whom Lockstep and the applications trust matters last. */
function stepsOf(sight: Sight, from: HeldAuthority, parameters: Parameters): readonly Step[] {
  const { rotation, scene, at } = sight;
  const going = goingOf(rotation);
  const shown = canBeShown(from, at);
  const outside = parameters['server'] === undefined ? outsidersHolding(rotation.outsiders, going) : [];
  const last = [...outside].sort((a, b) => Number(a.name === lockstepItself) - Number(b.name === lockstepItself));
  return [
    ...exchangesOf(sight, from, parameters).flatMap((exchange) => [
      ...exchangeSteps(exchange, scene),
      ...(shown ? [seeRefused(exchange, from)] : []),
    ]),
    ...last.map((one) =>
      letDistrust(one, from, going, shown ? proofOf([], [one], from, false, `${one.name}-proven`) : undefined),
    ),
  ];
}

function seeRefused({ holder, prefix }: Exchange, from: HeldAuthority): Step {
  const proof = proofOf([holder], [], from, false, `${prefix}proven`);
  return proveStep(`${prefix}prove`, `See ${holder.name} refuse certificates of ${from.name}`, proof);
}

function exchangesOf({ members, rotation }: Sight, from: HeldAuthority, parameters: Parameters): readonly Exchange[] {
  const going = goingOf(rotation);
  const drop = going.map(({ fingerprint }) => fingerprint);
  return holdersOf(askedOf(members, parameters)).flatMap((holder) => {
    const files = filesHolding(holder, going);
    if (files.length === 0) return [];
    const trust = files.map(({ file }) => ({ file, add: [], drop }));
    return [{ holder, prefix: `${holder.name}-`, leaves: [], trust, added: [] }];
  });
}

/** An authority that stays trusted through another cannot be taken out. */
function chained({ rotation }: Sight, from: HeldAuthority): readonly Refusal[] {
  const going = goingOf(rotation);
  if (going.length === from.certificates.length) return [];
  return [
    {
      reason: 'shared-root',
      why: `${rotation.to.name} and ${from.name} are both below "${from.certificates.at(-1)?.subject ?? ''}": who trusts that trusts both`,
      remedy: 'Nobody needs to distrust it where both belong to one root; take `replaces` out of the configuration.',
    },
  ];
}

function inUse(sight: Sight, from: HeldAuthority): readonly Refusal[] {
  const { holders, rotation, at } = sight;
  const { to, outsiders } = rotation;
  const leaves = holders.flatMap((holder) => foreignOf(holder, rotation, at).map(({ words }) => words));
  const lacking = notTrusting(sight);
  const presenting = outsiders.filter(({ presents }) => presents !== undefined && isIssuedBy(presents, from));
  return [
    ...(leaves.length === 0
      ? []
      : [
          {
            reason: 'still-in-use',
            why: `not from ${to.name}: ${leaves.join(', ')}`,
            remedy: 'Run reissue-certificates first.',
          },
        ]),
    ...(lacking.length === 0
      ? []
      : [
          {
            reason: 'authority-untrusted',
            why: `${lacking.join(', ')} do not trust ${to.name}`,
            remedy: 'Run trust-authority first.',
          },
        ]),
    ...ownInUse(sight),
    ...presenting.map((one) => ({
      reason: 'still-in-use',
      why: `${outsiderWords(one)} presents a certificate of ${from.name}, "${one.presents?.subject ?? ''}"`,
      remedy: `Issue another: lockstep pki issue --authority ${to.name} --use client --common-name …`,
    })),
  ];
}

function bound(scene: Scene, from: HeldAuthority): readonly Refusal[] {
  const accounts = accountsBoundTo(scene, from.certificates[0]);
  if (accounts.length === 0) return [];
  return [
    {
      reason: 'account-pinned',
      why: `nobody could log in on ${accounts.join(', ')} any more: bound to certificates of ${from.name} (REQUIRE ISSUER)`,
      remedy: 'ALTER USER … REQUIRE ISSUER with the new one, or REQUIRE X509.',
    },
  ];
}
