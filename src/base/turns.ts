import { setImmediate as turn } from 'node:timers/promises';

/**
 * Keeps long work on many things from holding up everybody else in the process: `take` lets one caller after another
 * go on, and between two of them whatever waits for the network is served.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take(): Promise<unknown> {
    return (this.#last = this.#last.then(() => turn()));
  }
}
