import { acknowledgers } from '../../domain/loss.js';
import { containsGtidSet, parseGtidSet, unionGtidSets } from '../../domain/gtid-mysql.js';
import { parseMariadbGtids } from '../../domain/gtid-mariadb.js';
import type { Parameters, Scene } from '../../domain/scene.js';
import type { Channel, ServerFacts } from '../../domain/snapshot.js';
import type { Refusal } from '../../engine/procedure.js';
import { disputesOf } from '../primary/rightful.js';
import type { Sight } from './sight.js';

/** In the order in which they are worth reading. */
export function refusalsOf(sight: Sight, scene: Scene, parameters: Parameters): readonly Refusal[] {
  return checks.flatMap((check) => check(sight, scene, parameters) ?? []);
}

type Check = (sight: Sight, scene: Scene, parameters: Parameters) => Refusal | readonly Refusal[] | undefined;

/** It may be Lockstep that is cut off, and everybody else is well. */
const isolated: Check = ({ primary }, { outlook }) => {
  const remedy = 'Look at the network of the machine that Lockstep runs on; a Lockstep elsewhere may see more.';
  if (outlook === undefined)
    return { reason: 'isolated', why: 'nothing tells how much of what it watches Lockstep reaches', remedy };
  const others = outlook.fleet.servers - 1;
  if (outlook.fleet.reachable * 2 > others) return undefined;
  return {
    reason: 'isolated',
    why: `Lockstep reaches ${outlook.fleet.reachable} of the ${others} servers that it watches beside ${primary}: it may be the one that is cut off`,
    remedy,
  };
};

/** What is written there is nowhere else, and whoever opened it may have meant it to be the primary. */
const writableElsewhere: Check = ({ writable }) =>
  writable.length === 0
    ? undefined
    : {
        reason: 'writable-elsewhere',
        why: `${writable.join(' and ')} accept${writable.length === 1 ? 's' : ''} writes already`,
        remedy: 'Find out who opened it and why; close it by hand, or let it be the primary: docs/failing-over.md.',
      };

const quorum: Check = ({ primary, replicas, unreachable, before }, _scene, parameters) => {
  const acks = acknowledgers(before);
  const all = replicas.length + unreachable.length;
  const enough = acks === undefined ? replicas.length * 2 > all : unreachable.length < acks;
  // Whoever accepts a loss still does not go on with fewer than half.
  if (enough || (parameters['accept-loss'] === 'yes' && replicas.length * 2 >= all)) return undefined;
  return {
    reason: 'no-quorum',
    why: `of the ${all} other servers ${replicas.length} can be asked as replicas of ${primary}; ${unreachable.join(' and ')} may have received more`,
    remedy: 'Bring one of them back. With half of them or more, accept-loss=yes goes on without the others.',
  };
};

const noCandidate: Check = ({ candidate, ranked, primary }, _scene, parameters) => {
  if (candidate?.against.length === 0) return undefined;
  const against = ranked.map((one) => `${one.server}: ${one.against.join(', ')}`);
  const wanted = parameters['to'];
  if (wanted !== undefined && candidate === undefined)
    return {
      reason: 'no-candidate',
      why: `${wanted} is not seen to be a direct replica of ${primary}`,
      remedy: 'Leave `to` out, or name one that is.',
    };
  return {
    reason: 'no-candidate',
    why: `no replica of ${primary} may take its place (${against.join('; ')})`,
    remedy: 'Mend what stands against one of them, or change `failover: { never: … }` in the configuration.',
  };
};

