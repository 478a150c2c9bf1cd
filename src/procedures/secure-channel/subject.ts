import type { Column } from '../../dialects/capabilities.js';
import type { ChannelTls } from '../../dialects/replication-statements.js';
import { channelText } from '../../domain/problems/check.js';
import type { ChannelRelation } from '../../domain/relations.js';
import { knownError } from '../../domain/replication-errors.js';
import type { Parameters, Scene, Site, SiteServer } from '../../domain/scene.js';
import type { Channel, ServerFacts, ServerSnapshot } from '../../domain/snapshot.js';
import { wantedTls } from '../primary/channel-tls.js';
import { columnOf, given, viewOf } from '../view.js';

/** A channel that is to be secured, with all that the plan rests on. */
export interface Subject {
  /** `db2`, or `db2 (channel east)`. */
  readonly words: string;
  readonly replica: ServerSnapshot;
  readonly facts: ServerFacts;
  readonly column: Column;
  readonly channel: Channel;
  readonly relation: ChannelRelation;
  /** undefined: it reads from a server that is not configured. */
  readonly source: ServerSnapshot | undefined;
  /** `db1`, or the address where it is not configured. */
  readonly sourceWords: string;
  readonly site: Site;
  readonly configured: SiteServer | undefined;
  /** What the channel shall have; undefined where nothing names an authority to trust. */
  readonly tls: ChannelTls | undefined;
  readonly rehearsal: 'full' | 'partial';
  /** Which threads are to run afterwards: those that run now, or would if they could. */
  readonly runs: { readonly io: boolean; readonly sql: boolean };
  readonly way: Way;
}

/**
 * What becomes of what was received and not yet applied. A CHANGE with both threads stopped throws it away, and MariaDB
 * wants both stopped. `beside`: MySQL with auto-positioning lets the applier run on, and keeps it. `drained`: it is
 * applied first. `refetched`: it is fetched again from the source, which must still have it.
 */
export type Way = 'beside' | 'drained' | 'refetched';

/** undefined while the replica or its channel cannot be seen. */
export function subjectOf(scene: Scene, parameters: Parameters): Subject | undefined {
  const view = viewOf(scene);
  const [name, channelName] = [given(parameters, 'server'), given(parameters, 'channel')];
  const [replica, channel] = [view.server(name), view.channel(name, channelName)];
  const relation = view.channelRelation(name, channelName);
  if (replica?.facts === undefined || channel === undefined || relation === undefined) return undefined;
  const { facts } = replica;
  const configured = scene.site.servers.find((one) => one.name === name);
  const runs = { io: wantsToReceive(columnOf(facts), channel), sql: channel.sql === 'running' };
  return {
    words: channelText(relation),
    replica,
    facts,
    column: columnOf(facts),
    channel,
    relation,
    source: view.server(relation.source),
    sourceWords: relation.source ?? `${channel.source.host}:${channel.source.port}`,
    site: scene.site,
    configured,
    tls: wantedTls(channel, configured?.replicationTls),
    rehearsal: rehearsalOf(parameters, configured, scene.site),
    runs,
    way: wayOf(channel, runs),
  };
}

/** Whether something that was received would have to be fetched again. */
export function fetchesAgain({ way, channel: { read, executed } }: Subject): boolean {
  return way === 'refetched' && !(read.file === executed.file && read.position === executed.position);
}

/** Why a person must approve it. */
export function reasonsToAsk(subject: Subject): readonly string[] {
  const { rehearsal, words, sourceWords } = subject;
  return [
    ...(rehearsal === 'partial'
      ? [`the rehearsal is partial: nobody has logged in to ${sourceWords} with the certificate and key of ${words}`]
      : []),
    ...(fetchesAgain(subject)
      ? [`if ${sourceWords} died in between, what ${words} has received and not applied would be gone`]
      : []),
  ];
}

/** Behind its source by more than this, seconds, nobody waits until all that was received is applied. */
const mostLag = 60;

function wayOf(channel: Channel, runs: Subject['runs']): Way {
  if (!runs.sql) return 'refetched';
  if (channel.gtid.mode === 'auto') return 'beside';
  return channel.delaySeconds === 0 && (channel.lagSeconds ?? 0) <= mostLag ? 'drained' : 'refetched';
}

/**
 * A receiver that stands without an error was stopped by somebody. So was one that stands with an error of its
 * connection where the version tries for months: STOP keeps the number of what it was trying.
 */
function wantsToReceive(column: Column, { io, ioError }: Channel): boolean {
  if (io !== 'stopped') return true;
  if (ioError === undefined) return false;
  const kind = knownError(column.flavour, ioError.errno)?.kind;
  return column.givesUpConnecting || (kind !== 'network' && kind !== 'access' && kind !== 'tls');
}

function rehearsalOf(
  parameters: Parameters,
  configured: SiteServer | undefined,
  { serverTls }: Site,
): 'full' | 'partial' {
  const wish = given(parameters, 'rehearsal');
  if (wish === 'full' || wish === 'partial') return wish;
  // A login takes the key, which stays where it is.
  return configured?.host === undefined || serverTls?.keys === 'host' ? 'partial' : 'full';
}
