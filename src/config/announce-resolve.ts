import path from 'node:path';
import type { AnnouncerName } from '../domain/announcement.js';
import type { AnnouncerConfig, PillarReadersConfig, ReaderListConfig, SaltApiConfig } from './announce-config.js';
import type { AnnounceEntry, SaltApiEntry } from './announce-schema.js';
import { machineOf } from './host-resolve.js';
import { secretIn, secretOf } from './secret-ref.js';

/** Applies defaults, gives names, and lets a machine be touched where its announcer needs it: beside its file one is written on trial. */
export function announcersOf(entries: readonly AnnounceEntry[], folder: string): readonly AnnouncerConfig[] {
  const names = announcerNames(entries);
  return entries.map((entry, index) => announcerOf(entry, names[index] ?? entry.kind, folder));
}

/** What each is called. Takes entries as they are written, for checks too. */
export function announcerNames(
  entries: readonly { readonly kind: string; readonly name?: string | undefined }[],
): readonly AnnouncerName[] {
  return entries.map(({ kind, name }, index) => {
    const number = entries.slice(0, index).filter((other) => other.kind === kind).length + 1;
    return name ?? (number === 1 ? kind : `${kind}-${number}`);
  });
}

/** The programs that an announcer runs. */
export function programsOf(announcer: AnnounceEntry | AnnouncerConfig): readonly string[] {
  if (announcer.kind === 'command') return announcer.argv.slice(0, 1);
  return announcer.kind === 'salt-pillar' && announcer.apply?.kind === 'command'
    ? announcer.apply.argv.slice(0, 1)
    : [];
}

function announcerOf(entry: AnnounceEntry, name: AnnouncerName, folder: string): AnnouncerConfig {
  switch (entry.kind) {
    case 'hosts-file':
      return {
        kind: 'hosts-file',
        name,
        file: entry.file,
        names: entry.names,
        addresses: entry.addresses ?? {},
        readers: entry.readers && { names: entry.readers.names, fallback: standsIn(entry.readers) },
        host: entry.host && machineOf(entry.host, folder, { paths: [path.posix.dirname(entry.file)] }),
      };
    case 'salt-pillar': {
      const { apply } = entry;
      const touched = { paths: [path.posix.dirname(entry.file)], programs: programsOf(entry) };
      return {
        kind: 'salt-pillar',
        name,
        file: entry.file,
        key: entry.key,
        addresses: entry.addresses ?? {},
        apply: apply?.kind === 'salt-api' ? saltApiOf(apply, folder) : apply,
        readers: entry.readers && pillarReadersOf(entry.readers),
        host: entry.host && machineOf(entry.host, folder, touched),
      };
    }
    case 'haproxy': {
      const { socket, address = { host: '', port: 0 }, state_file: file, readers } = entry;
      const files = [file, readers?.state_file].filter((one) => one !== undefined);
      return {
        kind: 'haproxy',
        name,
        api: socket === undefined ? address : { path: socket },
        backend: entry.backend,
        servers: entry.servers ?? {},
        holdSeconds: entry.hold,
        cut: entry.cut ?? true,
        stateFile: file,
        readers: readers && {
          ...listOf(readers),
          backend: readers.backend,
          stateFile: readers.state_file,
          drainSeconds: readers.drain ?? defaultDrainSeconds,
        },
        host: entry.host && machineOf(entry.host, folder, { paths: files.map((one) => path.posix.dirname(one)) }),
      };
    }
    case 'webhook':
      return {
        kind: 'webhook',
        name,
        url: secretOf(entry.url_file, entry.url_env, folder),
        readUrl: secretIn(entry.read_url_file, entry.read_url_env, folder),
        signingKey: secretIn(entry.signing_key_file, entry.signing_key_env, folder),
        holdSeconds: entry.hold,
        caFile: entry.ca_file === undefined ? undefined : path.resolve(folder, entry.ca_file),
        readers: entry.readers && listOf(entry.readers),
      };
    case 'command':
      return {
        kind: 'command',
        name,
        argv: entry.argv,
        reads: entry.reads ?? true,
        holdSeconds: entry.hold,
        readers: entry.readers && listOf(entry.readers),
        host: entry.host && machineOf(entry.host, folder, { programs: programsOf(entry) }),
      };
  }
}

const defaultDrainSeconds = 10;

interface ReadersEntry {
  readonly servers?: readonly string[] | undefined;
  readonly fallback?: 'primary' | 'none' | undefined;
}

function listOf(given: ReadersEntry): ReaderListConfig {
  return { servers: given.servers, fallback: standsIn(given) };
}

function standsIn({ fallback }: ReadersEntry): boolean {
  return fallback !== 'none';
}

function pillarReadersOf(
  given: ReadersEntry & {
    readonly key?: string | undefined;
    readonly keys?: Readonly<Record<string, string>> | undefined;
  },
): PillarReadersConfig {
  const { key, keys = {} } = given;
  return key === undefined ? { keys, fallback: standsIn(given) } : { key, ...listOf(given) };
}

function saltApiOf(given: SaltApiEntry, folder: string): SaltApiConfig {
  const { url, user, target, ca_file: caFile } = given;
  return {
    kind: 'salt-api',
    url: url.replace(/\/+$/, ''),
    user,
    password: secretOf(given.password_file, given.password_env, folder),
    eauth: given.eauth ?? 'pam',
    target,
    targetType: given.target_type ?? 'glob',
    run: given.run ?? 'state.apply',
    arguments: given.arguments ?? [],
    atLeast: given.at_least ?? 1,
    caFile: caFile === undefined ? undefined : path.resolve(folder, caFile),
  };
}
