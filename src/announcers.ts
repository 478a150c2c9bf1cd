import type { AnnouncedCluster } from './announce/announcer.js';
import { Announcers } from './announce/announcers.js';
import { openReadSide } from './announce/open-read-side.js';
import { describe, openAnnouncer, type AnnouncerSettings } from './announce/open.js';
import { systemClock } from './base/clock.js';
import { deadline } from './base/deadline.js';
import type { TlsMaterial } from './base/exchange.js';
import type { Secret } from './base/secret.js';
import type { AnnouncerConfig } from './config/announce-config.js';
import { programsOf } from './config/announce-resolve.js';
import type { ClusterConfig } from './config/config.js';
import type { HostConfig } from './config/host-config.js';
import { readSecret, type SecretRef } from './config/secrets.js';
import type { Announcement, SiteAnnouncer } from './domain/announcement.js';
import type { ReadersSeen } from './domain/readers.js';
import type { ClusterName } from './domain/snapshot.js';
import { hostSettingsOf } from './host-settings.js';
import { openHost } from './hosts/open.js';
import { tlsOf } from './notify/tls-files.js';

/** How long reading back may take, milliseconds: an announcer that hangs does not hold up a look. */
const readWithin = 2000;

/** The announcers of every cluster, under the configuration of now. They are made when they are first needed. */
export class AnnouncerShelf {
  readonly #made = new Map<ClusterName, { readonly of: ClusterConfig; readonly announcers: Announcers }>();

  of(cluster: ClusterConfig): Announcers {
    const made = this.#made.get(cluster.name);
    if (made?.of === cluster) return made.announcers;
    // Whoever still works with those of before goes on: they connect anew.
    void made?.announcers.close();
    const announcers = announcersOf(cluster);
    this.#made.set(cluster.name, { of: cluster, announcers });
    return announcers;
  }

  /** What the cluster's announcers tell now; undefined where it has none. Never fails, and takes two seconds at most. */
  async readBack(cluster: ClusterConfig, signal: AbortSignal): Promise<readonly Announcement[] | undefined> {
    if (cluster.announcers.length === 0) return undefined;
    const limit = deadline(readWithin, signal);
    try {
      return await this.of(cluster).readBack(limit.signal);
    } finally {
      limit.clear();
    }
  }

  /** From whom applications read now, alike; undefined where no announcer leads them. */
  async readReaders(cluster: ClusterConfig, signal: AbortSignal): Promise<readonly ReadersSeen[] | undefined> {
    if (cluster.announcers.every(({ readers }) => readers === undefined)) return undefined;
    const limit = deadline(readWithin, signal);
    try {
      return await this.of(cluster).readReaders(limit.signal);
    } finally {
      limit.clear();
    }
  }

  async close(): Promise<void> {
    const all = [...this.#made.values()];
    this.#made.clear();
    await Promise.all(all.map(({ announcers }) => announcers.close()));
  }
}

/** Whoever opens them closes them. */
export function announcersOf(cluster: ClusterConfig): Announcers {
  const announced = announcedOf(cluster);
  const opened = cluster.announcers.map((config) => {
    const settings = settingsOf(config);
    const machine = openHost(hostSettingsOf(hostOf(config)));
    const where = { machine, here: !('host' in config) || config.host === undefined };
    const readSide = openReadSide(settings, announced, where);
    return { announcer: openAnnouncer(settings, announced, where), readSide };
  });
  const readSides = opened.flatMap(({ announcer, readSide }) =>
    readSide === undefined ? [] : [[announcer.site.name, readSide] as const],
  );
  return new Announcers(
    opened.map(({ announcer }) => announcer),
    systemClock,
    new Map(readSides),
  );
}

/** As much of a cluster's announcers as plans rest on. */
export function siteAnnouncersOf(cluster: ClusterConfig): readonly SiteAnnouncer[] {
  const announced = announcedOf(cluster);
  return cluster.announcers.map((config) => {
    const host = 'host' in config ? config.host : undefined;
    const machine = host && openHost(hostSettingsOf(host)).name;
    return describe(settingsOf(config), announced, machine);
  });
}

function announcedOf({ name, names, servers }: ClusterConfig): AnnouncedCluster {
  return { name, names, servers: servers.map((server) => ({ name: server.name, address: server.address })) };
}

/** Secrets and certificates are read at each use, so that they rotate. */
function settingsOf(config: AnnouncerConfig): AnnouncerSettings {
  if (config.kind === 'webhook') {
    const { url, readUrl, signingKey, caFile, ...rest } = config;
    return { ...rest, url: secret(url), readUrl: readUrl && secret(readUrl), signingKey: signingKey && secret(signingKey), tls: trusting(caFile) }; // prettier-ignore
  }
  if (config.kind !== 'salt-pillar') return config;
  const { apply, ...pillar } = config;
  if (apply?.kind !== 'salt-api') return { ...pillar, apply };
  const { password, caFile, ...api } = apply;
  return { ...pillar, apply: { ...api, password: secret(password), tls: trusting(caFile) } };
}

function secret(ref: SecretRef): () => Promise<Secret> {
  return () => readSecret(ref);
}

function trusting(caFile: string | undefined): () => Promise<TlsMaterial> {
  return () => tlsOf({ caFile, certFile: undefined, keyFile: undefined });
}

/** This machine, with the program that the announcer runs, where the configuration names no other: its files are Lockstep's own. */
function hostOf(config: AnnouncerConfig): HostConfig {
  if ('host' in config && config.host !== undefined) return config.host;
  return { kind: 'local', sudo: false, paths: [], programs: programsOf(config), services: {} };
}
