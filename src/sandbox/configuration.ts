import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Account } from './accounts.js';
import type { SandboxCluster } from './cluster.js';
import { takeDirectory } from './directories.js';
import type { SandboxServer } from './server.js';

/** Top-level keys of lockstep.yml that a test or the demo sets besides the cluster. */
export type Keys = Readonly<Record<string, unknown>>;

export interface ConfigurationOptions {
  /** The name of the cluster in the file. Default `sandbox`. */
  readonly cluster?: string | undefined;
  /** Further keys of the whole file, over those written here. */
  readonly whole?: Keys | undefined;
  /** Further keys of the cluster, over those written here. */
  readonly keys?: Keys | undefined;
  /** Further keys of each server, over those written here. */
  readonly ofServer?: ((server: SandboxServer) => Keys) | undefined;
}

/**
 * Writes a lockstep.yml that watches this cluster, with each account's password in a file of its own, and returns its path.
 * It listens on a free port of loopback. The files go with the cluster.
 */
export async function writeConfiguration(sandbox: SandboxCluster, options: ConfigurationOptions = {}): Promise<string> {
  const directory = await takeDirectory(sandbox.scope);
  const accounts = await accountsIn(directory, sandbox);
  const file = path.join(directory, 'lockstep.yml');
  const servers = Object.fromEntries(
    sandbox.servers.map((server) => [server.name, { ...serverKeys(sandbox, server), ...options.ofServer?.(server) }]),
  );
  const cluster = {
    servers,
    accounts,
    tls: {
      ca_file: sandbox.client.ca,
      cert_file: sandbox.client.cert,
      key_file: sandbox.client.key,
      verify: 'identity',
    },
    // The servers run on this very machine: their certificate files can be read.
    hosts: { kind: 'local' },
    ...options.keys,
  };
  const whole = {
    version: 1,
    listen: '127.0.0.1:0',
    clusters: { [options.cluster ?? 'sandbox']: cluster },
    ...options.whole,
  };
  await writeFile(file, stringify(whole), { mode: 0o600 });
  return file;
}

async function accountsIn(directory: string, { accounts, options }: SandboxCluster) {
  const entries = Object.entries<Account>({ ...accounts }).map(async ([name, { user, password }]) => {
    const file = path.join(directory, `${name}.password`);
    await writeFile(file, `${password.reveal()}\n`, { mode: 0o600 });
    const own = name === 'replication' ? { require: options.requirement ?? 'x509' } : {};
    return [name, { user, password_file: file, ...own }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** What the configuration says of one server. */
export function serverKeys(sandbox: SandboxCluster, server: SandboxServer) {
  const { caFile, certFile, keyFile } = sandbox.channelTls(server);
  return {
    address: `${server.address.host}:${server.address.port}`,
    replication_tls: { ca_file: caFile, cert_file: certFile, key_file: keyFile },
  };
}

/** Of each server by its name, the words that restart it. */
export type Services = Readonly<Record<string, readonly string[]>>;

/**
 * Lets Lockstep look after the certificates of every server, from the cluster's own authority, and turn TLS on.
 * @param more of `server_tls` @param services default: nothing restarts a server
 */
export function certificatesKept(
  sandbox: SandboxCluster,
  more: Keys = {},
  services: Services = {},
): ConfigurationOptions {
  const authority = 'sandbox';
  return {
    whole: { authorities: { [authority]: { directory: sandbox.authority.directory } } },
    keys: { server_tls: { authority, directory: sandbox.primary.tlsDirectory, ...more } },
    ofServer: ({ name, tlsDirectory, includeDirectory, argv }) => ({
      server_tls: { directory: tlsDirectory, include_directory: includeDirectory, server_command: argv },
      hosts: {
        paths: [tlsDirectory, includeDirectory],
        programs: [argv[0], ...openssl],
        ...(services[name] === undefined ? {} : { services: { mysql: services[name] } }),
      },
    }),
  };
}

/** What makes keys on a host. */
const openssl = ['/usr/bin/openssl'];

/** The same, while everything moves to another authority: the cluster's own gives way to it. @param more of `server_tls` */
export function certificatesRotating(
  sandbox: SandboxCluster,
  to: { readonly name: string; readonly directory: string },
  from: { readonly name: string; readonly directory: string },
  more: Keys = {},
): ConfigurationOptions {
  const kept = certificatesKept(sandbox, { replaces: from.name, ...more });
  const authorities = Object.fromEntries([to, from].map(({ name, directory }) => [name, { directory }]));
  const serverTls = { ...(kept.keys?.['server_tls'] as Keys), authority: to.name };
  return { ...kept, whole: { authorities }, keys: { server_tls: serverTls } };
}
