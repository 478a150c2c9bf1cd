import {
  deathOf,
  outageOf,
  replicasOf,
  type Death,
  type DirectReplica,
  type EvidenceRules,
} from '../../domain/death.js';
import { rankCandidates, type Candidate } from '../../domain/candidates.js';
import { beforeOf, type Before } from '../../domain/last-seen.js';
import { lossBeside, lossOf, type Loss } from '../../domain/loss.js';
import { returnedOf, wentAnotherWay, type Returned } from '../../domain/returned.js';
import { defaultFailover, type Parameters, type Scene, type SiteFailover } from '../../domain/scene.js';
import type { ServerName } from '../../domain/snapshot.js';
import { isWritable } from '../../domain/topology.js';
import { viewOf, type View } from '../view.js';
import { othersOf, type Others } from './others.js';

/** Everything that a failover rests on. */
export interface Sight {
  readonly view: View;
  readonly rules: SiteFailover;
  readonly primary: ServerName;
  readonly death: Death;
  /** It is alive and lacks what its replicas have: it is replaced like a dead one, and kept closed. undefined: it is not so. */
  readonly returned: Returned | undefined;
  /** Why one that is alive may have what the candidate has not. */
  readonly apart: string | undefined;
  /** What is known of it from before. */
  readonly before: Before;
  /** Replicas of the primary that can be asked. */
  readonly replicas: readonly DirectReplica[];
  /** Servers beside the primary that cannot be asked. */
  readonly unreachable: readonly ServerName[];
  /** Servers that accept writes. */
  readonly writable: readonly ServerName[];
  readonly ranked: readonly Candidate[];
  /** The one that would take its place; undefined: none may. */
  readonly candidate: Candidate | undefined;
  /** undefined without a candidate. */
  readonly loss: Loss | undefined;
  readonly others: Others;
  /** Beside the primary, servers that were asked and follow nobody: what they have is compared with nobody's. */
  readonly bystanders: readonly ServerName[];
}

/** What it takes before silence counts. */
export function evidenceOf({ looks, evidenceSeconds }: SiteFailover): EvidenceRules {
  return { looks, seconds: evidenceSeconds };
}

/** undefined where nothing says which server is, or was, the primary. */
export function sightOf(scene: Scene, parameters: Parameters): Sight | undefined {
  const view = viewOf(scene);
  const { primary } = view.topology;
  if (primary === undefined) return undefined;
  const { snapshot, site } = scene;
  const rules = site.failover ?? defaultFailover;
  const outage = outageOf(scene, primary);
  const replicas = replicasOf(scene, primary);
  const unreachable = snapshot.servers
    .filter(({ name, facts }) => name !== primary && facts === undefined)
    .map(({ name }) => name);
  const ranked = rankCandidates(snapshot, primary, rules);
  const wanted = parameters['to'];
  const candidate = ranked.find(({ server, against }) => (wanted === undefined ? against.length === 0 : server === wanted)); // prettier-ignore
  const address = snapshot.servers.find(({ name }) => name === primary)?.address;
  const before = beforeOf({ primary, address, outage, replicas, lastChange: scene.lastChange });
  const chosen = replicas.find(({ server }) => server.name === candidate?.server);
  const returned = returnedOf(scene, primary);
  const own = view.server(primary);
  return {
    view,
    rules,
    primary,
    death: deathOf(scene, primary, evidenceOf(rules)),
    returned,
    apart: returned && own && chosen && wentAnotherWay(own, chosen),
    before,
    replicas,
    unreachable,
    writable: snapshot.servers.filter((server) => isWritable(server)).map(({ name }) => name),
    ranked,
    candidate,
    loss:
      chosen &&
      (returned === undefined
        ? lossOf({ primary, before, since: outage?.since, candidate: chosen, replicas, unreachable, now: snapshot.at })
        : lossBeside(chosen.server.name, unreachable)),
    others: othersOf(scene, replicas, candidate),
    bystanders: snapshot.servers.filter(({ name, facts }) => name !== primary && facts?.channels?.length === 0).map(({ name }) => name), // prettier-ignore
  };
}
