import { LockstepError } from '../base/errors.js';
import type { AnnouncedServer, SiteAnnouncer } from '../domain/announcement.js';
import { serverAt } from './address.js';
import type { AnnouncedCluster, Announcer, Machine, Reading } from './announcer.js';

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

  async prepare(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    await this.#run('prepare', about(server), signal);
  }

  async hold(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    const { holdSeconds } = this.settings;
    if (holdSeconds === undefined) return;
    await this.#run('hold', { ...about(server), LOCKSTEP_HOLD_SECONDS: String(holdSeconds) }, signal);
  }

  async announce(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    await this.#run('announce', about(server), signal);
  }

  async restore(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    await this.#run('restore', about(server), signal);
  }

  async read(signal: AbortSignal): Promise<Reading | undefined> {
    if (!this.settings.reads) return undefined;
    const [found = '', ...others] = (await this.#run('read', {}, signal)).split('\n').map((line) => line.trim());
    if (found === '')
      throw new LockstepError(
        'command-failed',
        `${this.#words('read')} printed nothing`,
        'Let it print the address that applications are told, or write `reads: false`.',
      );
    return { found, says: serverAt(this.cluster.servers, found), holding: others.includes('holding') };
  }

  close(): Promise<void> {
    return this.machine.close();
  }

  async #run(act: string, more: Readonly<Record<string, string>>, signal: AbortSignal): Promise<string> {
    const environment = {
      LOCKSTEP_ACT: act,
      LOCKSTEP_CLUSTER: this.cluster.name,
      LOCKSTEP_NAMES: this.cluster.names.join(' '),
      ...more,
    };
    const { code, stdout, stderr } = await this.machine.run(this.settings.argv, { environment, signal });
    if (code === 0) return stdout;
    const said = lastLine(stderr) ?? lastLine(stdout);
    throw new LockstepError(
      'command-failed',
      `${this.#words(act)} ended with ${code ?? 'a signal'}${said === undefined ? '' : `: ${said}`}`,
      'See why it fails; run it by hand with the same variables.',
    );
  }

  #words(act: string): string {
    return `${this.settings.argv.join(' ')} (LOCKSTEP_ACT=${act})`;
  }
}

function about({ name, address }: AnnouncedServer): Readonly<Record<string, string>> {
  return { LOCKSTEP_PRIMARY: name, LOCKSTEP_ADDRESS: address.host, LOCKSTEP_PORT: String(address.port) };
}

function lastLine(text: string): string | undefined {
  const line = text.trim().split('\n').at(-1)?.slice(0, 300);
  return line === '' ? undefined : line;
}
