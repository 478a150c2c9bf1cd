import type { Certificate } from '../../domain/certificate.js';
import type { Leaf, Trust } from '../../domain/certificate-action.js';
import { channelText } from '../../domain/problems/check.js';
import type { Scene } from '../../domain/scene.js';
import type { Channel, ServerName, ServerSnapshot } from '../../domain/snapshot.js';
import { columnOf, viewOf } from '../view.js';
import type { Column } from '../../dialects/capabilities.js';
import { nameFor, namesFor, type Present } from './due.js';
import type { HeldChannel, Holder } from './holder.js';

/** What changes in the files of one server, and for whom. */
export interface Exchange {
  readonly holder: Holder;
  /** Prefix of its steps and notes, where a plan has several exchanges; else ''. */
  readonly prefix: string;
  readonly leaves: readonly NewLeaf[];
  readonly trust: readonly Trust[];
  /** What the added authorities are, to see them in the files. */
  readonly added: readonly Certificate[];
}

export interface NewLeaf {
  readonly leaf: Leaf;
  readonly present: Present;
}

/** A replication link that is to shake hands anew. */
export interface Link {
  readonly replica: ServerName;
  readonly column: Column;
  readonly channel: Channel;
  /** undefined: it reads from a server that is not configured. */
  readonly source: ServerSnapshot | undefined;
  /** `db2`, or `db2 (channel east)`. */
  readonly words: string;
}

/** The certificate of an authority of the cluster, by its name: the one that everything comes from, or the one that gives way to it. */
export function authorityOf({ authority, rotation, site }: Scene, name: string): Certificate | undefined {
  if (name === site.serverTls?.authority) return authority;
  return name === rotation?.from?.name ? rotation.from.certificates[0] : undefined;
}

export function newLeaf(holder: Holder, present: Present, prefix: string, authority = holder.site.authority): NewLeaf {
  const note = present.use === 'client' ? `new-${present.pair.certificate}` : 'new-server-certificate';
  return {
    present,
    leaf: {
      ...present.pair,
      use: present.use,
      authority,
      commonName: nameFor(holder, present),
      names: namesFor(holder, present),
      lifetime: holder.site.lifetime,
      noteAs: `${prefix}${note}`,
    },
  };
}

/** Whether what the server itself presents or trusts changes, which it has to be told. */
export function serverChanges({ holder, leaves, trust }: Exchange): boolean {
  return leaves.some(({ present }) => present.use !== 'client') || trust.some(({ file }) => file === holder.trust);
}

/** Links whose next handshake would be another one: they are made to shake hands now, while it can be taken back. */
export function linksOf(exchange: Exchange, scene: Scene): readonly Link[] {
  const { holder } = exchange;
  const outgoing = changedChannels(exchange).map(({ channel }) =>
    link(holder.name, holder.column, channel, sourceOf(holder, channel.name, scene)),
  );
  return [...outgoing, ...(serverChanges(exchange) ? downstream(holder, scene) : [])].filter(
    // One that was stopped on purpose stays so.
    ({ channel }) => channel.io !== 'stopped',
  );
}

/** It receives: nothing keeps it from its source. */
export function isReceiving({ io, ioError }: Pick<Channel, 'io' | 'ioError'>): boolean {
  return io === 'running' && ioError === undefined;
}

/**
 * Its own trouble (a password, a firewall) keeps it from its source, and did before anything was changed: it is no reason
 * to take back, nor to leave a certificate to its end. One that is only on its way there has no error yet.
 */
export function isBroken({ channel: { io, ioError } }: Link): boolean {
  return io !== 'running' && ioError !== undefined;
}

/** What a person should know of such links before they approve. */
export function brokenRemarks(links: readonly Link[]): readonly string[] {
  return links
    .filter(isBroken)
    .map(
      ({ words, source, channel }) =>
        `${words} cannot connect to ${source?.name ?? 'its source'} as it is (error ${channel.ioError?.errno ?? ''}): it is let try anew, and not waited for; whether it accepts what is new, its link does not show.`,
    );
}

/** The server's own channels that would present or trust something else. */
export function changedChannels({ holder, leaves, trust }: Exchange): readonly HeldChannel[] {
  return holder.channels.filter(
    (one) =>
      leaves.some(({ leaf }) => leaf.certificate === one.pair?.certificate) ||
      trust.some(({ file }) => file === one.trust),
  );
}

/** Whom a channel of the server replicates from; undefined: somebody who is not configured. */
export function sourceOf({ name }: Holder, channel: string, scene: Scene): ServerSnapshot | undefined {
  const view = viewOf(scene);
  return view.server(view.channelRelation(name, channel)?.source);
}

/** Everybody who replicates from the server. */
export function downstream(holder: Pick<Holder, 'name' | 'server'>, scene: Scene): readonly Link[] {
  const view = viewOf(scene);
  return view.topology.links.flatMap(({ replica, channel, source }) => {
    const found = view.channel(replica, channel);
    const facts = view.server(replica)?.facts;
    if (source !== holder.name || found === undefined || facts === undefined) return [];
    return [link(replica, columnOf(facts), found, holder.server)];
  });
}

function link(replica: ServerName, column: Column, channel: Channel, source: ServerSnapshot | undefined): Link {
  return {
    replica,
    column,
    channel,
    source,
    words: channelText({ server: replica, channel: channel.name }),
  };
}
