import { LockstepError } from '../base/errors.js';
import type { AutomationConfig } from '../config/automation.js';
import type { Config } from '../config/config.js';

/** An engine in this process, reached as any other instance is. */
export interface Held {
  /** Where it answers. */
  readonly socket: string;
  /** Runs at work end at their next step boundary, or are resumed by the next who holds the journal. */
  stop(): Promise<void>;
}

/** Holds the journal and acts, for as long as a command needs it. @throws LockstepError `journal-held` */
export function holding(_config: Config, { journal }: AutomationConfig): Promise<Held> {
  return Promise.reject(
    new LockstepError(
      'instance-absent',
      `no Lockstep runs on the journal ${journal.directory}`,
      'Start it: lockstep serve.',
    ),
  );
}

/** Reads the journal as it is and changes nothing. */
export function reading(config: Config, automation: AutomationConfig): Promise<Held> {
  return holding(config, automation);
}
