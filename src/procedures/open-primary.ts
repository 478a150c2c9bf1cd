import { openServer } from '../dialects/primary-statements.js';
import { reachesLog, returnedOf, type Returned } from '../domain/returned.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { Channel, ServerFacts, ServerName, ServerSnapshot } from '../domain/snapshot.js';
import { isWritable } from '../domain/topology.js';
import type { Need, Procedure, Refusal, Step } from '../engine/procedure.js';
import { change } from './actions.js';
import { announce, announced } from './primary/announce.js';
import { hasApplied } from './primary/positions.js';
import { changed, isOpen } from './primary/promote.js';
import { disputesOf, doubtOf } from './primary/rightful.js';
import { waitingOf, waitingStatements, type Waiting } from './primary/semi-sync.js';
import { columnOf, identityPremise, viewOf, type View } from './view.js';

/**
 * A primary that came back read-only, as every server should boot, accepts writes again: where the others still follow
 * it, nobody else accepts writes, and nobody is ahead of it.
 */
export const openPrimary: Procedure = {
  name: 'open-primary',
  purpose: 'Let the primary accept writes again after a restart that left it read-only',
  parameters: [{ name: 'server', kind: 'server', required: false, help: 'the primary; default the one that the others follow' }], // prettier-ignore
  locks: 'cluster',
  opens: true,
  needed,
  refusals,
  asks,
  premises,
  steps,
  remarks,
};

function needed(scene: Scene, parameters: Parameters): Need {
  const { name, server, facts } = sightOf(scene, parameters);
  if (name === '') return { observed: 'unknown', why: 'no server is seen that the others follow' };
  if (facts?.state === undefined || facts.channels === undefined || server === undefined)
    return { observed: 'unknown', why: `what ${name} is cannot be seen: ${server?.failure?.message ?? 'no answer'}` };
  if (isWritable(server)) return { observed: 'no', why: `${name} accepts writes` };
  if (facts.channels.length > 0) return { observed: 'no', why: `${name} is a replica` };
  return { observed: 'yes', why: `${name} replicates from nobody and accepts no writes` };
}

function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const sight = sightOf(scene, parameters);
  const { name, writable, ahead, returned, followers } = sight;
  return [
    ...(writable.length === 0
      ? []
      : [
          {
            reason: 'writable-elsewhere',
            why: `${writable.join(' and ')} accept${writable.length === 1 ? 's' : ''} writes: there would be two`,
            remedy: `If ${writable.join(' and ')} is the primary, rejoin makes ${name} its replica.`,
          },
        ]),
    ...disputesOf(scene, name),
    ...(ahead.length === 0
      ? []
      : [
          {
            reason: 'ahead',
            why: `${ahead.join(' and ')} ha${ahead.length === 1 ? 's' : 've'}, or may have, what ${name} has not${returned === undefined ? '' : `: ${returned.why}`}`,
            remedy:
              returned === undefined
                ? 'The history of one of them went another way: docs/runbooks/NoPrimary.md.'
                : `Make the replica that has most the primary: lockstep plan failover --cluster ${scene.snapshot.cluster}`,
          },
        ]),
    ...(followers.length > 0 || alone(scene)
      ? []
      : [
          {
            reason: 'not-followed',
            why: `no server is seen to follow ${name}, so nothing shows that it is the primary`,
            remedy: 'Bring the replicas back, or open it by hand.',
          },
        ]),
  ];
}

/** A person, unless it is known from elsewhere that it is the primary, and everybody could be asked. */
function asks(scene: Scene, parameters: Parameters): string | undefined {
  const { name, unreachable } = sightOf(scene, parameters);
  if (unreachable.length > 0) return `whether ${unreachable.join(' and ')} accepts writes cannot be seen`;
  return doubtOf(scene, name);
}

