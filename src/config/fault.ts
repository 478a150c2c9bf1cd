import { LockstepError } from '../base/errors.js';

/** One thing that is wrong in a configuration file. */
export interface Fault {
  /** The file that holds the fault, as it was reached: the main file as given, others joined to its folder. */
  readonly file: string;
  /** Counted from 1; undefined when the file could not be read at all. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Where in the tree, such as `clusters.production.servers.db1.address`; '' for the file itself. */
  readonly path: string;
  /** What was given and what is expected, one sentence. Never holds the value of a secret. */
  readonly message: string;
  /** What to do next, one sentence; undefined where the message says all. */
  readonly remedy: string | undefined;
}

/** A configuration that cannot be used, with everything that is wrong in it. Code: `config-invalid`. */
export class ConfigError extends LockstepError {
  constructor(readonly faults: readonly Fault[]) {
    super(
      'config-invalid',
      `the configuration has ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}\n${faults.map((fault) => `  ${faultLine(fault)}`).join('\n')}`,
      'Mend the lines above and try again; `lockstep check` validates without starting anything.',
    );
  }
}

/** `file:line:column path: message. remedy`, as editors and people read it. */
export function faultLine(fault: Fault): string {
  const place = [fault.file, fault.line, fault.column].filter((part) => part !== undefined).join(':');
  const where = fault.path === '' ? place : `${place} ${fault.path}`;
  return `${where}: ${fault.message}${fault.remedy === undefined ? '' : `. ${fault.remedy}`}`;
}

/** Faults in the order in which a person meets them: file by file (in the order of `files`), line by line. */
export function sorted(faults: readonly Fault[], files: readonly string[]): readonly Fault[] {
  const rank = (fault: Fault): number => {
    const index = files.indexOf(fault.file);
    return index === -1 ? files.length : index;
  };
  return [...faults].sort(
    (a, b) => rank(a) - rank(b) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}
