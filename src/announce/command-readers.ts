import { LockstepError } from '../base/errors.js';
import type { AnnouncedCluster, Machine } from './announcer.js';
import type { CommandSettings } from './command.js';
import { programWords, runTold, type Told } from './program.js';
import { readersAt, type ReadSide, type ReadersChange, type ReadersReading } from './read-side.js';

/**
 * The program of an announcer, told by LOCKSTEP_ACT (`withdraw`, `return`, `read-readers`) of its read side, with
 * LOCKSTEP_REPLICA and LOCKSTEP_FALLBACK, each with _ADDRESS and _PORT. A `read-readers` prints, a line each, the
 * addresses that applications read from.
 */
export class CommandReaders implements ReadSide {
  constructor(
    readonly settings: Pick<CommandSettings, 'argv' | 'reads'>,
    readonly cluster: AnnouncedCluster,
    readonly machine: Machine,
  ) {}

  /** What a program would do is not known before it does it. */
  prepare(): Promise<void> {
    return Promise.resolve();
  }

  async change({ act, server, fallback }: ReadersChange, signal: AbortSignal): Promise<void> {
    await this.#run({ act, cluster: this.cluster, replica: server, fallback }, signal);
  }

  async read(signal: AbortSignal): Promise<ReadersReading | undefined> {
    const { argv, reads } = this.settings;
    if (!reads) return undefined;
    const printed = await this.#run({ act: 'read-readers', cluster: this.cluster }, signal);
    const found = printed.split('\n').map((line) => line.trim()).filter((line) => line !== ''); // prettier-ignore
    if (found.length === 0)
      throw new LockstepError(
        'command-failed',
        `${programWords(argv, 'read-readers')} printed nothing`,
        'Let it print the addresses that applications read from, or write `reads: false`.',
      );
    return readersAt(this.cluster, found);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #run(told: Told, signal: AbortSignal): Promise<string> {
    const remedy = 'See why it fails; run it by hand with the same variables.';
    return runTold(this.machine, this.settings.argv, told, remedy, signal);
  }
}
