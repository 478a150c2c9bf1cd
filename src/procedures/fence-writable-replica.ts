import { closeServer, closeWithin, isClosed, strongest } from '../dialects/read-only.js';
import type { Action, Statement } from '../domain/action.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { ServerFacts, ServerName, ServerSnapshot } from '../domain/snapshot.js';
import { isErrant } from '../domain/relations.js';
import { isWritable } from '../domain/topology.js';
import type { Need, Procedure, Refusal, Step } from '../engine/procedure.js';
import { followsNow } from './following.js';
import { bypassersLeft, endBypassing, ownUsers } from './primary/end-sessions.js';
import { leadingTo, withdrawalRefusals, withdrawalRemarks } from './readers/sight.js';
import { withdraw } from './readers/steps.js';
import { columnOf, given, identityPremise, viewOf, type View } from './view.js';

/**
 * Closes a replica that accepts writes, at the strongest level that its version has, and ends the sessions that write
 * past it. Only while another server is seen to be the writable primary and this one replicates from it now: it never
 * closes the only server that accepts writes, and never chooses between two primaries.
 */
export const fenceWritableReplica: Procedure = {
  name: 'fence-writable-replica',
  purpose: 'Make a replica that accepts writes read-only, and end the sessions that could still write',
  parameters: [{ name: 'server', kind: 'server', required: true, help: 'the replica' }],
  locks: 'server',
  needed,
  refusals,
  asks,
  premises,
  steps,
  remarks,
};

function needed(scene: Scene, parameters: Parameters): Need {
  const { view, name, server, facts, heads } = sightOf(scene, parameters);
  if (facts?.state === undefined || facts.channels === undefined || server === undefined)
    return {
      observed: 'unknown',
      why: `whether ${name} replicates and accepts writes cannot be seen: ${server?.failure?.message ?? 'no answer'}`,
    };
  if (!isWritable(server)) return { observed: 'no', why: `${name} is read-only` };
  if (view.topology.primary === name) return { observed: 'no', why: `${name} is the primary` };
  const sources = facts.channels.map(({ source }) => `${source.host}:${source.port}`);
  if (sources.length > 0)
    return { observed: 'yes', why: `${name} replicates from ${sources.join(', ')} and accepts writes` };
  return { observed: 'yes', why: `${heads.join(' and ')} accept writes and replicate from nobody` };
}

function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const { view, name, facts, heads, primary } = sightOf(scene, parameters);
  const { kind } = view.topology;
  if (facts === undefined) return [];
  if (kind !== 'async')
    return [
      {
        reason: 'topology',
        why: `the topology is ${kind}, where servers open and close themselves`,
        remedy: 'Leave it to them, or close the server by hand.',
      },
    ];
  if (heads.length > 1)
    return [
      {
        reason: 'two-primaries',
        why: `${heads.join(' and ')} accept writes and replicate from nobody: which of them is right is a decision`,
        remedy: 'Decide which one stays, and close the other by hand: docs/runbooks/TwoPrimaries.md.',
        human: true,
      },
    ];
  if (primary === undefined)
    return [
      {
        reason: 'no-writable-primary',
        why: `no other server is seen to accept writes as the primary, and ${name} may be the only one`,
        remedy: 'Bring the primary back, or decide by hand which server is to be it: docs/runbooks/NoPrimary.md.',
      },
    ];
  if (followsNow(view, scene.site, name, primary.name) === undefined)
    return [
      {
        reason: 'not-following',
        why: `${name} is not seen to replicate from the primary ${primary.name} now`,
        remedy: `Let its channel run first, from an address by which the configuration knows ${primary.name}: restart-replication, docs/runbooks/ReplicationStopped.md.`,
      },
    ];
  return [];
}

/** The one picture in which it may be the primary that is meant: an unfinished change, with the others moved already. */
function asks(scene: Scene, parameters: Parameters): string | undefined {
  const { view, name, primary } = sightOf(scene, parameters);
  const followers = (of: ServerName | undefined) =>
    view.topology.links
      .filter(({ source, replica }) => source === of && replica !== name)
      .map(({ replica }) => replica);
  const own = [...new Set(followers(name))];
  if (primary === undefined || own.length === 0 || followers(primary.name).length > 0) return undefined;
  return `${own.join(' and ')} replicate from ${name}, and nobody else from ${primary.name}: ${name} may be meant to be the primary`;
}

function premises(scene: Scene, parameters: Parameters): unknown {
  const { view, name, facts, heads, primary } = sightOf(scene, parameters);
  return {
    server: name,
    identity: facts && identityPremise(facts.identity),
    heads,
    primary: primary?.facts && { name: primary.name, identity: identityPremise(primary.facts.identity) },
    follows: primary && followsNow(view, scene.site, name, primary.name),
  };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const { name, facts } = sightOf(scene, parameters);
  if (facts === undefined) return [];
  const column = columnOf(facts);
  const close: Step = {
    id: 'close',
    title: `Make ${name} read-only (${strongest(column)})`,
    plan: [send(name, closeServer(column))],
    done: (seen) => {
      const now = viewOf(seen).server(name)?.facts;
      return now?.state !== undefined && isClosed(columnOf(now), now.state);
    },
    commits: true,
    within: 15,
    attempts: 3,
  };
  return [
    close,
    ...(column.readOnlyBypass.length === 0 ? [] : [endSessions(name, ownUsers(scene.site))]),
    ...takeOut(scene, name),
  ];
}

