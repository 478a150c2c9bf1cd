import { setTimeout as pause } from 'node:timers/promises';
import { Admin } from '../../src/sandbox/admin.js';
import type { SandboxServer } from '../../src/sandbox/server.js';

/** Writes one row after the other, and changes and deletes some, until it is stopped; every acknowledged one is counted. */
export class Writer {
  /** Ids up to this one were acknowledged; the tables are `written.rows_of` and `written.counter`. */
  acknowledged = 0;
  readonly failures: unknown[] = [];
  #stopped = false;
  readonly #done: Promise<void>;

  private constructor(
    readonly session: Admin,
    readonly pace: number,
  ) {
    this.#done = this.#write();
  }

  /** @param pace milliseconds between two rounds; default none */
  static async open(server: SandboxServer, pace = 0): Promise<Writer> {
    await server.run([
      'CREATE DATABASE IF NOT EXISTS written',
      'CREATE TABLE IF NOT EXISTS written.rows_of (id INT PRIMARY KEY, word VARCHAR(40), again INT NOT NULL DEFAULT 0)',
      'CREATE TABLE IF NOT EXISTS written.counter (id INT PRIMARY KEY, n INT NOT NULL)',
      'INSERT IGNORE INTO written.counter VALUES (1, 0)',
    ]);
    return new Writer(new Admin(server.socketPath), pace);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    await this.session.close();
  }

  async #write(): Promise<void> {
    for (let id = 1; !this.#stopped; id += 1) {
      try {
        await this.session.query(`INSERT INTO written.rows_of (id, word) VALUES (${id}, 'word ${id}')`);
        this.acknowledged = id;
        await this.session.query(`UPDATE written.rows_of SET again = again + 1 WHERE id IN (${id - 3}, ${id - 50})`);
        await this.session.query('UPDATE written.counter SET n = n + 1');
        if (this.pace > 0) await pause(this.pace);
      } catch (cause) {
        this.failures.push(cause);
        return;
      }
    }
  }
}
