import { outsiderWords, type HeldAuthority, type Outsider } from '../../../domain/rotation.js';
import type { Parameters } from '../../../domain/scene.js';
import type { Need, Procedure, Refusal, Step } from '../../../engine/procedure.js';
import type { Exchange } from '../exchange.js';
import type { Holder } from '../holder.js';
import { restartNeeded } from '../refusals.js';
import { exchangeSteps } from '../steps.js';
import { askedOf, holdersOf, memberRefusals } from './members.js';
import { letTrust } from './outsiders.js';
import { canBeShown, proofOf, proveStep } from './prove.js';
import { procedureOf } from './procedure.js';
import { linkRemarks } from './rounds.js';
import { notTrusting, serverParameter, unseenApplications, type Sight } from './sight.js';
import { filesLacking, outsiderRefusals, outsidersLacking, trustRefusals, trustWords } from './trust.js';

/**
 * The first round of a rotation: everybody trusts the new authority besides the old one, and is seen to by handshakes.
 * Nothing that is accepted now is refused for it.
 */
export const trustAuthority: Procedure = {
  name: 'trust-authority',
  purpose: 'Let everybody trust a new authority besides the old one',
  parameters: [serverParameter],
  ...procedureOf({
    needed,
    over: ({ rotation: { to } }) => `everybody who can be seen trusts ${to.name}`,
    refusals,
    steps: stepsOf,
    remarks,
  }),
};

function needed(sight: Sight, parameters: Parameters): Need | undefined {
  const lacking = lackingWords(sight, parameters);
  if (lacking.length > 0)
    return {
      observed: 'yes',
      why: `${lacking.join(', ')} ${lacking.length === 1 ? 'does' : 'do'} not trust ${sight.rotation.to.name}`,
    };
  const ending = endingWords(sight);
  return ending === undefined ? undefined : { observed: 'yes', why: ending };
}

function refusals(sight: Sight, parameters: Parameters): readonly Refusal[] {
  const { members, rotation, scene } = sight;
  const asked = askedOf(members, parameters);
  const ending = lackingWords(sight, parameters).length === 0 ? endingWords(sight) : undefined;
  if (ending !== undefined)
    return [
      {
        reason: 'no-successor',
        why: ending,
        remedy: `Make one with \`lockstep pki init\`, and write it as \`authority\` with \`replaces: ${rotation.to.name}\`: docs/certificates.md.`,
      },
    ];
  return [
    ...memberRefusals(asked, scene),
    ...holdersOf(asked).flatMap(trustRefusals),
    ...(parameters['server'] === undefined ? outsiderRefusals(rotation.outsiders) : []),
    ...exchangesOf(sight, parameters).flatMap((exchange) => restartNeeded(exchange, scene)),
  ];
}

function remarks(sight: Sight, parameters: Parameters): readonly string[] {
  const { rotation, scene, at } = sight;
  const unseen = unseenApplications(rotation, 'trusted');
  const names = unseen.map((name) => (name === 'applications' ? 'applications' : outsiderWords({ name })));
  const kept = outsideOf(sight, parameters).flatMap(({ reliedOnBy }) => reliedOnBy ?? []);
  return [
    ...linkRemarks(exchangesOf(sight, parameters), scene),
    ...kept.map((cluster) => `Lockstep goes on trusting ${rotation.to.name} even if all else is taken back, for ${cluster} is reached by the same file and names it too.`), // prettier-ignore
    ...(canBeShown(rotation.to, at)
      ? []
      : [`No handshake shows that ${rotation.to.name} is trusted, for nothing can be issued from it here: files are read back instead.`]), // prettier-ignore
    ...(names.length === 0
      ? []
      : [`Whom ${names.join(', ')} trust${names.length === 1 && unseen[0] !== 'applications' ? 's' : ''} nobody sees: let them trust ${rotation.to.name} by hand. reissue-certificates asks for it.`]), // prettier-ignore
  ];
}

function stepsOf(sight: Sight, parameters: Parameters): readonly Step[] {
  const { rotation, scene, at } = sight;
  const { to } = rotation;
  const shown = canBeShown(to, at);
  return [
    ...outsideOf(sight, parameters).map((one) =>
      letTrust(one, to, shown ? proofOf([], [one], to, true, `${one.name}-proven`) : undefined),
    ),
    ...exchangesOf(sight, parameters).flatMap((exchange) => [
      ...exchangeSteps(exchange, scene),
      ...(shown ? [seeAccepted(exchange, to)] : []),
    ]),
  ];
}

function outsideOf({ rotation: { outsiders, to } }: Sight, { server }: Parameters): readonly Outsider[] {
  return server === undefined ? outsidersLacking(outsiders, to) : [];
}

function seeAccepted({ holder, prefix }: Exchange, to: HeldAuthority): Step {
  const proof = proofOf([holder], [], to, true, `${prefix}proven`);
  return proveStep(`${prefix}prove`, `See ${holder.name} accept certificates of ${to.name}`, proof);
}

function exchangesOf({ members, rotation }: Sight, parameters: Parameters): readonly Exchange[] {
  const { to } = rotation;
  return holdersOf(askedOf(members, parameters)).flatMap((holder) => {
    const files = filesLacking(holder, to);
    return files.length === 0 ? [] : [exchangeOf(holder, to, files.map(({ file }) => file))]; // prettier-ignore
  });
}

function exchangeOf(holder: Holder, to: HeldAuthority, files: readonly string[]): Exchange {
  const trust = files.map((file) => ({ file, add: [to.name], drop: [] }));
  return { holder, prefix: `${holder.name}-`, leaves: [], trust, added: to.certificates };
}

function lackingWords(sight: Sight, parameters: Parameters): readonly string[] {
  const { server } = parameters;
  if (server === undefined) return notTrusting(sight);
  return sight.holders
    .filter(({ name }) => name === server)
    .flatMap((holder) => filesLacking(holder, sight.rotation.to).map((file) => trustWords(holder, file)));
}

/** How long before the end of an authority one should be there that replaces it, seconds: as long as the alert gives. */
const rotationTakes = 180 * 86_400;

/** The authority itself is the one that ends, and no other is configured. */
function endingWords({ rotation: { to, from }, at }: Sight): string | undefined {
  const { notAfter } = to.certificates[0];
  if (from !== undefined || notAfter - at > rotationTakes) return undefined;
  return `the authority ${to.name} ends at ${new Date(notAfter * 1000).toISOString().slice(0, 10)}, and no other is configured to take its place`;
}
