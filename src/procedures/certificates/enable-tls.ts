import type { Parameters, Scene } from '../../domain/scene.js';
import type { Need, Procedure, Refusal, Step } from '../../engine/procedure.js';
import { reasonsToAsk } from '../secure-channel/subject.js';
import { given, identityPremise, viewOf } from '../view.js';
import { channelsOf } from './newcomer-channels.js';
import { newcomerRefusals } from './newcomer-refusals.js';
import { newcomerSteps } from './newcomer-steps.js';
import { newcomerOf, offersTls, type Newcomer } from './newcomer.js';

/**
 * Gives a server that offers no TLS a certificate and an option file of its own, turns TLS on, sees it on the wire, and
 * then lets the streams of that server speak TLS alone.
 */
export const enableTls: Procedure = {
  name: 'enable-tls',
  purpose: 'Give a server its first certificate, turn TLS on, and replicate over it',
  parameters: [{ name: 'server', kind: 'server', required: true, help: 'the server that offers no TLS' }],
  locks: 'cluster',
  // One that Lockstep cannot log in to cannot be locked: nothing of it is changed over a session before it can.
  dead: (scene, parameters) => {
    const newcomer = newcomerOf(scene, given(parameters, 'server'));
    return newcomer === undefined || newcomer.facts !== undefined ? [] : [newcomer.name];
  },
  looks: 'anew',
  needed,
  refusals,
  asks,
  premises,
  steps,
  remarks,
};

function needed(scene: Scene, parameters: Parameters): Need {
  const name = given(parameters, 'server');
  const server = viewOf(scene).server(name);
  const offers = offersTls(server);
  if (offers === undefined)
    return { observed: 'unknown', why: `whether ${name} offers TLS cannot be seen: ${server?.failure?.message ?? 'no answer'}` }; // prettier-ignore
  return offers ? { observed: 'no', why: `${name} offers TLS` } : { observed: 'yes', why: `${name} offers no TLS` };
}

function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const name = given(parameters, 'server');
  const newcomer = newcomerOf(scene, name);
  if (newcomer !== undefined) return newcomerRefusals(newcomer, scene);
  if (scene.site.serverTls === undefined)
    return [
      {
        reason: 'not-configured',
        why: `nothing says which authority the certificate of ${name} comes from, and where it is to stand`,
        remedy: 'Write `server_tls: { authority: …, directory: … }` for the cluster.',
      },
    ];
  return [
    {
      reason: 'version-unknown',
      why: `the version of ${name} is not known`,
      remedy: 'Look at its greeting: lockstep status.',
    },
  ];
}

function asks(scene: Scene, parameters: Parameters): string | undefined {
  const newcomer = newcomerOf(scene, given(parameters, 'server'));
  if (newcomer === undefined) return undefined;
  const reasons = channelsOf(newcomer, scene).flatMap(({ subject, tls }) => (tls === undefined ? [] : reasonsToAsk(subject))); // prettier-ignore
  return reasons.length === 0 ? undefined : reasons.join('; and ');
}

function premises(scene: Scene, parameters: Parameters): unknown {
  const newcomer = newcomerOf(scene, given(parameters, 'server'));
  if (newcomer === undefined) return undefined;
  const { name, server, facts, way } = newcomer;
  return {
    server: name,
    identity: facts === undefined ? { greeting: server.login?.handshake?.greeting } : identityPremise(facts.identity),
    primary: viewOf(scene).topology.primary,
    authority: scene.authority?.fingerprint,
    way,
    channels: channelsOf(newcomer, scene).map(({ subject: { replica, channel, runs }, tls }) => [
      replica.name,
      channel.name,
      channel.source,
      channel.tls,
      runs,
      tls !== undefined,
    ]),
  };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const newcomer = newcomerOf(scene, given(parameters, 'server'));
  return newcomer?.optionFiles === undefined ? [] : newcomerSteps(newcomer, newcomer.optionFiles, scene);
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const newcomer = newcomerOf(scene, given(parameters, 'server'));
  if (newcomer === undefined) return [];
  const channels = channelsOf(newcomer, scene);
  return [
    ...restartRemarks(newcomer, scene),
    ...(newcomer.facts === undefined
      ? [`What ${newcomer.name} replicates from is seen only once it lets Lockstep in: afterwards secure-channel sees to its own channels.`] // prettier-ignore
      : []),
    ...channels.flatMap(({ subject, stays }) => (stays === undefined ? [] : [`${subject.words} stays as it is: ${stays}.`])), // prettier-ignore
    ...(channels.some(({ tls }) => tls !== undefined)
      ? ['Once the first channel speaks TLS alone, nothing goes back to plaintext by itself: what then fails needs a human.'] // prettier-ignore
      : []),
    ...(newcomer.own.checked === undefined
      ? ['Lockstep itself logs in without TLS until `tls: { mode: disabled }` is taken out of the configuration.']
      : []),
  ];
}

function restartRemarks({ name, way }: Newcomer, scene: Scene): readonly string[] {
  if (way === 'reload') return [];
  const followers = viewOf(scene).topology.links.filter(({ source }) => source === name);
  const whose = [...new Set(followers.map(({ replica }) => replica))];
  return [
    `${name} is restarted: its connections break, and it is away for as long as it takes to start.`,
    ...(whose.length === 0 ? [] : [`${whose.join(', ')} replicate from it, and wait meanwhile.`]),
  ];
}
