import { capital } from '../base/words.js';
import { missing, type Candidate } from '../domain/candidates.js';
import { waitsInVain } from '../domain/loss.js';
import { returnedOf } from '../domain/returned.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { Need, Procedure, Refusal, Step } from '../engine/procedure.js';
import { refusalsOf } from './failover/refusals.js';
import { sightOf, type Sight } from './failover/sight.js';
import { fenceCommand, semiSyncOf, stepsFor } from './failover/steps.js';
import { doubtOf } from './primary/rightful.js';
import { identityPremise, viewOf } from './view.js';

/**
 * Makes a replica the primary in the place of one that is dead, by two kinds of evidence that do not depend on each
 * other, or of one that came back from its crash read-only and without what its replicas have. It never guesses: what it
 * cannot see, what may be lost and who may have more stand in its way until a person has accepted them.
 */
export const failover: Procedure = {
  name: 'failover',
  purpose:
    'Make a replica the primary in the place of one that is dead, or that came back with less than its replicas have',
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
    return primary === undefined || returnedOf(scene, primary) !== undefined ? [] : [primary];
  },
  remarks,
};

function needed(scene: Scene, parameters: Parameters): Need {
  const sight = sightOf(scene, parameters);
  if (sight === undefined) return { observed: 'no', why: 'no server is known to be the primary, so none is dead' };
  const { primary, death, returned } = sight;
  if (returned !== undefined)
    return { observed: 'yes', why: `the primary ${primary} lost the end of its log: ${returned.why}` };
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
  const { primary, loss, before, returned } = sight;
  if (!loss.zero) return `transactions that ${primary} acknowledged may be lost: ${loss.why}`;
  if (returned !== undefined) return returnedAsks(sight, scene);
  const stopped = fenceCommand(sight, scene.site) !== undefined && parameters['unfenced'] !== 'yes';
  if (stopped || waitsInVain({ before, now: scene.snapshot.at })) return undefined;
  return `nothing proves that ${primary} cannot acknowledge any more, should it only be cut off`;
}

/** One that came back is closed, and cannot acknowledge; what is left is whether it was the primary, and who else may be. */
function returnedAsks({ primary, unreachable, bystanders }: Sight, scene: Scene): string | undefined {
  if (unreachable.length > 0) return `whether ${unreachable.join(' and ')} accepts writes cannot be seen`;
  if (bystanders.length > 0) return `${bystanders.join(' and ')} follows nobody, and what it has is not compared`;
  return doubtOf(scene, primary);
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
    ...(sight.returned === undefined ? {} : { returned: returnedPremise(sight) }),
    zero: sight.loss?.zero,
  };
}

function returnedPremise({ view, primary, unreachable, bystanders }: Sight): unknown {
  const facts = view.server(primary)?.facts;
  return { identity: facts && identityPremise(facts.identity), unreachable, bystanders };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const sight = sightOf(scene, parameters);
  if (sight?.candidate === undefined) return [];
  return stepsFor(sight, sight.candidate, scene.site, parameters['unfenced'] === 'yes');
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const sight = sightOf(scene, parameters);
  if (sight?.candidate === undefined || sight.loss === undefined) return [];
  const { candidate, loss, primary, others, unreachable, returned } = sight;
  const fenced = fenceCommand(sight, scene.site) !== undefined && parameters['unfenced'] !== 'yes';
  const semiSync = semiSyncOf(sight, candidate);
  return [
    loss.zero ? `Nothing that ${returned === undefined ? 'was acknowledged' : 'any server has'} is lost: ${loss.why}.` : `What may be lost: ${loss.bound} Zero cannot be promised: ${loss.why}.`, // prettier-ignore
    `${candidate.server} takes its place: ${candidate.reasons.join(', ')}.`,
    ...passedOver(sight),
    ...others.left.map(({ why }) => `${capital(why)}. It stays as it is.`),
    ...(unreachable.length === 0 ? [] : [`${unreachable.join(' and ')} cannot be asked, and is not re-pointed.`]),
    ...(fenced || returned !== undefined
      ? []
      : [`${primary} is not stopped by Lockstep: should it only be cut off, or come back by itself, whoever still reaches it may write there. It boots read-only if its settings say so.`]), // prettier-ignore
    ...(semiSync.off ? [`No replica is left to acknowledge, so ${candidate.server} does not wait for one: rpl_semi_sync is turned off there.`] : []), // prettier-ignore
    ...(returned === undefined
      ? [`When ${primary} comes back, rejoin makes it a replica.`]
      : [`${primary} stays closed: ${returned.why}. ${afterwards(candidate)}`, `What ${primary} acknowledged, and neither kept nor sent to a replica that can be asked, was lost with its crash: nothing here tells whether there is any.`]), // prettier-ignore
  ];
}

function afterwards({ facts, channel }: Candidate): string {
  if (channel.gtid.mode === 'off')
    return 'Afterwards it must be rebuilt: by file and position it would never get that again.';
  return facts.identity.flavour === 'mysql'
    ? 'Afterwards it must be rebuilt: MySQL leaves out the transactions that bear its server_id.'
    : 'Afterwards rejoin makes it a replica, which gets that again.';
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
