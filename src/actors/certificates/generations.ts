import path from 'node:path';
import { LockstepError } from '../../base/errors.js';
import type { FileFacts, Host } from '../../hosts/host.js';

/** There are two, which take turns: what is read, and what was before or comes next. */
const slots = ['a', 'b'] as const;
export type Slot = (typeof slots)[number];

/** The generations of certificates in one directory of a host. */
export class Generations {
  constructor(
    readonly host: Host,
    readonly directory: string,
    readonly signal: AbortSignal,
  ) {}

  at(...names: readonly string[]): string {
    return path.posix.join(this.directory, ...names);
  }

  /** What the link says; undefined where there is none. @throws LockstepError `generation-unknown` for anything that is not ours */
  async named(link: 'current' | 'next'): Promise<Slot | undefined> {
    const facts = await this.host.stat(this.at(link), this.#options);
    if (facts === undefined) return undefined;
    const slot = slots.find((one) => one === facts.target);
    if (slot !== undefined) return slot;
    throw new LockstepError(
      'generation-unknown',
      `${this.host.name}: ${this.at(link)} is no link to ${slots.join(' or ')} beside it`,
      'Lockstep makes this link, and leaves alone what somebody else made. Move it away, or name another directory.',
    );
  }

  async point(link: 'current' | 'next', slot: Slot): Promise<void> {
    await this.host.symlink(this.at(link), slot, this.#options);
  }

  /** An empty directory for a generation, as its parent is owned and may be entered. */
  async clear(slot: Slot): Promise<void> {
    const parent = await this.facts();
    await this.host.remove(this.at(slot), { ...this.#options, recursive: true });
    await this.host.makeDirectory(this.at(slot), {
      ...this.#options,
      mode: parent.mode & 0o755,
      owner: String(parent.uid),
      group: String(parent.gid),
    });
  }

  /** Nothing is left of what was made ready and is not read. */
  async discard(): Promise<void> {
    const [current, next] = [await this.named('current'), await this.named('next')];
    if (next !== undefined && next !== current)
      await this.host.remove(this.at(next), { ...this.#options, recursive: true });
    await this.host.remove(this.at('next'), this.#options);
  }

  /**
   * The generation that is read now, whole. Where files stand as files, all are first copied into one as they are read
   * now, links followed: nothing changes for anybody, and from then on they can all change at once.
   */
  async inUse(files: readonly string[]): Promise<Slot> {
    const current = await this.named('current');
    if (current !== undefined && (await this.#alike(current, await this.plain(files)))) return current;
    const slot = other(current);
    await this.clear(slot);
    for (const file of files) await this.copy(this.at(file), this.at(slot, file));
    await this.point('current', slot);
    return slot;
  }

  /** Those of the files that stand as files, not as links. */
  async plain(files: readonly string[]): Promise<readonly string[]> {
    const facts = await Promise.all(files.map((file) => this.host.stat(this.at(file), this.#options)));
    return files.filter((_, index) => facts[index]?.kind === 'file');
  }

  /** Links in the place of files with the same content: each at once, and nothing changes for who reads them. */
  async link(files: readonly string[], current: Slot): Promise<void> {
    const standing = await this.plain(files);
    if (!(await this.#alike(current, standing)))
      throw new LockstepError(
        'files-changed',
        `${this.host.name}: files in ${this.directory} were changed since the next generation was made ready`,
        'Somebody else is at work there.',
      );
    for (const file of standing)
      await this.host.symlink(this.at(file), path.posix.join('current', file), { ...this.#options, overFile: true });
  }

  async copy(from: string, to: string): Promise<void> {
    await this.host.write(to, await this.host.read(from, this.#options), {
      ...this.#options,
      ...ownershipOf(await this.factsOf(from)),
    });
  }

  /** Owner and mode of a file, links followed. @throws LockstepError `file-missing` */
  async factsOf(file: string): Promise<FileFacts> {
    const facts = await this.host.stat(file, this.#options);
    if (facts?.kind === 'symlink' && facts.target !== undefined)
      return this.factsOf(path.posix.resolve(path.posix.dirname(file), facts.target));
    if (facts !== undefined) return facts;
    throw new LockstepError('file-missing', `${this.host.name}: ${JSON.stringify(file)} is not there`);
  }

  async facts(): Promise<FileFacts> {
    return this.factsOf(this.directory);
  }

  async #alike(slot: Slot, files: readonly string[]): Promise<boolean> {
    const same = await Promise.all(
      files.map(async (file) => {
        const [here, there] = await Promise.all([
          this.host.read(this.at(file), this.#options),
          this.host
            .stat(this.at(slot, file), this.#options)
            .then((facts) => (facts === undefined ? undefined : this.host.read(this.at(slot, file), this.#options))),
        ]);
        return there !== undefined && here.equals(there);
      }),
    );
    return same.every(Boolean);
  }

  get #options() {
    return { signal: this.signal };
  }
}

export function other(slot: Slot | undefined): Slot {
  return slot === 'a' ? 'b' : 'a';
}

/** @throws LockstepError `generation-unknown` */
export function slotNamed(name: string | undefined): Slot {
  const slot = slots.find((one) => one === name);
  if (slot === undefined) throw new LockstepError('generation-unknown', 'this run has made no generation ready');
  return slot;
}

/** As a file stands now. */
export function ownershipOf({ mode, uid, gid }: FileFacts) {
  return { mode, owner: String(uid), group: String(gid) };
}
