import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { certificateOf } from '../../src/base/x509.js';
import { openSession } from '../../src/mysql/session.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import type { SandboxServer } from '../../src/sandbox/server.js';

/** The certificates of a server, for serving and for replicating: what its files hold, and what it shows. */
export class Papers {
  static readonly names = ['cert.pem', 'key.pem', 'ca.pem', 'client-cert.pem', 'client-key.pem'] as const;

  constructor(
    readonly sandbox: SandboxCluster,
    readonly server: SandboxServer,
  ) {}

  at(name: string): string {
    return path.join(this.server.tlsDirectory, name);
  }

  /** What each file holds. */
  files(): readonly string[] {
    return Papers.names.map((name) => readFileSync(this.at(name), 'utf8'));
  }

  /** SHA-256 of the certificate in its file. */
  print(): string {
    return certificateOf(readFileSync(this.at('cert.pem'))).fingerprint;
  }

  /** Whether every certificate has its own key beside it. */
  whole(): boolean {
    return ['', 'client-'].every((pair) => {
      const certificate = new X509Certificate(readFileSync(this.at(`${pair}cert.pem`)));
      return certificate.checkPrivateKey(createPrivateKey(readFileSync(this.at(`${pair}key.pem`))));
    });
  }

  /**
   * Logs in as Lockstep's monitor does, verifying authority, dates and name.
   * @returns SHA-256 of the certificate that it serves @throws LoginError
   */
  async served(): Promise<string> {
    const target = await this.sandbox.login(this.server, this.sandbox.accounts.monitor);
    const session = await openSession(target, { signal: AbortSignal.timeout(10_000) });
    await session.end();
    return session.handshake.chain[0]?.fingerprint ?? '';
  }

  /** As before any run: files, not links, so that placing makes each of them one. */
  async plainly(): Promise<void> {
    const kept = Papers.names.map((name, index) => [name, this.files()[index] ?? ''] as const);
    for (const name of ['current', 'next', 'a', 'b', ...Papers.names])
      rmSync(this.at(name), { recursive: true, force: true });
    for (const [name, content] of kept) writeFileSync(this.at(name), content, { mode: 0o600 });
    await this.server.sql(this.server.words.reloadTls);
  }
}
