import type { Candidate } from '../../domain/candidates.js';
import type { DirectReplica } from '../../domain/death.js';
import type { Scene } from '../../domain/scene.js';
import type { Channel, LogPosition } from '../../domain/snapshot.js';
import { coordinatesOf } from '../../dialects/primary-statements.js';
import type { Start } from '../../dialects/replication-statements.js';
import { wantedTls } from '../primary/channel-tls.js';
import { endHalfApplied } from '../primary/end-sessions.js';
import type { Following } from '../primary/follow.js';
import { opened } from '../primary/positions.js';
import { columnOf } from '../view.js';

/** What becomes of the replicas that are not to be the primary. */
export interface Others {
  readonly moved: readonly Following[];
  /** Why these stay as they are, one sentence each. */
  readonly left: readonly { readonly server: string; readonly why: string }[];
}

/** @param candidate undefined: nobody is moved */
export function othersOf(scene: Scene, replicas: readonly DirectReplica[], candidate: Candidate | undefined): Others {
  const target = scene.site.servers.find(({ name }) => name === candidate?.server);
  if (candidate === undefined || target === undefined) return { moved: [], left: [] };
  const others = replicas
    .filter(({ server }) => server.name !== candidate.server)
    .map((replica) => otherOf(scene, replica, candidate, target));
  return {
    moved: others.flatMap((one) => ('moved' in one ? [one.moved] : [])),
    left: others.flatMap((one) => ('left' in one ? [one.left] : [])),
  };
}

function otherOf(
  { site }: Scene,
  { server, channel }: DirectReplica,
  candidate: Candidate,
  { address }: { readonly address: Following['source']['address'] },
): { readonly moved: Following } | { readonly left: Others['left'][number] } {
  const { name, facts } = server;
  const left = (why: string) => ({ left: { server: name, why } });
  const tls = wantedTls(channel, site.servers.find((one) => one.name === name)?.replicationTls);
  if (tls === undefined || facts === undefined)
    return left(`nothing names the authority that ${name} would trust, and it is not moved in plaintext`);
  if (channel.gtid.mode === 'off' && candidate.channel.gtid.mode !== 'off')
    return left(`${name} replicates by file and position, and nothing tells where that is in the log of ${candidate.server}`); // prettier-ignore
  if (channel.gtid.mode === 'off' && !same(channel.read, candidate.channel.read))
    return left(`${name} has received less than ${candidate.server}, and by file and position nothing tells where to go on: it must be rebuilt`); // prettier-ignore
  return {
    moved: {
      replica: name,
      column: columnOf(facts),
      channel: channel.name,
      exists: true,
      source: { name: candidate.server, address },
      login: undefined,
      from: startOf(channel),
      tls,
      heartbeatPeriodSeconds: channel.heartbeatPeriodSeconds,
      wrote: false,
      before: endHalfApplied(name, columnOf(facts), channel.name),
      section: 'repoint',
    },
  };
}

function startOf({ gtid }: Channel): Start {
  switch (gtid.mode) {
    case 'off':
      return coordinatesOf(opened);
    case 'current_pos':
      return 'current_pos';
    case 'auto':
    case 'slave_pos':
      return 'gtid';
  }
}

function same(one: LogPosition, other: LogPosition): boolean {
  return one.file === other.file && one.position === other.position;
}
