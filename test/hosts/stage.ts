import type { Host } from '../../src/hosts/host.js';

/** Where the cases of a suite play: a host that may touch one directory of this machine. */
export interface Stage {
  /** There once the tests run. */
  readonly host: Host;
  /** The directory that it may touch; empty before and after each test. */
  readonly allowed: string;
  /** Another one, which holds the file `kept` with the content `kept`. */
  readonly outside: string;
  /** The path of a name in the allowed directory. */
  readonly at: (name: string) => string;
  /** Whether each call is dear, and few cases must do. */
  readonly lean: boolean;
  /** Whether a program that is given up can be asked to end. */
  readonly ends: boolean;
  /** Of nobody who gives up. */
  readonly signal: AbortSignal;
}
