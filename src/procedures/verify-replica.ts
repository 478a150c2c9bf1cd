import { comparingSession, standsAt, waitsFor } from '../dialects/comparing-statements.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { Channel, ServerFacts, ServerName, ServerSnapshot } from '../domain/snapshot.js';
import type { Need, Procedure, Refusal, Step } from '../engine/procedure.js';
import { columnOf, given, identityPremise, viewOf } from './view.js';

/**
 * Compares a replica with its source, table by table and row by row, while both are at work. It only looks: nothing is
 * locked or written, and what differs is told and never mended. It is wanted whenever somebody asks, for only
 * looking tells whether it was needed.
 */
export const verifyReplica: Procedure = {
  name: 'verify-replica',
  purpose: 'Compare every row of a replica with its source while both are at work, and tell where they differ',
  parameters: [
    { name: 'server', kind: 'server', required: true, help: 'the replica' },
    {
      name: 'source',
      kind: 'server',
      required: false,
      help: 'the server that it should equal; default the one that it replicates from',
    },
  ],
  locks: 'nothing',
  needed,
  refusals,
  premises,
  steps,
  remarks,
};

/** How long reading one range of a table should take, seconds. */
const chunkSeconds = 0.25;
/** How long one wait of a replica for its source lasts, seconds: then it is asked again. */
const waitSeconds = 10;
/** However large: two weeks, seconds. It ends long before, or when it is told to. */
const atMost = 14 * 86_400;

function needed(scene: Scene, parameters: Parameters): Need {
  const { name, server, source, channel, channels } = sightOf(scene, parameters);
  if (server?.facts?.channels === undefined)
    return { observed: 'unknown', why: `${name} cannot be seen: ${server?.failure?.message ?? 'no answer'}` };
  if (channels.length === 0) return { observed: 'no', why: `${name} replicates from nobody` };
  if (source !== undefined && source.facts === undefined)
    return { observed: 'unknown', why: `${source.name} cannot be seen: ${source.failure?.message ?? 'no answer'}` };
  const from = channel === undefined ? 'its source' : (source?.name ?? `${channel.source.host}:${channel.source.port}`);
  return { observed: 'yes', why: `${name} replicates from ${from}, and only comparing tells whether it equals it` };
}

function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const { name, channel, channels, source, direct } = sightOf(scene, parameters);
  if (channels.length > 1)
    return [
      refusal('several-sources', `${name} replicates on ${channels.length} channels, and equals none of its sources`, 'Compare what each brings by hand.'), // prettier-ignore
    ];
  if (channel === undefined) return [];
  if (source === undefined)
    return [
      refusal('source-unknown', `the source of ${name} is not in the configuration`, 'Add it there, or name another server of the cluster with --source.'), // prettier-ignore
    ];
  if (source.name === name) return [refusal('source-unknown', `${name} cannot be compared with itself`, 'Name its source, or nobody.')]; // prettier-ignore
  return [
    ...(channel.io === 'running' && channel.sql === 'running'
      ? []
      : [refusal('not-replicating', `${name} does not replicate now, so it cannot be at the same place as ${source.name}`, 'Let it replicate first: docs/runbooks/ReplicationStopped.md.')]), // prettier-ignore
    ...(channel.filtered === true
      ? [refusal('filtered', `${name} leaves out some of what ${source.name} has, by its own configuration`, 'Compare what it does take by hand.')] // prettier-ignore
      : []),
    ...(channel.delaySeconds > 0
      ? [refusal('delayed', `${name} stays behind ${source.name} on purpose`, 'Take its delay away while it is compared.')] // prettier-ignore
      : []),
    ...(isCounted(source.facts, direct === source.name)
      ? []
      : [refusal('position-unknown', `whether ${name} has all that ${source.name} has cannot be told: without GTID only its own source, with a binary log, can be compared`, 'Name no source, or turn GTID on.')]), // prettier-ignore
  ];
}

function premises(scene: Scene, parameters: Parameters): unknown {
  const { name, server, source, channel } = sightOf(scene, parameters);
  return {
    server: name,
    identity: server?.facts && identityPremise(server.facts.identity),
    source: source?.name,
    sourceIdentity: source?.facts && identityPremise(source.facts.identity),
    channel: channel && { name: channel.name, source: channel.source, gtid: channel.gtid.mode },
  };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const { name, server, source, channel } = sightOf(scene, parameters);
  if (server?.facts === undefined || source?.facts === undefined || channel === undefined) return [];
  const [here, there] = [columnOf(server.facts), columnOf(source.facts)];
  return [
    {
      id: 'compare',
      title: `Compare every row of ${name} with ${source.name}, while both are at work`,
      plan: [
        {
          kind: 'verify',
          on: name,
          with: source.name,
          channel: channel.name,
          sessions: { source: comparingSession(there), replica: comparingSession(here) },
          position: standsAt(there, source.facts.gtid),
          wait: waitsFor(here, source.facts.gtid, channel, waitSeconds),
          chunkSeconds,
          noteAs: 'verified',
        },
      ],
      done: (seen) => seen.notes['verified'] !== undefined,
      within: atMost,
      // It goes on where a connection was lost.
      attempts: 4,
    },
  ];
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const { name, source } = sightOf(scene, parameters);
  if (source === undefined) return [];
  return [
    `Every row is read once on ${source.name} and on ${name}, with as long a rest after each range as its reading took; lag, and more than 32 statements at once on either server, hold it up.`,
    'Schemas of the server itself (mysql, sys) are not compared, and of tables without a key no more than 256 MiB.',
  ];
}

interface Sight {
  readonly name: ServerName;
  readonly server: ServerSnapshot | undefined;
  readonly source: ServerSnapshot | undefined;
  readonly channels: readonly Channel[];
  readonly channel: Channel | undefined;
  /** Whom it really replicates from. */
  readonly direct: ServerName | undefined;
}

function sightOf(scene: Scene, parameters: Parameters): Sight {
  const view = viewOf(scene);
  const name = given(parameters, 'server');
  const server = view.server(name);
  const channels = server?.facts?.channels ?? [];
  const [channel] = channels;
  const wanted = given(parameters, 'source');
  const direct = channel === undefined ? undefined : view.channelRelation(name, channel.name)?.source;
  return { name, server, channels, channel, direct, source: view.server(wanted === '' ? direct : wanted) };
}

function isCounted(facts: ServerFacts | undefined, direct: boolean): boolean {
  if (facts?.gtid?.kind === 'mariadb' || facts?.gtid?.mode === 'ON') return true;
  return direct && facts?.binlog?.current !== undefined;
}

function refusal(reason: string, why: string, remedy: string): Refusal {
  return { reason, why, remedy };
}
