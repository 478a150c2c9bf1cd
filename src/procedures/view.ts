import { columnFor, type Column } from '../dialects/capabilities.js';
import { relationsOf, type ChannelRelation, type ServerRelation } from '../domain/relations.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { Channel, Identity, ServerFacts, ServerName, ServerSnapshot } from '../domain/snapshot.js';
import { topologyOf, type Topology } from '../domain/topology.js';

/** A scene with what follows from it, as every procedure looks at it. */
export interface View {
  readonly topology: Topology;
  server(name: ServerName | undefined): ServerSnapshot | undefined;
  channel(server: ServerName, channel: string): Channel | undefined;
  /** Of a channel that {@link channel} finds. */
  channelRelation(server: ServerName, channel: string): ChannelRelation | undefined;
  serverRelation(server: ServerName): ServerRelation | undefined;
}

export function viewOf({ snapshot }: Scene): View {
  const topology = topologyOf(snapshot);
  const relations = relationsOf(snapshot, topology);
  const server = (name: ServerName | undefined) => snapshot.servers.find((one) => one.name === name);
  return {
    topology,
    server,
    channel: (name, channel) => server(name)?.facts?.channels?.find((one) => one.name === channel),
    channelRelation: (name, channel) =>
      relations.channels.find((one) => one.server === name && one.channel === channel),
    serverRelation: (name) => relations.servers.find((one) => one.server === name),
  };
}

/** The column of a server that was asked. */
export function columnOf({ identity }: ServerFacts): Column {
  return columnFor(identity);
}

/** The value of a parameter that the procedure requires, or has a default for. */
export function given(parameters: Parameters, name: string): string {
  return parameters[name] ?? '';
}

/** Who a server is, for premises: what does not change while it is the same server, in the same version. */
export function identityPremise(identity: Identity) {
  const { flavour, version, column, serverId, uuid } = identity;
  return { flavour, version, column, serverId, uuid };
}
