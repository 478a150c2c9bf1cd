import type { ChannelTls } from '../../dialects/replication-statements.js';
import type { Scene } from '../../domain/scene.js';
import type { ServerName } from '../../domain/snapshot.js';
import { refusalsFor } from '../secure-channel/refusals.js';
import { subjectOf, type Subject } from '../secure-channel/subject.js';
import { viewOf } from '../view.js';
import { offersTls, type Newcomer } from './newcomer.js';

/** A replication stream of the server, or from it. */
export interface NewcomerChannel {
  readonly subject: Subject;
  /** What it is to have; undefined where it stays as it is, for the reason beside it. */
  readonly tls: ChannelTls | undefined;
  readonly stays: string | undefined;
}

/** The streams of a server, its own first, that do not speak verified TLS: what becomes of each once the server offers it. */
export function channelsOf(newcomer: Newcomer, scene: Scene): readonly NewcomerChannel[] {
  const { name, facts, paths } = newcomer;
  const own = (facts?.channels ?? []).map((channel) => ({ replica: name, channel: channel.name }));
  const theirs = viewOf(scene).topology.links.filter(({ source }) => source === name);
  return [...own, ...theirs].flatMap(({ replica, channel }) => {
    const subject = subjectOf(scene, { cluster: scene.site.cluster, server: replica, channel });
    if (subject === undefined || (subject.channel.tls.enabled && subject.channel.tls.verify)) return [];
    const tls = subject.tls ?? (replica === name ? { ...paths, verify: true } : undefined);
    const stays = whyNot({ ...subject, tls }, scene, name);
    return [{ subject: { ...subject, tls }, tls: stays === undefined ? tls : undefined, stays }];
  });
}

function whyNot(subject: Subject, scene: Scene, newcomer: ServerName): string | undefined {
  const { source, sourceWords } = subject;
  // The newcomer itself offers it by then.
  if (source?.name !== newcomer && offersTls(source) !== true) return `${sourceWords} offers no TLS yet`;
  return refusalsFor(subject, scene).find(({ reason }) => source?.name !== newcomer || reason !== 'source-tls-off')
    ?.why;
}
