import type { Certificate } from '../../domain/certificate.js';
import { isIssuedBy } from '../../domain/rotation.js';
import type { Scene, SiteServerTls } from '../../domain/scene.js';
import type { ServerName } from '../../domain/snapshot.js';
import type { Refusal } from '../../engine/procedure.js';
import { viewOf } from '../view.js';
import { presentOf } from './due.js';
import { boundRefusals } from './bound.js';
import { authorityOf, downstream, serverChanges, sourceOf, type Exchange } from './exchange.js';
import { holderOf, isHolder, trustedBy, type Trusting } from './holder.js';

/** What forbids to renew certificates of one server. */
export function exchangeRefusals(exchange: Exchange, scene: Scene): readonly Refusal[] {
  return [
    ...noAuthority(scene),
    ...untrusted(exchange, scene),
    ...restartNeeded(exchange, scene),
    ...boundRefusals(exchange, scene),
    ...unseenFiles(exchange),
  ];
}

export function noAuthority({ authority, site }: Scene): readonly Refusal[] {
  return authority === undefined ? [unreadable(site.serverTls?.authority ?? '')] : [];
}

/** The one that gives way: of a scene in which the other can be read. */
export function noFormerAuthority({ rotation, site }: Pick<Scene, 'rotation' | 'site'>): readonly Refusal[] {
  const { replaces } = site.serverTls ?? {};
  if (replaces === undefined || rotation === undefined || rotation.from?.name === replaces) return [];
  return [
    {
      ...unreadable(replaces),
      remedy:
        'Look at its directory: `lockstep pki inspect`. Where nothing is left of it, take `replaces` out of the configuration.',
    },
  ];
}

/**
 * What the authority that gives way issued, it renews. While it cannot be read, nobody knows of what the new one did not
 * issue; that one would renew it, and whoever trusts the old one alone would refuse it.
 */
export function renewerUnknown(renewed: readonly (Certificate | undefined)[], scene: Scene): readonly Refusal[] {
  const to = scene.rotation?.to;
  const known = renewed.every((one) => one !== undefined && to !== undefined && isIssuedBy(one, to));
  return known ? [] : noFormerAuthority(scene);
}

export function unreadable(authority: string): Refusal {
  return {
    reason: 'authority-unreadable',
    why: `the authority ${authority} cannot be read where the configuration says`,
    remedy: 'Make it with `lockstep pki init`, or look at its directory: `lockstep pki inspect`.',
  };
}

/** Whoever is seen to trust others only would refuse the new certificate: it is trusted everywhere first. */
function untrusted(exchange: Exchange, scene: Scene): readonly Refusal[] {
  const { holder, leaves } = exchange;
  const [first] = leaves;
  const authority = first && authorityOf(scene, first.leaf.authority);
  if (first === undefined || authority === undefined) return [];
  const view = viewOf(scene);
  const without: string[] = [];
  const checks = (who: string, server: ServerName | undefined, of: Trusting) => {
    const trusted = trustedBy(view.server(server), of);
    if (trusted.length > 0 && !trusted.some(({ fingerprint }) => fingerprint === authority.fingerprint))
      without.push(who);
  };
  if (leaves.some(({ present }) => present.use !== 'client'))
    for (const { replica, channel, words } of downstream(holder, scene))
      checks(words, replica, { channel: channel.name });
  for (const { present } of leaves)
    for (const { name } of present.channels) {
      const source = sourceOf(holder, name, scene)?.name;
      if (source !== undefined) checks(source, source, 'server');
    }
  if (without.length === 0) return [];
  return [
    {
      reason: 'authority-untrusted',
      why: `${[...new Set(without)].join(', ')} do not trust the authority ${first.leaf.authority}, and would refuse what it issues`,
      remedy: 'Let them trust it first, besides those that they trust: run trust-authority.',
    },
  ];
}

export function restartNeeded(exchange: Exchange, scene: Scene): readonly Refusal[] {
  const { holder } = exchange;
  if (holder.column.reloadsTls || !serverChanges(exchange)) return [];
  const { name, own } = holder;
  if (viewOf(scene).topology.primary === name)
    return [
      {
        reason: 'restart-of-primary',
        why: `${name} is the primary, and this version reads certificates only when it starts`,
        remedy: 'Run switchover first, and renew it as a replica.',
      },
    ];
  return noService(name, own, 'reads certificates only when it starts');
}

/** A server that has to be restarted is, by the one command that the configuration has for it. @param because why it has to be */
export function noService(name: ServerName, { services }: SiteServerTls, because: string): readonly Refusal[] {
  if (services.length === 1) return [];
  return [
    {
      reason: 'no-service',
      why: `${name} ${because}, and ${services.length === 0 ? 'no service is' : 'several services are'} configured for it`,
      remedy: 'Write the one command under `hosts: { services: { mysql: [ … ] } }`.',
    },
  ];
}

function unseenFiles({ leaves }: Exchange): readonly Refusal[] {
  const unseen = leaves.filter(({ present }) => present.certificate === undefined);
  return unseen.map(({ present }) => ({
    reason: 'certificate-unseen',
    why: `${present.words} (${present.pair.certificate}) cannot be read, so nobody would see whether it was changed`,
    remedy: 'Look at the owner and mode of the file, and at `paths` of `hosts`: lockstep check.',
  }));
}

/** Replicas of the server whose own certificates are due and still the old ones. */
export function replicasDue(server: ServerName, scene: Scene): readonly ServerName[] {
  const at = scene.snapshot.at / 1000;
  const { topology } = viewOf(scene);
  const replicas = [...new Set(topology.links.filter(({ source }) => source === server).map(({ replica }) => replica))];
  return replicas.filter((name) => {
    const holder = holderOf(scene, name);
    return isHolder(holder) && presentOf(holder, at).some(({ due }) => due !== undefined);
  });
}
