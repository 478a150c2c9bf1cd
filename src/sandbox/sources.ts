import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LockstepError } from '../base/errors.js';

/** Where this machine gets Debian from, as its own apt sources say it: the sandbox knows no mirror by itself. */
export interface Mirrors {
  readonly archive: string;
  /** Undefined when the machine has no security source. */
  readonly security: string | undefined;
  /** Key file that proves the archive's signatures; undefined leaves apt's own trusted keys. */
  readonly keyring: string | undefined;
}

/** One `deb` line or stanza. */
export interface Source {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
}

/** @throws LockstepError `sandbox-no-mirror` when no Debian archive is among the sources. */
export function machineMirrors(directory = '/etc/apt'): Mirrors {
  const sources = readSources(directory);
  const archive = best(sources.filter((source) => source.suites.some((suite) => debianSuites.has(suite))));
  if (archive === undefined) {
    throw new LockstepError(
      'sandbox-no-mirror',
      `no Debian archive is among the apt sources in ${directory}`,
      'Run this on a Debian machine whose apt sources name a Debian mirror, component main.',
    );
  }
  const security = best(
    sources.filter((source) => source.suites.some((suite) => /^[a-z]+(-security|\/updates)$/.test(suite))),
  );
  return { archive: archive.uri, security: security?.uri, keyring: keyringOf(archive) };
}

/** Every enabled `deb` source of sources.list and sources.list.d, in both of apt's formats. */
export function readSources(directory: string): readonly Source[] {
  const parts = path.join(directory, 'sources.list.d');
  const files = [
    path.join(directory, 'sources.list'),
    ...(existsSync(parts) ? readdirSync(parts).sort() : []).map((name) => path.join(parts, name)),
  ].filter((file) => existsSync(file));
  return files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    if (file.endsWith('.sources')) return stanzas(text);
    return file.endsWith('.list') ? lines(text) : [];
  });
}

const debianSuites = new Set([
  ...['bullseye', 'bookworm', 'trixie', 'forky', 'duke', 'sid'],
  ...['oldoldstable', 'oldstable', 'stable', 'testing', 'unstable'],
]);

/** Other vendors name Debian's suites too: the archive is told apart by its key and by its path. */
function best(sources: readonly Source[]): Source | undefined {
  const score = (source: Source) =>
    (source.signedBy?.includes('debian-archive') ? 2 : 0) + (/\/debian(-security)?\/?$/.test(source.uri) ? 1 : 0);
  return sources
    .filter((source) => source.components.includes('main'))
    .sort((left, right) => score(right) - score(left))[0];
}

function keyringOf(source: Source): string | undefined {
  const candidates = [
    ...(source.signedBy?.startsWith('/') ? [source.signedBy] : []),
    '/usr/share/keyrings/debian-archive-keyring.gpg',
    '/usr/share/keyrings/debian-archive-keyring.pgp',
  ];
  // The machine's own entry may name one release's key alone; the whole keyring knows every suite.
  return [...candidates.slice(-2), ...candidates.slice(0, -2)].find((file) => existsSync(file));
}

/** The one-line format: `deb [options] uri suite component…`. */
function lines(text: string): readonly Source[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    return [{ uri, suites: [suite], components: words(components), signedBy: /signed-by=(\S+)/i.exec(options)?.[1] }];
  });
}

/** The deb822 format: stanzas of `Field: value`, continued by lines that begin with a blank. */
function stanzas(text: string): readonly Source[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    let field = '';
    for (const line of stanza.split('\n')) {
      if (line.startsWith('#')) continue;
      const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (match !== null) {
        field = (match[1] ?? '').toLowerCase();
        fields.set(field, match[2] ?? '');
      } else if (/^\s/.test(line)) fields.set(field, `${fields.get(field) ?? ''} ${line.trim()}`);
    }
    const off = /^(no|false|0)$/i.test(fields.get('enabled') ?? 'yes');
    if (off || !words(fields.get('types') ?? '').includes('deb')) return [];
    return words(fields.get('uris') ?? '').map((uri) => ({
      uri,
      suites: words(fields.get('suites') ?? ''),
      components: words(fields.get('components') ?? ''),
      signedBy: fields.get('signed-by')?.trim(),
    }));
  });
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
