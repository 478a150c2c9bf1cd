import type { RestartChanges, ServerName } from './snapshot.js';

/** What a server's own program says of its next start, beside what is in force: read when a plan is made, and nothing is started. */
export interface NextStart {
  readonly server: ServerName;
  /** undefined: it could not be asked, and `failure` says why. */
  readonly changes: RestartChanges | undefined;
  /** One sentence. */
  readonly failure?: string;
}
