import { LockstepError } from '../base/errors.js';
import type { Handshake } from '../domain/certificate.js';
import type { Failure } from '../domain/snapshot.js';

/** No session: why, and what the server showed of itself before that. `code` is the reason. */
export class LoginError extends LockstepError {
  constructor(
    readonly failure: Failure,
    /** undefined when the server was not met as far as its greeting. */
    readonly handshake: Handshake | undefined,
    options?: ErrorOptions,
  ) {
    super(failure.reason, failure.message, undefined, options);
  }
}

/** How far a login came. */
export type Phase = 'connecting' | 'greeting' | 'tls' | 'authenticating';
