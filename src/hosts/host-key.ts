import { createHash, createHmac } from 'node:crypto';

/** What is known of the keys of one host, from known_hosts and from fingerprints that are pinned for it. */
export interface KnownKeys {
  readonly keys: readonly KnownKey[];
  /** `SHA256:…`; when there are any, only these count. */
  readonly pinned: readonly string[];
}

export interface KnownKey {
  /** Such as `ssh-ed25519`. */
  readonly type: string;
  /** As it goes over the wire. */
  readonly blob: Buffer;
  readonly revoked: boolean;
}

export type Verdict = 'known' | 'unknown' | 'changed' | 'revoked';

/** Whether a host that shows this key is the one that is meant. */
export function verdictOf({ keys, pinned }: KnownKeys, shown: Buffer): Verdict {
  if (keys.some((key) => key.revoked && key.blob.equals(shown))) return 'revoked';
  const valid = keys.filter((key) => !key.revoked);
  if (pinned.length > 0) return pinned.includes(fingerprintOf(shown)) ? 'known' : 'changed';
  if (valid.some((key) => key.blob.equals(shown))) return 'known';
  return valid.some((key) => key.type === typeOf(shown)) ? 'changed' : 'unknown';
}

/** The kinds of key to ask a server for, those that are known of it first: it has several, and shows one. */
export function wantedTypes({ keys, pinned }: KnownKeys): readonly string[] {
  if (pinned.length > 0) return signatureTypes;
  const known = new Set(keys.filter((key) => !key.revoked).map((key) => key.type));
  const isKnown = (type: string) => known.has(type.startsWith('rsa-') ? 'ssh-rsa' : type);
  return [...signatureTypes.filter(isKnown), ...signatureTypes.filter((type) => !isKnown(type))];
}

/** As `ssh-keygen -l` prints it. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** The kind of a key as it goes over the wire: its first string. */
export function typeOf(blob: Buffer): string {
  const length = blob.length < 4 ? 0 : blob.readUInt32BE(0);
  return blob.toString('latin1', 4, 4 + Math.min(length, 64));
}

/** The keys that a known_hosts file has for one host. Lines that are none of its format, or for certificates, say nothing. */
export function knownKeys(text: string, { host, port }: { readonly host: string; readonly port: number }): KnownKey[] {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/[ \t]+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined;
    const [hosts = '', type = '', key = ''] = words;
    if (hosts.startsWith('#') || key === '' || (marker !== undefined && marker !== '@revoked')) return [];
    if (!names(hosts, name)) return [];
    const blob = Buffer.from(key, 'base64');
    return typeOf(blob) === type ? [{ type, blob, revoked: marker !== undefined }] : [];
  });
}

/** Newest first. ssh-rsa with SHA-1 is not among them. */
const signatureTypes = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

/** Whether the first field of a line means this host: names, patterns, exceptions, or a hash of one name. */
function names(field: string, name: string): boolean {
  if (field.startsWith('|')) return isHashOf(field, name);
  const patterns = field.toLowerCase().split(',');
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => matches(pattern, name));
}

function isHashOf(field: string, name: string): boolean {
  const [, method, salt = '', hash] = field.split('|');
  return method === '1' && createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

/** `*` for any run of characters, `?` for one; without a backtracking expression, for the pattern is not ours. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern.length === name.length && fits(pattern, name, 0);
  if (!fits(first, name, 0)) return false;
  let at = first.length;
  const last = rest.pop() ?? '';
  for (const part of rest) {
    while (at + part.length <= name.length && !fits(part, name, at)) at += 1;
    if (at + part.length > name.length) return false;
    at += part.length;
  }
  return name.length - last.length >= at && fits(last, name, name.length - last.length);
}

function fits(part: string, name: string, at: number): boolean {
  if (at + part.length > name.length) return false;
  for (let index = 0; index < part.length; index += 1) {
    if (part[index] !== '?' && part[index] !== name[at + index]) return false;
  }
  return true;
}