/** One that has what its source never had tells applications something else. Closing it waits for no announcer. */
function takeOut(scene: Scene, name: ServerName): readonly Step[] {
  const server = scene.site.servers.find((one) => one.name === name);
  if (server === undefined || withdrawalRefusals(scene, name).length > 0) return [];
  // Whether it has shows for good once nobody writes there any more.
  return withdraw(scene, server, { unless: (seen) => !isErrant(viewOf(seen).serverRelation(name)) });
}

function readersRemarks(scene: Scene, name: ServerName): readonly string[] {
  if (leadingTo(scene.site, name).length === 0) return [];
  const against = withdrawalRefusals(scene, name);
  if (against.length > 0)
    return against.map(({ why, remedy }) => `Applications may read from ${name} even if it has transactions that its source never had: ${why}. ${remedy}`); // prettier-ignore
  return [
    `If it is seen to have transactions that its source never had, applications do not read from it until it was rebuilt, or by return-replica.`,
    ...withdrawalRemarks(scene, name),
  ];
}

function endSessions(name: ServerName, ours: readonly string[]): Step {
  return {
    id: 'end-sessions',
    title: `End the sessions on ${name} that may write although it is read-only`,
    plan: endBypassing(name, ours),
    done: (seen) => seen.notes[bypassersLeft] === '0',
    within: 10,
    attempts: 4,
  };
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const { view, name, facts } = sightOf(scene, parameters);
  if (facts === undefined) return [];
  const column = columnOf(facts);
  const bypass = column.readOnlyBypass.map((privilege) => privilege.replace('_', ' ')).join(' or ');
  return [
    errantWords(name, facts, view.serverRelation(name)),
    `Closing waits up to ${closeWithin} s for statements that run, and what writes waits behind it, replication too; then it gives up and has changed nothing.`,
    'Transactions that are open fail at their next write or COMMIT, and are rolled back.',
    ...(bypass === ''
      ? []
      : [
          `Accounts with ${bypass} write to a read-only server of this version: their sessions are ended once, those of administrators and backups too, and nothing keeps them from coming back. Take the privilege from applications.`,
        ]),
    ...(column.readOnly === 'levels' ? ['LOCK TABLES and locking reads are refused as well.'] : []),
    ...(facts.state?.bootReadOnly === true
      ? []
      : [
          `${facts.state?.bootReadOnly === false ? `${name} accepts writes again after a restart` : `Whether ${name} accepts writes after a restart is not known`}: set read_only in its configuration file.`,
        ]),
    ...readersRemarks(scene, name),
  ];
}

function errantWords(name: ServerName, facts: ServerFacts, relation: ReturnType<View['serverRelation']>): string {
  const count = relation?.errantTransactions;
  if (relation === undefined || count === undefined)
    return `Whether ${name} has transactions that its source never had is not known.`;
  if (count === 0) return `${name} has no transactions that its source never had.`;
  const number = facts.identity.flavour === 'mariadb' ? `at least ${count}` : String(count);
  const set = relation.errantSet.length > 300 ? `${relation.errantSet.slice(0, 300)}…` : relation.errantSet;
  const doubt = relation.errantUnsettled ? '; some may only be newer than the look at the source' : '';
  return `${name} has ${number} transaction${count === 1 ? '' : 's'} that its source never had (${set}${doubt}): closing keeps them, docs/runbooks/ErrantTransactions.md says what then.`;
}

interface Sight {
  readonly view: View;
  readonly name: ServerName;
  readonly server: ServerSnapshot | undefined;
  readonly facts: ServerFacts | undefined;
  /** Servers that accept writes and replicate from nobody. */
  readonly heads: readonly ServerName[];
  /** Another server, asked in this very look, that accepts writes at the head of the cluster. */
  readonly primary: ServerSnapshot | undefined;
}

function sightOf(scene: Scene, parameters: Parameters): Sight {
  const view = viewOf(scene);
  const name = given(parameters, 'server');
  const server = view.server(name);
  const primary = view.server(view.topology.primary);
  const sound =
    primary !== undefined && primary.name !== name && isWritable(primary) && primary.facts?.channels !== undefined;
  return {
    view,
    name,
    server,
    facts: server?.facts,
    heads: scene.snapshot.servers
      .filter((one) => isWritable(one) && one.facts?.channels?.length === 0)
      .map((one) => one.name),
    primary: sound ? primary : undefined,
  };
}

function send(on: ServerName, statements: readonly Statement[]): Action {
  return { kind: 'sql', on, session: 'control', statements };
}
