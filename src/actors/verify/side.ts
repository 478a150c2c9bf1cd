import { LockstepError } from '../../base/errors.js';
import type { Row } from '../../dialects/question.js';
import { written } from '../../dialects/written.js';
import type { Statement } from '../../domain/action.js';
import type { ServerName } from '../../domain/snapshot.js';
import { openSession, QueryError, type Session, type Target } from '../../mysql/session.js';
import { mayReadAll } from '../../dialects/table-listing.js';

/** A server on which more statements than this run at once is left alone until they are fewer. */
const busyAt = 32;

/** One of the two servers that are compared, over a session of its own that only reads. */
export class Side {
  private constructor(
    readonly server: ServerName,
    readonly session: Session,
  ) {}

  /** @throws LockstepError `not-readable` unless the account may read everything; LoginError */
  static async open(
    server: ServerName,
    target: Target,
    prepare: readonly Statement[],
    signal: AbortSignal,
  ): Promise<Side> {
    const session = await openSession(target, { signal });
    const side = new Side(server, session);
    try {
      await side.query(prepare.map((statement) => text(statement, {})).join('; '), signal);
      await side.#mayRead(signal);
      return side;
    } catch (cause) {
      session.close();
      throw cause;
    }
  }

  query(sql: string, signal: AbortSignal): Promise<readonly (readonly Row[])[]> {
    return this.session.query(sql, { signal });
  }

  /** Sends a statement of the plan. @returns its first row */
  async ask(
    statement: Statement,
    notes: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Row | undefined> {
    return (await this.query(text(statement, notes), signal))[0]?.[0];
  }

  /** Whether so much runs there that nothing should be added. */
  async isBusy(signal: AbortSignal): Promise<boolean> {
    const [rows] = await this.query("SHOW GLOBAL STATUS LIKE 'Threads_running'", signal);
    return Number(rows?.[0]?.['Value'] ?? 0) > busyAt;
  }

  end(): Promise<void> {
    return this.session.end();
  }

  async #mayRead(signal: AbortSignal): Promise<void> {
    try {
      await this.query(mayReadAll, signal);
    } catch (cause) {
      if (!(cause instanceof QueryError)) throw cause;
      throw new LockstepError(
        'not-readable',
        `the operate account may not read everything on ${this.server}: what it may not read it could not compare`,
        'GRANT SELECT ON *.*: lockstep grants prints it.',
        { cause },
      );
    }
  }
}

function text(statement: Statement, notes: Readonly<Record<string, string>>): string {
  return written(statement, { secrets: {}, notes }).reveal();
}
