import { createPublicKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import path from 'node:path/posix';
import { deadline } from '../../base/deadline.js';
import { LockstepError } from '../../base/errors.js';
import { opensslProgram } from '../../domain/certificate-action.js';
import type { CopyOptions, Host, RunOptions } from '../../hosts/host.js';

/*
 * Keys that never leave the machine they are for: made, copied, compared and tried there, by its own openssl. What comes
 * here are signing requests, public keys, digests and verdicts.
 */

/** How long after a failure a temporary file is tried to be removed, milliseconds. */
const clearingWithin = 5000;

/** Makes a key (RSA, 2048 bits) where it will stay. @returns a signing request that it has signed, PEM */
export async function makeKey(host: Host, file: string, options: CopyOptions): Promise<string> {
  const { signal } = options;
  await beside(host, file, 'new', signal, async (fresh) => {
    await host.write(fresh, Buffer.alloc(0), { mode: 0o600, signal });
    await openssl(host, ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', fresh], { signal }); // prettier-ignore
    // The copy is on the disk before it is read, and has its owner and mode from its first byte on.
    await host.copy(fresh, file, options);
  });
  // Of a request only its key counts: what the certificate says stands in the plan.
  return openssl(host, ['req', '-new', '-sha256', '-key', file, '-subj', '/CN=lockstep'], { signal });
}

/** SHA-256, lower-case hex. */
export async function digestOf(host: Host, file: string, signal: AbortSignal): Promise<string> {
  return (await openssl(host, ['dgst', '-sha256', '-r', file], { signal })).slice(0, 64);
}

/** @throws LockstepError `key-mismatch` */
export async function belongs(host: Host, key: string, certificate: string, signal: AbortSignal): Promise<void> {
  const [pem, own] = await Promise.all([
    host.read(certificate, { signal }),
    openssl(host, ['pkey', '-in', key, '-pubout'], { signal }),
  ]);
  const { publicKey } = new X509Certificate(pem);
  if (publicKey.equals(createPublicKey(own))) return;
  throw new LockstepError('key-mismatch', `the key ${key} is not the one of ${certificate}`);
}

/** What somebody checks who meets a certificate. */
export interface Verdict {
  /** PEM of those whom they trust. */
  readonly ca: string;
  readonly purpose: 'sslserver' | 'sslclient';
  /** The name that it must carry; undefined: nobody looks. */
  readonly expects: string | undefined;
}

/** @throws LockstepError `certificate-refused` with what OpenSSL says */
export async function verified(host: Host, certificate: string, verdict: Verdict, signal: AbortSignal): Promise<void> {
  const { ca, purpose, expects } = verdict;
  const name = expects === undefined ? [] : [isIP(expects) === 0 ? '-verify_hostname' : '-verify_ip', expects];
  // openssl opens files alone: what Node gives a child as its input is a socket.
  const { code, stdout, stderr } = await beside(host, certificate, 'trusted', signal, async (trusted) => {
    await host.write(trusted, Buffer.from(ca), { mode: 0o600, signal });
    // What the machine trusts besides counts for nothing with -trusted, in 1.1.1 and in 3; -no-CAstore is new in 3.
    const words = ['verify', '-trusted', trusted, '-untrusted', certificate, '-purpose', purpose, ...name, certificate]; // prettier-ignore
    return host.run([opensslProgram, ...words], { signal });
  });
  if (code === 0) return;
  const said = /error [^\n]*: ([^\n]+)/.exec(stderr)?.[1] ?? /error [^\n]+/.exec(`${stderr}${stdout}`)?.[0] ?? stderr.trim(); // prettier-ignore
  throw new LockstepError('certificate-refused', said);
}

/**
 * Works with a file that is gone afterwards, whatever became of the work. A host that went away keeps it, until its
 * generation gives way: with this name it is carried into no other.
 */
async function beside<T>(
  host: Host,
  file: string,
  ending: string,
  signal: AbortSignal,
  work: (temporary: string) => Promise<T>,
): Promise<T> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${ending}`);
  try {
    const made = await work(temporary);
    await host.remove(temporary, { signal });
    return made;
  } catch (cause) {
    const limit = deadline(clearingWithin);
    await host.remove(temporary, { signal: limit.signal }).catch(() => undefined);
    limit.clear();
    throw cause;
  }
}

async function openssl(host: Host, words: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await host.run([opensslProgram, ...words], options);
  if (code === 0) return stdout;
  throw new LockstepError(
    'openssl-failed',
    `${host.name}: openssl ${words[0] ?? ''} ended with ${code ?? 'a signal'}: ${stderr.trim().split('\n').at(-1) ?? ''}`,
    'Run it there by hand, and see what it says.',
  );
}
