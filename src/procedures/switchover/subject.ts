import type { Column } from '../../dialects/capabilities.js';
import type { ChannelTls } from '../../dialects/replication-statements.js';
import type { NextStart } from '../../domain/next-start.js';
import type { ChannelRelation } from '../../domain/relations.js';
import type { Parameters, Scene, Site, SiteServer } from '../../domain/scene.js';
import type { Channel, ServerFacts, ServerName, ServerSnapshot } from '../../domain/snapshot.js';
import { wantedTls } from '../primary/channel-tls.js';
import { columnOf, given, viewOf, type View } from '../view.js';

/** A change of the primary, with all that the plan rests on. */
export interface Subject {
  readonly view: View;
  readonly site: Site;
  readonly old: Member;
  readonly to: Replica;
  /** The other servers that replicate from the old primary, in the order of the configuration. */
  readonly others: readonly Replica[];
  /** undefined: nobody looked. */
  readonly announcements: Scene['announcements'];
  /** What the program of `to` says of its next start; undefined: nobody asked it. */
  readonly nextStart: NextStart | undefined;
  readonly parameters: Parameters;
  readonly longRunning: 'wait' | 'ask' | 'end';
  readonly sessions: 'end' | 'keep';
}

export interface Member {
  readonly name: ServerName;
  readonly server: ServerSnapshot;
  readonly facts: ServerFacts;
  readonly column: Column;
  readonly configured: SiteServer | undefined;
}

export interface Replica extends Member {
  /** The one that reads from the old primary; those from elsewhere are left alone. */
  readonly channel: Channel;
  readonly relation: ChannelRelation;
}

/** A link that there will be: who reads from the new primary, with what. */
export interface FutureLink {
  readonly replica: Member;
  /** undefined: it is made anew. */
  readonly channel: Channel | undefined;
  /** Name of the channel. */
  readonly name: string;
  readonly user: string | undefined;
  /** undefined: nothing names an authority to trust. */
  readonly tls: ChannelTls | undefined;
  readonly rehearsal: 'full' | 'partial';
}

/** How long something must have been running to count as long, seconds. */
export const longSeconds = 5;

/** undefined while the primary, the candidate, or the channel between them cannot be seen. */
export function subjectOf(scene: Scene, parameters: Parameters): Subject | undefined {
  const view = viewOf(scene);
  const { primary, links } = view.topology;
  const member = (name: ServerName | undefined): Member | undefined => {
    const server = view.server(name);
    if (server?.facts === undefined) return undefined;
    const configured = scene.site.servers.find((one) => one.name === server.name);
    return { name: server.name, server, facts: server.facts, column: columnOf(server.facts), configured };
  };
  const old = member(primary);
  if (old === undefined) return undefined;
  const replicas = links
    .filter(({ source }) => source === old.name)
    .flatMap(({ replica: name, channel: channelName }): Replica[] => {
      const [found, channel] = [member(name), view.channel(name, channelName)];
      const relation = view.channelRelation(name, channelName);
      return found === undefined || channel === undefined || relation === undefined
        ? []
        : [{ ...found, channel, relation }];
    });
  const to = replicas.find(({ name }) => name === given(parameters, 'to'));
  if (to === undefined) return undefined;
  return {
    view,
    site: scene.site,
    old,
    to,
    others: replicas.filter((one) => one !== to),
    announcements: scene.announcements,
    nextStart: scene.nextStarts?.find(({ server }) => server === to.name),
    parameters,
    longRunning: choice(parameters, 'long-running', ['wait', 'ask', 'end'], 'ask'),
    sessions: choice(parameters, 'sessions', ['end', 'keep'], 'end'),
  };
}

/** Without GTID everything hangs on file and position. */
export function byGtid({ channel }: Pick<Replica, 'channel'>): boolean {
  return channel.gtid.mode !== 'off';
}

/** Whether anybody needs the coordinates of the logs. */
export function needsCoordinates({ to, others }: Subject): boolean {
  return [to, ...others].some((replica) => !byGtid(replica));
}

/** The others first, whom the new primary may have to wait for at each commit; the old primary last. */
export function futureLinks(subject: Subject): readonly FutureLink[] {
  const { others, old, to, site } = subject;
  const wish = given(subject.parameters, 'rehearsal');
  const rehearsal = ({ configured }: Member): FutureLink['rehearsal'] =>
    wish === 'full' || wish === 'partial' ? wish : configured?.host === undefined ? 'partial' : 'full';
  return [
    ...others.map((replica) => ({
      replica,
      channel: replica.channel,
      name: replica.channel.name,
      user: replica.channel.source.user,
      tls: wantedTls(replica.channel, replica.configured?.replicationTls),
      rehearsal: rehearsal(replica),
    })),
    {
      replica: old,
      channel: undefined,
      name: to.channel.name,
      user: site.accounts.replication?.user,
      tls: wantedTls(undefined, old.configured?.replicationTls),
      rehearsal: rehearsal(old),
    },
  ];
}

/** How many sessions a freeze would wait for, or cost much; undefined where it is not known. */
export function longNow({ old }: Subject): number | undefined {
  const { activity } = old.facts;
  if (activity === undefined) return undefined;
  const ended = new Set<number>();
  for (const { id, seconds, writes } of activity.statements)
    if (seconds >= longSeconds && writes !== false) ended.add(id);
  // One that only reads, or has changed nothing yet, loses nothing.
  for (const { id, seconds, writes } of activity.transactions)
    if (seconds >= longSeconds && writes === true) ended.add(id);
  return ended.size;
}

function choice<T extends string>(parameters: Parameters, name: string, values: readonly T[], standard: T): T {
  return values.find((value) => value === parameters[name]) ?? standard;
}
