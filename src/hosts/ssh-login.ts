import { createHash } from 'node:crypto';
import type { AnyAuthMethod, Client, ParsedKey } from 'ssh2';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import { unreachable } from './failure.js';
import { fingerprintOf, knownKeys, typeOf, verdictOf, wantedTypes, type KnownKeys, type Verdict } from './host-key.js';

/** Where an SSH server is, who we are there, and how we know it. Keys and known hosts are read at each login. */
export interface SshTarget {
  readonly address: { readonly host: string; readonly port: number };
  readonly user: string;
  /** A private key, in any of OpenSSH's formats; or the socket of an agent that holds it. */
  readonly login:
    | { readonly key: () => Promise<Secret>; readonly passphrase: (() => Promise<Secret>) | undefined }
    | { readonly agent: string };
  /** The text of a known_hosts file; undefined where only pinned fingerprints count. */
  readonly knownHosts: (() => Promise<string>) | undefined;
  /** `SHA256:…`. When there are any, no other key is accepted, whatever known_hosts says. */
  readonly hostKeys: readonly string[];
}

export interface LoggedIn {
  readonly client: Client;
  /** Rejects with `host-unreachable` when the connection has ended, whatever way. Nobody need listen. */
  readonly lost: Promise<never>;
}

/** How messages name it. */
export function nameOf({ user, address: { host, port } }: SshTarget): string {
  return `ssh ${user}@${host}${port === 22 ? '' : `:${port}`}`;
}

/** How long connecting and logging in may take, milliseconds. */
export const loginWithin = 15_000;
/** How often an idle connection is asked whether it still stands; it is given up after three silences. Milliseconds. */
const keepaliveEvery = 5000;

/**
 * A connection whose host key was verified before anything was sent, logged in.
 * @throws LockstepError `host-unreachable`, `host-key-unknown`, `host-key-changed`, `host-login-refused`, `secret-unreadable`
 */
export async function logIn(target: SshTarget): Promise<LoggedIn> {
  const name = nameOf(target);
  const { address, user, hostKeys, knownHosts } = target;
  const known: KnownKeys = {
    pinned: hostKeys,
    keys: knownHosts === undefined ? [] : knownKeys(await knownHosts(), address),
  };
  const method = await methodOf(target);
  const { default: ssh2 } = await import('ssh2');
  const client = new ssh2.Client();
  let refused: LockstepError | undefined;
  let last: unknown;
  // An error is no end: more than one may come.
  client.on('error', (error) => (last ??= error));
  const lost = new Promise<never>((_, reject) => {
    client.once('close', () => {
      reject(unreachable(name, `the connection was lost${last === undefined ? '' : ` (${messageOf(last)})`}`));
    });
  });
  lost.catch(() => undefined);
  // Questions are short, and answered one by one: none waits until there are more.
  client.once('connect', () => client.setNoDelay(true));
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve);
      client.once('error', reject);
      client.once('close', () => reject(new Error('the server hung up')));
      client.connect({
        authHandler: [method],
        host: address.host,
        port: address.port,
        username: user,
        readyTimeout: loginWithin,
        keepaliveInterval: keepaliveEvery,
        algorithms: { serverHostKey: [...wantedTypes(known)] as never },
        hostVerifier: (shown: Buffer) => {
          const verdict = verdictOf(known, shown);
          if (verdict !== 'known') refused = refusal(name, verdict, shown, known);
          return verdict === 'known';
        },
      });
    });
  } catch (error) {
    client.destroy();
    throw refused ?? failure(name, error);
  }
  return { client, lost };
}

async function methodOf(target: SshTarget): Promise<AnyAuthMethod> {
  const { user: username, login } = target;
  if ('agent' in login) return { type: 'agent', username, agent: login.agent };
  const passphrase = login.passphrase === undefined ? undefined : (await login.passphrase()).reveal();
  return { type: 'publickey', username, key: await parsed(nameOf(target), (await login.key()).reveal(), passphrase) };
}

/**
 * Opening an encrypted key takes a large part of a second, in which nothing else is served; a thousand servers are
 * logged in to with the same one.
 */
const opened = new Map<string, ParsedKey>();
const openedAtMost = 16;

async function parsed(host: string, text: string, passphrase: string | undefined): Promise<ParsedKey> {
  const digest = createHash('sha256')
    .update(JSON.stringify([text, passphrase]))
    .digest('hex');
  const before = opened.get(digest);
  if (before !== undefined) return before;
  const { default: ssh2 } = await import('ssh2');
  const key = ssh2.utils.parseKey(`${text}\n`, passphrase);
  if (key instanceof Error || !key.isPrivateKey()) {
    const why = key instanceof Error ? key.message : 'it is a public key';
    throw new LockstepError(
      'secret-unreadable',
      `${host}: the key_file cannot be used: ${why}`,
      'Name a private key in the format of OpenSSH, with its passphrase_file if it is encrypted.',
    );
  }
  if (opened.size >= openedAtMost) opened.clear();
  opened.set(digest, key);
  return key;
}

function refusal(
  host: string,
  verdict: Exclude<Verdict, 'known'>,
  shown: Buffer,
  { keys, pinned }: KnownKeys,
): LockstepError {
  const key = `${typeOf(shown)} ${fingerprintOf(shown)}`;
  if (verdict === 'unknown') {
    return new LockstepError(
      'host-key-unknown',
      `${host} shows the host key ${key}, which is not known for it`,
      'Compare it with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on that machine, then write `host_key: SHA256:…` or add it to the known_hosts_file.',
    );
  }
  const valid = keys.filter(({ revoked }) => !revoked).map((one) => fingerprintOf(one.blob));
  const expected = (pinned.length > 0 ? pinned : valid).join(' or ');
  return new LockstepError(
    'host-key-changed',
    `${host} shows the host key ${key}, ${verdict === 'revoked' ? 'which is revoked' : `expected is ${expected}`}`,
    'If the machine was set up anew, compare the fingerprint there and write down the new one; else somebody stands in between. Nothing was sent.',
  );
}

/** ssh2 says at which stage it failed. */
function failure(host: string, error: unknown): LockstepError {
  const level = error instanceof Error && 'level' in error ? error.level : undefined;
  if (level !== 'client-authentication' && level !== 'agent') {
    return unreachable(host, messageOf(error), undefined, error);
  }
  return new LockstepError(
    'host-login-refused',
    `${host} does not let us in: ${messageOf(error)}`,
    'See that the public key is in authorized_keys of that user, and that the user may log in.',
    { cause: error },
  );
}
