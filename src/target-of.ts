import { readFile } from 'node:fs/promises';
import { LockstepError, messageOf } from './base/errors.js';
import { Secret } from './base/secret.js';
import type { AccountConfig, ClusterConfig, ServerConfig, TlsConfig } from './config/config.js';
import { readSecret, type SecretRef } from './config/secrets.js';
import type { Target, TlsTarget } from './mysql/target.js';

/**
 * How to log in to a configured server on one of its accounts. Files are read at each login, so that a rotated
 * certificate or password counts at the next one.
 */
export async function targetOf(
  { tls }: ClusterConfig,
  server: ServerConfig,
  { user, password }: AccountConfig,
  read: (ref: SecretRef) => Promise<Secret> = readSecret,
): Promise<Target> {
  return {
    address: { ...server.address, ...(server.socket === undefined ? {} : { socketPath: server.socket }) },
    user,
    password: () => read(password),
    tls: tls.mode === 'disabled' ? undefined : await tlsOf(tls),
  };
}

async function tlsOf({ verify, caFile, certFile, keyFile, serverName }: TlsConfig): Promise<TlsTarget> {
  return {
    verify,
    ...(caFile === undefined ? {} : { ca: await tlsFile('ca_file', caFile) }),
    ...(certFile === undefined || keyFile === undefined ? {} : await pairOf(certFile, keyFile)),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

/** Both are of one generation: where the certificate is another one once the key was read, they are read again. */
async function pairOf(certFile: string, keyFile: string): Promise<Required<Pick<TlsTarget, 'cert' | 'key'>>> {
  let cert = await tlsFile('cert_file', certFile);
  for (;;) {
    const key = new Secret((await tlsFile('key_file', keyFile)).toString());
    const again = await tlsFile('cert_file', certFile);
    if (again.equals(cert)) return { cert, key };
    cert = again;
  }
}

async function tlsFile(key: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new LockstepError(
      'secret-unreadable',
      `tls.${key} ${JSON.stringify(file)} cannot be read: ${messageOf(cause)}`,
      undefined,
      { cause },
    );
  }
}