function premises(scene: Scene, parameters: Parameters): unknown {
  const { name, facts, followers, unreachable } = sightOf(scene, parameters);
  return { server: name, identity: facts && identityPremise(facts.identity), followers, unreachable };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const { name, server, facts, waiting } = sightOf(scene, parameters);
  if (server === undefined || facts === undefined || waiting === undefined) return [];
  return [
    {
      id: 'open',
      title: `Let ${name} accept writes${waiting.on ? ', and wait for a replica at each commit' : ''}`,
      plan: [change(name, ...waitingStatements(waiting), ...openServer(columnOf(facts)))],
      done: (seen) => isOpen(seen, name),
      commits: true,
      notes: changed(name),
      within: 10,
    },
    ...announce(scene.site, server),
    ...announced(scene.site, server),
  ];
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const { name, followers, unreachable, waiting } = sightOf(scene, parameters);
  return [
    followers.length === 0 ? `No other server is configured.` : `${followers.join(' and ')} follow${followers.length === 1 ? 's' : ''} it, and ha${followers.length === 1 ? 's' : 've'} nothing that it has not.`, // prettier-ignore
    ...(unreachable.length === 0
      ? []
      : [`${unreachable.join(' and ')} cannot be asked: make sure that it does not accept writes.`]),
    ...(waiting?.off === true ? [`No replica is there to acknowledge, so ${name} does not wait for one: rpl_semi_sync is turned off there.`] : []), // prettier-ignore
    `Find out why ${name} was restarted before it happens again.`,
  ];
}

interface Sight {
  readonly view: View;
  readonly name: ServerName;
  readonly server: ServerSnapshot | undefined;
  readonly facts: ServerFacts | undefined;
  /** Other servers that accept writes. */
  readonly writable: readonly ServerName[];
  readonly unreachable: readonly ServerName[];
  readonly followers: readonly ServerName[];
  /** Others that have, or may have, what it has not. */
  readonly ahead: readonly ServerName[];
  /** What semi-synchronous replication, which a restart leaves as its file has it, is to be. */
  readonly waiting: Waiting | undefined;
  /** It came back without what replicas have received of it. */
  readonly returned: Returned | undefined;
}

function sightOf(scene: Scene, parameters: Parameters): Sight {
  const view = viewOf(scene);
  // Nobody is called ''.
  const name = parameters['server'] ?? view.topology.primary ?? scene.lastChange?.primary ?? '';
  const server = view.server(name);
  const others = scene.snapshot.servers.filter((one) => one.name !== name);
  const links = view.topology.links.filter(({ source }) => source === name);
  return {
    view,
    name,
    server,
    facts: server?.facts,
    writable: others.filter((one) => isWritable(one)).map((one) => one.name),
    unreachable: others.filter(({ facts }) => facts === undefined).map((one) => one.name),
    followers: [...new Set(links.map(({ replica }) => replica))],
    ahead: others
      .filter(({ facts }) => facts !== undefined)
      .filter(
        (one) =>
          !hasAllOf(
            server?.facts,
            one,
            links.flatMap((link) => (link.replica === one.name ? (view.channel(one.name, link.channel) ?? []) : [])),
          ),
      )
      .map((one) => one.name),
    waiting: server?.facts && waitingOf(server.facts, links.flatMap(({ replica }) => view.server(replica)?.facts ?? []), undefined), // prettier-ignore
    returned: returnedOf(scene, name),
  };
}

/** Whether a server has all that another has; false where that cannot be said. */
function hasAllOf(own: ServerFacts | undefined, other: ServerSnapshot, channels: readonly Channel[]): boolean {
  const [mine, theirs] = [own?.gtid, other.facts?.gtid];
  if (mine?.kind === 'mysql' && theirs?.kind === 'mysql' && mine.mode !== 'OFF' && theirs.mode !== 'OFF')
    return hasApplied(own, theirs.executed);
  if (mine?.kind === 'mariadb' && theirs?.kind === 'mariadb' && mine.binlogPos !== '')
    return hasApplied(own, theirs.binlogPos) && hasApplied(own, theirs.slavePos);
  // By file and position: it read from this very server, and not further than its log goes.
  return own !== undefined && channels.length > 0 && channels.every(({ read }) => reachesLog(own, read) === true);
}

function alone({ snapshot }: Scene): boolean {
  return snapshot.servers.length === 1;
}
