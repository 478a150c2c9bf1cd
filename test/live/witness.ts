import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import type { Keys } from '../../src/sandbox/configuration.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { lockstepCommand } from './command.js';
import type { WatchingLockstep } from './lockstep.js';
import { watchBriskly } from './readings.js';
import type { Scrape } from './scrape.js';

/** Hears all that Lockstep says about a cluster in a test, to whomever, and swears that no password was in it. */
export class Witness {
  readonly #said: string[] = [];

  constructor(readonly sandbox: SandboxCluster) {}

  /** The page, remembered. */
  heard(scrape: Scrape): Scrape {
    this.#said.push(scrape.text);
    return scrape;
  }

  /** Runs `lockstep …`, and remembers what it printed. */
  async run(...args: readonly string[]): Promise<{ code: number | undefined; output: string }> {
    const result = await lockstepCommand(...args);
    this.#said.push(result.output);
    return result;
  }

  /** Another Lockstep on the same servers, for as long as `work` takes. */
  async beside(keys: Keys, work: (other: WatchingLockstep) => Promise<void>, whole: Keys = {}): Promise<void> {
    const other = await watchBriskly(this.sandbox, { keys, whole });
    try {
      await work(other);
    } finally {
      await other.stop();
    }
  }

  /** A file with this text, which goes with the cluster. */
  async passwordFile(text: string): Promise<string> {
    const file = path.join(await takeDirectory(this.sandbox.scope), 'password');
    await writeFile(file, text, { mode: 0o600 });
    return file;
  }

  /** @param more passwords besides those of the cluster's accounts */
  swears(...more: readonly string[]): void {
    const text = this.#said.join('\n');
    expect(text.length).toBeGreaterThan(1000);
    const { monitor, operate, replication } = this.sandbox.accounts;
    for (const secret of [...[monitor, operate, replication].map(({ password }) => password.reveal()), ...more]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString('base64'));
    }
  }
}

/** `127.0.0.2:3306` */
export function addressOf({ address: { host, port } }: { address: { host: string; port: number } }): string {
  return `${host}:${port}`;
}

/** What the commands of a user's sessions are now, `Sleep` and `Query` above all. */
export async function commandsOf(server: SandboxServer, user: string): Promise<string[]> {
  const rows = await server.sql(`SELECT COMMAND AS command FROM information_schema.PROCESSLIST WHERE USER = '${user}'`);
  return rows.map((row) => row['command'] ?? '');
}

/** Ends every session of a user at the server. */
export async function endSessions(server: SandboxServer, user: string): Promise<void> {
  const rows = await server.sql(`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = '${user}'`);
  // One may be replaced, and gone, in between.
  for (const { id } of rows) await server.sql(`KILL ${Number(id)}`).catch(() => undefined);
}
