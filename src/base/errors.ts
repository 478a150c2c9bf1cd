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

/** The plain text of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