/** Of those that can be asked, it must have all that any of them has: the others would be ahead of their source. */
const behind: Check = ({ candidate, replicas }) => {
  if (candidate === undefined || candidate.lacks.length === 0) return undefined;
  const byPosition = ({ channel }: { readonly channel: Channel }) => channel.gtid.mode === 'off';
  const unlike = replicas
    .filter((one) => candidate.lacks.includes(one.server.name) && byPosition(one) !== byPosition(candidate))
    .map(({ server }) => server.name);
  const [own, theirs] = byPosition(candidate) ? ['file and position', 'GTID'] : ['GTID', 'file and position'];
  return unlike.length > 0
    ? {
        reason: 'behind',
        why: `${unlike.join(' and ')} replicate${unlike.length === 1 ? 's' : ''} by ${theirs} and ${candidate.server} by ${own}, and nobody can tell which has received more`,
        remedy: 'Decide by hand this time, and let all replicas go on in the same way, best by GTID, from then on.',
      }
    : {
        reason: 'behind',
        why: `${candidate.lacks.join(' and ')} ha${candidate.lacks.length === 1 ? 's' : 've'} received what ${candidate.server} has not, or may have`,
        remedy: 'Leave `to` out, or wait until the others can be compared.',
      };
};

const errant: Check = ({ candidate, before, replicas, returned, primary, view }) => {
  if (candidate === undefined) return undefined;
  const others = replicas.flatMap(({ server: { facts } }) => (facts === undefined || facts === candidate.facts ? [] : [facts])); // prettier-ignore
  const { doubt, last } = returned === undefined ? before : { doubt: undefined, last: view.server(primary) };
  // Alone, what is doubtful accuses nobody: the candidate may have been the primary for a while since then.
  const seen = last?.facts === undefined || (doubt !== undefined && others.length === 0) ? [] : [last.facts];
  const known = [...seen, ...others];
  const own = wroteAlone(candidate.facts, known);
  if (own !== true) return undefined;
  return {
    reason: 'errant',
    why: `${candidate.server} has transactions of its own that no other server has`,
    remedy: 'Name another server with `to`, or decide what to do with them: docs/runbooks/ErrantTransactions.md.',
  };
};

/** Whether a server has transactions under its own id that none of the others has; undefined: not known. */
function wroteAlone(
  { gtid, identity }: ServerFacts,
  others: readonly Pick<ServerFacts, 'gtid'>[],
): boolean | undefined {
  try {
    if (gtid?.kind === 'mysql' && identity.uuid !== undefined) {
      const all = unionGtidSets(...others.flatMap((one) => (one.gtid?.kind === 'mysql' ? [parseGtidSet(one.gtid.executed)] : []))); // prettier-ignore
      const own = [...parseGtidSet(gtid.executed)].filter(([key]) => key.split(':')[0] === identity.uuid);
      return others.length === 0 ? undefined : !containsGtidSet(all, new Map(own));
    }
    if (gtid?.kind === 'mariadb') {
      const states = others.flatMap((one) => (one.gtid?.kind === 'mariadb' ? [parseMariadbGtids(one.gtid.binlogState)] : [])); // prettier-ignore
      if (states.length === 0) return undefined;
      return [...parseMariadbGtids(gtid.binlogState)].some(([domain, servers]) => {
        const number = servers.get(identity.serverId);
        return (
          number !== undefined && states.every((state) => (state.get(domain)?.get(identity.serverId) ?? -1n) < number)
        );
      });
    }
  } catch {
    return undefined;
  }
  return undefined;
}

/** Whoever wrote on one that came back wrote a history of its own. */
const apart: Check = ({ apart: why, primary, candidate }) =>
  why === undefined || candidate === undefined
    ? undefined
    : {
        reason: 'diverged',
        why: `${primary} came back, and may have what ${candidate.server} has not: ${why}`,
        remedy: `Decide by hand which of them is right, and rebuild the other: docs/runbooks/PrimaryBehind.md.`,
      };

const disputed = (sight: Sight, scene: Scene): readonly Refusal[] =>
  sight.returned === undefined ? [] : disputesOf(scene, sight.primary);

const loss: Check = ({ loss: found, primary }, _scene, parameters) => {
  if (found === undefined || found.zero || parameters['accept-loss'] === 'yes') return undefined;
  return {
    reason: 'loss',
    why: `what ${primary} acknowledged may be lost: ${found.why}. ${found.bound}`,
    remedy: 'Bring it back if you can; else accept-loss=yes goes ahead with that.',
  };
};

const checks: readonly Check[] = [
  isolated,
  writableElsewhere,
  disputed,
  quorum,
  noCandidate,
  behind,
  errant,
  apart,
  loss,
];
