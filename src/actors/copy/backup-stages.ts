import type { ServerName } from '../../domain/snapshot.js';

/** When a backup held up others, as its own lines tell while they come. Milliseconds of one clock. */
export class Stages {
  #definitions: number | undefined;
  #commits: number | undefined;
  #ended: number | undefined;

  constructor(readonly now: () => number = () => performance.now()) {}

  note(line: string): void {
    if (line.includes('BACKUP STAGE BLOCK_DDL')) this.#definitions ??= this.now();
    else if (line.includes('BACKUP STAGE BLOCK_COMMIT')) this.#commits ??= this.now();
    else if (line.includes('BACKUP STAGE END')) this.#ended = this.now();
  }

  /** How long commits waited, and how long definitions and tables without transactions did; undefined: it did not say. */
  get held(): { readonly commits: number; readonly definitions: number } | undefined {
    if (this.#commits === undefined || this.#ended === undefined) return undefined;
    return { commits: this.#ended - this.#commits, definitions: this.#ended - (this.#definitions ?? this.#commits) };
  }
}

export function costOf(donor: ServerName, { held }: Stages): string | undefined {
  if (held === undefined) return undefined;
  const [commits, definitions] = [held.commits, held.definitions].map(Math.ceil);
  return `Commits on ${donor} waited for the backup for at most ${commits ?? 0} ms, DDL and writes to tables without transactions for at most ${definitions ?? 0} ms.`;
}
