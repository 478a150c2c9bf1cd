import { LockstepError } from '../base/errors.js';
import type { AnnouncedServer, SiteAnnouncer } from '../domain/announcement.js';
import { serverAt } from './address.js';
import type { AnnouncedCluster, Announcer, Machine, Reading } from './announcer.js';
import { programWords, runTold, type Told } from './program.js';

export interface CommandSettings {
  readonly kind: 'command';
  /** The program, absolute, and its words. */
  readonly argv: readonly string[];
  /** Whether it can say what it announces. */
  readonly reads: boolean;
  /** How long it keeps clients waiting at most, seconds; undefined: it cannot. */
  readonly holdSeconds: number | undefined;
}

/**
 * A program of the operator's, run for each act. It is told by variables: LOCKSTEP_ACT (prepare, hold, announce,
 * restore, read), LOCKSTEP_CLUSTER, LOCKSTEP_NAMES (between spaces) always; LOCKSTEP_PRIMARY, LOCKSTEP_ADDRESS,
 * LOCKSTEP_PORT but for read; LOCKSTEP_HOLD_SECONDS for hold. Exit 0: done. A read prints the address, or
 * address:port, that applications are told, and below it `holding` while clients are kept waiting.
 */
export class Command implements Announcer {
  constructor(
    readonly site: SiteAnnouncer,
    readonly settings: CommandSettings,
    readonly cluster: AnnouncedCluster,
    readonly machine: Machine,
  ) {}

  prepare(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    return this.#tell('prepare', server, signal);
  }

  async hold(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    if (this.settings.holdSeconds !== undefined) await this.#tell('hold', server, signal);
  }

  announce(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    return this.#tell('announce', server, signal);
  }

  restore(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    return this.#tell('restore', server, signal);
  }

  async read(signal: AbortSignal): Promise<Reading | undefined> {
    const { argv, reads } = this.settings;
    if (!reads) return undefined;
    const printed = await this.#run({ act: 'read', cluster: this.cluster }, signal);
    const [found = '', ...others] = printed.split('\n').map((line) => line.trim());
    if (found === '')
      throw new LockstepError(
        'command-failed',
        `${programWords(argv, 'read')} printed nothing`,
        'Let it print the address that applications are told, or write `reads: false`.',
      );
    return { found, says: serverAt(this.cluster.servers, found), holding: others.includes('holding') };
  }

  close(): Promise<void> {
    return this.machine.close();
  }

  async #tell(
    act: 'prepare' | 'hold' | 'announce' | 'restore',
    server: AnnouncedServer,
    signal: AbortSignal,
  ): Promise<void> {
    const { holdSeconds } = this.settings;
    const held = act === 'hold' && holdSeconds !== undefined ? { holdSeconds } : {};
    await this.#run({ act, cluster: this.cluster, primary: { name: server.name, ...server.address }, ...held }, signal);
  }

  #run(told: Told, signal: AbortSignal): Promise<string> {
    const remedy = 'See why it fails; run it by hand with the same variables.';
    return runTold(this.machine, this.settings.argv, told, remedy, signal);
  }
}
