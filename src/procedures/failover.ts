import { capital } from '../base/words.js';
import { missing } from '../domain/candidates.js';
import { waitsInVain } from '../domain/loss.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { Need, Procedure, Refusal, Step } from '../engine/procedure.js';
import { refusalsOf } from './failover/refusals.js';
import { sightOf, type Sight } from './failover/sight.js';
import { fenceCommand, semiSyncOf, stepsFor } from './failover/steps.js';
import { identityPremise, viewOf } from './view.js';

/**
 * Makes a replica the primary in the place of one that is dead, by two kinds of evidence that do not depend on each
 * other. It never guesses: what it cannot see, what may be lost and who may have more stand in its way until a person
 * has accepted them.
 */
export const failover: Procedure = {
  name: 'failover',
  purpose: 'Make a replica the primary in the place of one that is dead',
  parameters: [
    { name: 'to', kind: 'server', required: false, help: 'the replica; default the one that has received most' },
    {
      name: 'accept-loss',
      kind: 'choice',
      required: false,
      values: ['no', 'yes'],
      default: 'no',
      help: 'whether to go ahead where transactions that were acknowledged may be lost; the plan says how many at most',
    },
    {
      name: 'unfenced',
      kind: 'choice',
      required: false,
      values: ['no', 'yes'],
      default: 'no',
      help: 'whether to go ahead without stopping the dead one by the configured command, because somebody has seen to it',
    },
  ],
  locks: 'cluster',
  urgent: true,
  opens: true,
  needed,
  refusals,
  asks,
  premises,
  steps,
  dead: (scene) => {
    const { primary } = viewOf(scene).topology;
    return primary === undefined ? [] : [primary];
  },
  remarks,
};

function needed(scene: Scene, parameters: Parameters): Need {
  const sight = sightOf(scene, parameters);
  if (sight === undefined) return { observed: 'no', why: 'no server is known to be the primary, so none is dead' };
  const { primary, death } = sight;
  switch (death.verdict) {
    case 'dead':
      return { observed: 'yes', why: `the primary ${primary} is dead: ${death.why}` };
    case 'alive':
      return { observed: 'no', why: `the primary ${primary} is not dead: ${death.why}` };
    case 'unknown':
      return { observed: 'unknown', why: `whether the primary ${primary} is dead is not known: ${death.why}` };
  }
}

function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const sight = sightOf(scene, parameters);
  return sight === undefined ? [] : refusalsOf(sight, scene, parameters);
}

/** By itself only where nothing is lost and the old primary cannot acknowledge anything more. */
function asks(scene: Scene, parameters: Parameters): string | undefined {
  const sight = sightOf(scene, parameters);
  if (sight?.loss === undefined) return undefined;
  const { primary, loss, outage } = sight;
  if (!loss.zero) return `transactions that ${primary} acknowledged may be lost: ${loss.why}`;
  const stopped = fenceCommand(sight, scene.site) !== undefined && parameters['unfenced'] !== 'yes';
  if (stopped || waitsInVain({ outage, now: scene.snapshot.at })) return undefined;
  return `nothing proves that ${primary} cannot acknowledge any more, should it only be cut off`;
}

function premises(scene: Scene, parameters: Parameters): unknown {
  const sight = sightOf(scene, parameters);
  if (sight === undefined) return {};
  return {
    primary: sight.primary,
    candidate: sight.candidate && {
      server: sight.candidate.server,
      identity: identityPremise(sight.candidate.facts.identity),
    },
    replicas: sight.replicas.map(({ server, channel }) => ({
      server: server.name,
      identity: server.facts && identityPremise(server.facts.identity),
      channel: channel.name,
      gtid: channel.gtid.mode,
      tls: channel.tls,
    })),
    fence: sight.rules.fence,
    zero: sight.loss?.zero,
  };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const sight = sightOf(scene, parameters);
  if (sight?.candidate === undefined) return [];
  return stepsFor(sight, sight.candidate, scene.site, parameters['unfenced'] === 'yes');
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const sight = sightOf(scene, parameters);
  if (sight?.candidate === undefined || sight.loss === undefined) return [];
  const { candidate, loss, primary, others, unreachable } = sight;
  const fenced = fenceCommand(sight, scene.site) !== undefined && parameters['unfenced'] !== 'yes';
  const semiSync = semiSyncOf(sight, candidate);
  return [
    loss.zero ? `Nothing that was acknowledged is lost: ${loss.why}.` : `What may be lost: ${loss.bound} Zero cannot be promised: ${loss.why}.`, // prettier-ignore
    `${candidate.server} takes its place: ${candidate.reasons.join(', ')}.`,
    ...passedOver(sight),
    ...others.left.map(({ why }) => `${capital(why)}. It stays as it is.`),
    ...(unreachable.length === 0 ? [] : [`${unreachable.join(' and ')} cannot be asked, and is not re-pointed.`]),
    ...(fenced
      ? []
      : [`${primary} is not stopped by Lockstep: should it only be cut off, or come back by itself, whoever still reaches it may write there. It boots read-only if its settings say so.`]), // prettier-ignore
    ...(semiSync.off ? [`No replica is left to acknowledge, so ${candidate.server} does not wait for one: rpl_semi_sync is turned off there.`] : []), // prettier-ignore
    `When ${primary} comes back, rejoin makes it a replica.`,
  ];
}

function passedOver({ ranked, candidate }: Sight): readonly string[] {
  if (candidate === undefined) return [];
  return ranked
    .filter(({ server }) => server !== candidate.server)
    .map((one) => {
      const fewer = missing(one, candidate);
      const lacks = fewer === undefined || fewer === 0n ? [] : [`lacks ${fewer} transactions that ${candidate.server} has received`]; // prettier-ignore
      const reasons = [...one.against, ...lacks, ...(one.against.length + lacks.length === 0 ? one.reasons : [])];
      return `${one.server} does not: ${reasons.join(', ')}.`;
    });
}
