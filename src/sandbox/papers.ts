import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Scope } from '../base/scope.js';
import { createAuthority, openAuthority, type Authority } from '../pki/authority.js';
import { issue } from '../pki/issue.js';
import { issuedFiles, writeIssued } from '../pki/written.js';
import { authorityWish, type Request } from './certificates.js';
import { takeDirectory } from './directories.js';
import { locked } from './lock.js';
import { cacheDirectory } from './packages.js';
import type { TlsFiles } from './settings.js';

/**
 * The authority and the certificates that every cluster begins with, kept in the cache: the RSA keys for three servers
 * take seconds on a busy machine. They are made anew each month, so that their dates are always those of young ones.
 */
export class Papers {
  readonly #directory: string;

  constructor(cache = cacheDirectory()) {
    this.#directory = path.join(cache, 'papers', new Date().toISOString().slice(0, 7));
  }

  /** The month's authority, copied: the ledger of what it issues is the cluster's own, and goes with the scope. */
  async authority(scope: Scope): Promise<Authority> {
    const kept = await this.#once('authority', async (directory) => {
      await createAuthority(authorityWish(directory, 'Sandbox authority'));
    });
    const directory = path.join(await takeDirectory(scope), 'authority');
    await cp(kept, directory, { recursive: true });
    return openAuthority({ directory });
  }

  /**
   * The month's certificate for a request, written into `directory`, which may exist.
   * @param name under which it is kept: one name, one request
   */
  async certificate(authority: Authority, name: string, request: Request, directory: string): Promise<TlsFiles> {
    const { baseName, ...wish } = request;
    const kept = await this.#once(name, async (fresh) => {
      await writeIssued(await issue(authority, wish), fresh, baseName);
    });
    await cp(kept, directory, { recursive: true });
    const { authority: ca, certificate: cert, key } = issuedFiles(directory, baseName);
    return { ca, cert, key };
  }

  /** Make a directory whole or not at all, however many processes want it. */
  async #once(name: string, make: (directory: string) => Promise<void>): Promise<string> {
    const directory = path.join(this.#directory, name);
    if (existsSync(directory)) return directory;
    await locked(`papers/${directory}`, async () => {
      if (existsSync(directory)) return;
      const fresh = `${directory}.tmp`;
      await rm(fresh, { recursive: true, force: true });
      await mkdir(path.dirname(directory), { recursive: true, mode: 0o700 });
      await make(fresh);
      await rename(fresh, directory);
    });
    return directory;
  }
}
