import { LockstepError, messageOf } from '../base/errors.js';
import type { AnnouncedCluster } from './announcer.js';
import { explained, type Edit, type Place } from './place.js';
import type { ReadersForm } from './readers-form.js';
import type { ReadSide, ReadersChange, ReadersReading } from './read-side.js';

/** What brings a changed file to those who read it. */
export type Applying = (change: ReadersChange, signal: AbortSignal) => Promise<void>;

/** A file that says from whom applications read, in whatever form. */
export class FileReaders implements ReadSide {
  /** Why what stands in the file was not applied; undefined: it was, or this process does not know. */
  #unapplied: string | undefined;

  constructor(
    readonly form: ReadersForm,
    readonly cluster: AnnouncedCluster,
    readonly place: Place,
    readonly apply: Applying | undefined,
  ) {}

  async prepare(signal: AbortSignal): Promise<void> {
    const trial = (content: string) => explained(this.place, () => this.form.tried(content));
    await this.place.prepare({ key: 'as it is', of: trial }, signal);
    await this.place.clear();
  }

  /** Applied whatever stood there before: a process that died may have changed the file alone. */
  async change(change: ReadersChange, signal: AbortSignal): Promise<void> {
    const edit: Edit = {
      key: `${change.act} ${change.server.name} ${change.fallback?.name ?? ''}`,
      of: (content) => explained(this.place, () => this.form.changed(content, change)),
    };
    await this.place.change(edit, signal);
    try {
      await this.apply?.(change, signal);
      this.#unapplied = undefined;
    } catch (cause) {
      this.#unapplied = messageOf(cause);
      throw cause;
    }
  }

  async read(signal: AbortSignal): Promise<ReadersReading> {
    const content = await this.place.read(signal);
    const { named, found } = explained(this.place, () => this.form.read(content));
    if (this.#unapplied !== undefined)
      throw new LockstepError('salt-failed', `the file says ${found}, which was not applied: ${this.#unapplied}`);
    return { readers: this.cluster.servers.map(({ name }) => name).filter((name) => named.includes(name)), found };
  }

  close(): Promise<void> {
    return this.place.clear();
  }
}
