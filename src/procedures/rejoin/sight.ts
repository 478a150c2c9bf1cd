import { ownLost, reaches, tailOf, type Tail } from '../../domain/former.js';
import { defaultFailover, type Parameters, type Scene } from '../../domain/scene.js';
import type { Channel, ServerFacts, ServerName, ServerSnapshot } from '../../domain/snapshot.js';
import { isWritable } from '../../domain/topology.js';
import { change } from '../actions.js';
import { wantedTls } from '../primary/channel-tls.js';
import { newChannelRetry, type Following } from '../primary/follow.js';
import { replicaStatements } from '../primary/semi-sync.js';
import { columnOf, viewOf, type View } from '../view.js';

/** All that a rejoin rests on. */
export interface Sight {
  readonly view: View;
  readonly name: ServerName;
  readonly server: ServerSnapshot | undefined;
  readonly facts: ServerFacts | undefined;
  /** Whether it accepts writes. */
  readonly writable: boolean;
  /** The other servers that accept writes and replicate from nobody. */
  readonly heads: readonly ServerSnapshot[];
  /** The one of these that is the primary; undefined: none or several. */
  readonly primary: ServerSnapshot | undefined;
  /** Who says that it is, besides itself: `the journal`, `announcers`, `replicas`. */
  readonly said: readonly string[];
  /** undefined without a primary. */
  readonly tail: Tail | undefined;
  /** Transactions of its own that the primary has and it has lost for good. */
  readonly lost: bigint;
  /** undefined: nothing names the authority to trust, or the account to log in with. */
  readonly following: Following | undefined;
}

export function sightOf(scene: Scene, parameters: Parameters): Sight {
  const view = viewOf(scene);
  const name = parameters['server'] ?? formerOf(scene, view) ?? '';
  const server = view.server(name);
  const heads = scene.snapshot.servers.filter((one) => one.name !== name && isWritable(one) && one.facts?.channels?.length === 0); // prettier-ignore
  const primary = heads.length === 1 ? heads[0] : undefined;
  return {
    view,
    name,
    server,
    facts: server?.facts,
    writable: server !== undefined && isWritable(server),
    heads,
    primary,
    said: primary === undefined ? [] : saidOf(scene, view, primary.name, name),
    tail: primary === undefined || server === undefined ? undefined : tailOf(server, primary, scene.lastChange),
    lost: server?.facts === undefined || primary?.facts === undefined ? 0n : ownLost(server.facts, primary.facts),
    following: primary === undefined ? undefined : followingOf(scene, view, name, server?.facts, primary),
  };
}

/** The one server beside the primary that replicates from nobody; undefined: none, or several. */
function formerOf({ snapshot, lastChange }: Scene, { topology }: View): ServerName | undefined {
  const primary = topology.primary ?? lastChange?.primary;
  const alone = snapshot.servers.filter(({ name, facts }) => name !== primary && facts?.channels?.length === 0);
  return primary !== undefined && alone.length === 1 ? alone[0]?.name : undefined;
}

/** Where transactions that nobody else has are written to; undefined where nothing is configured, or the machine not reached. */
export function tailFile(
  { site }: Scene,
  name: ServerName,
): { readonly program: string; readonly file: string } | undefined {
  const { tail } = site.failover ?? defaultFailover;
  const host = site.servers.find((one) => one.name === name)?.host;
  return tail === undefined || host === undefined
    ? undefined
    : { program: tail.program, file: `${tail.directory}/${name}-tail.sql` };
}

function saidOf(
  { lastChange, announcements = [] }: Scene,
  view: View,
  primary: ServerName,
  former: ServerName,
): readonly string[] {
  const told = announcements.filter(({ failure }) => failure === undefined);
  const follows = (source: ServerName) =>
    view.topology.links.some(
      (link) => link.source === source && view.channel(link.replica, link.channel)?.io === 'running',
    );
  return [
    ...(lastChange?.primary === primary ? ['the journal'] : []),
    ...(told.length > 0 && told.every(({ says }) => says === primary) ? ['what applications are told'] : []),
    ...(follows(primary) && !follows(former) ? ['the replicas'] : []),
  ];
}

function followingOf(
  { site, lastChange }: Scene,
  view: View,
  name: ServerName,
  facts: ServerFacts | undefined,
  primary: ServerSnapshot,
): Following | undefined {
  const own = site.servers.find((one) => one.name === name);
  const target = site.servers.find((one) => one.name === primary.name);
  const tls = wantedTls(undefined, own?.replicationTls);
  const { replication } = site.accounts;
  if (facts === undefined || target === undefined || tls === undefined || replication === undefined) return undefined;
  const from = startOf(facts, primary.name, view, lastChange);
  if (from === undefined || primary.facts === undefined) return undefined;
  const others = followersOf(view, primary.name).flatMap(({ replica }) => view.server(replica)?.facts ?? []);
  const semiSync = replicaStatements(facts, primary.facts, others);
  return {
    replica: name,
    column: columnOf(facts),
    channel: '',
    exists: false,
    source: { name: primary.name, address: target.address },
    login: replication.user,
    from,
    tls,
    heartbeatPeriodSeconds: othersOf(view, primary.name)[0]?.heartbeatPeriodSeconds,
    connectRetrySeconds: newChannelRetry,
    wrote: true,
    before: semiSync.length === 0 ? [] : [change(name, ...semiSync)],
    section: 'follow',
  };
}

/**
 * As the primary's other replicas do it, for those that go on in unlike ways can hardly be compared when it dies; where
 * it has none, as the run that made it the primary found it, else by GTID. MySQL that gives every transaction one can go
 * by them where it is not known at which place of the log.
 */
function startOf(
  facts: ServerFacts,
  primary: ServerName,
  view: View,
  change: Scene['lastChange'],
): Following['from'] | undefined {
  const { gtid } = facts;
  const modes = othersOf(view, primary).map((channel) => channel.gtid.mode);
  const [told, opened] = change?.primary === primary ? [change.byGtid, change.opened] : [undefined, undefined];
  const byPosition = modes.length > 0 ? modes.includes('off') : told === false;
  const always = gtid?.kind === 'mysql' && gtid.mode === 'ON';
  if (!byPosition && (always || gtid?.kind !== 'mysql')) return 'gtid';
  const at = opened !== undefined && reaches(facts, change?.formerEnd) ? { file: opened.file, position: opened.position } : undefined; // prettier-ignore
  return at ?? (always ? 'gtid' : undefined);
}

function othersOf(view: View, primary: ServerName): readonly Channel[] {
  return followersOf(view, primary).flatMap(({ replica, channel }) => view.channel(replica, channel) ?? []);
}

function followersOf({ topology }: View, primary: ServerName) {
  return topology.links.filter(({ source }) => source === primary);
}
