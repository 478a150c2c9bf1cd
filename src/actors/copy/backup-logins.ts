import { within } from '../../base/deadline.js';
import type { ServerName } from '../../domain/snapshot.js';
import type { CopyPorts } from './copy.js';
import { endSessions, sessionsSince, type DonorSession } from './donor-sessions.js';

/** Milliseconds. */
const lookWithin = 10_000;

/**
 * Which sessions at the donor are those of its backup. A server tells of a session little more than when it began: they
 * are those that began while the program logged in, but for those of this process. It says how often it logs in: where
 * somebody else did on the same account in that moment, nobody can tell which are whose, and none is touched. The login
 * that takes its locks comes before its first bytes; of later ones none is looked for.
 */
export class BackupLogins {
  /** Of which nobody has looked for the sessions yet. */
  #logins = 0;
  #over = false;
  #looking: Promise<void> = Promise.resolve();
  readonly #found: DonorSession[] = [];

  /**
   * @param newest the newest session when the program was not started yet
   * @param known told each time that more are known
   */
  constructor(
    readonly ports: CopyPorts,
    readonly donor: ServerName,
    public newest: number,
    readonly known: (sessions: readonly DonorSession[], signal: AbortSignal) => Promise<void>,
    readonly signal: AbortSignal,
  ) {}

  /** What it says, line by line. */
  note(line: string): void {
    if (this.#over) return;
    if (/Connecting to \w+ server host/.test(line)) this.#logins += 1;
    else this.#lookForNew();
  }

  /** Its first bytes come. Settles when nothing more is being looked for. */
  settle(): Promise<void> {
    if (!this.#over) this.#lookForNew();
    this.#over = true;
    return this.#looking;
  }

  /** Ends them, where they are known for certain. */
  async end(): Promise<void> {
    await this.settle();
    await endSessions(this.ports, this.donor, this.#found);
  }

  #lookForNew(): void {
    const logins = this.#logins;
    if (logins === 0) return;
    this.#logins = 0;
    const look = () => within(lookWithin, this.signal, (signal) => this.#look(logins, signal));
    // A donor that cannot be asked now can hardly be asked later.
    this.#looking = this.#looking.then(look).catch(() => undefined);
  }

  async #look(logins: number, signal: AbortSignal): Promise<void> {
    const { sessions, newest } = await sessionsSince(this.ports, this.donor, this.newest, signal);
    this.newest = newest;
    if (sessions.length > logins) return;
    this.#found.push(...sessions);
    await this.known(this.#found, signal);
  }
}

/** As they are written down on the donor's machine, so that whoever comes after a Lockstep that died can end them. */
export function writtenDown(sessions: readonly DonorSession[]): string {
  return sessions.map(({ id, host }) => `# session ${id} ${host}\n`).join('');
}

export function readBack(text: string): readonly DonorSession[] {
  return [...text.matchAll(/^# session (\d+) (\S+)$/gm)].map(([, id, host = '']) => ({ id: Number(id), host }));
}
