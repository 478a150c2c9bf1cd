/**
 * An error that a person will read: says what was given, what is wrong, and what to do next.
 * Code branches on `code`, never on the text.
 */
export class LockstepError extends Error {
  /** @param remedy what to do next, one sentence */
  constructor(
    readonly code: string,
    message: string,
    readonly remedy?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** What happened and, where it is known, what to do next: `the file is missing. Create it.` */
export function adviceOf(thrown: unknown): string {
  const remedy = thrown instanceof LockstepError ? thrown.remedy : undefined;
  const sentence = remedy === undefined ? messageOf(thrown) : `${messageOf(thrown)}. ${remedy}`;
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}

/** The plain text of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
