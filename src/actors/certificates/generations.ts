import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { LockstepError } from '../../base/errors.js';
import { generationLink, isForeignLink } from '../../domain/generation-link.js';
import type { FileFacts, Host } from '../../hosts/host.js';
import { digestOf } from './host-keys.js';

/** There are two, which take turns: what is read, and what was before or comes next. */
const slots = ['a', 'b'] as const;
export type Slot = (typeof slots)[number];

/** In a slot that holds a whole generation: which one. The slots are used again, by later runs. */
const markName = '.generation';

/** One generation, and no other that takes its slot later; as notes keep it: `b 0f8fad5b-…`. */
export interface Generation {
  readonly slot: Slot;
  /** undefined: it was made by a Lockstep that marked none. */
  readonly mark: string | undefined;
}

/** The generations of certificates in one directory of a host. */
export class Generations {
  constructor(
    readonly host: Host,
    readonly directory: string,
    readonly signal: AbortSignal,
    /** Names of keys that never leave the host. */
    readonly keysStay: readonly string[] = [],
    /** The directory below it in which the generations and the two links lie. Default: itself. */
    readonly below = '',
  ) {}

  at(...names: readonly string[]): string {
    return path.posix.join(this.directory, ...names);
  }

  /** A generation, or what lies in it. */
  in(...names: readonly string[]): string {
    return this.at(this.below, ...names);
  }

  /** What the link says; undefined where there is none. @throws LockstepError `generation-unknown` for anything that is not ours */
  async named(link: 'current' | 'next'): Promise<Slot | undefined> {
    const facts = await this.host.stat(this.in(link), this.#options);
    if (facts === undefined) return undefined;
    const slot = slots.find((one) => one === facts.target);
    if (slot !== undefined) return slot;
    throw new LockstepError(
      'generation-unknown',
      `${this.host.name}: ${this.in(link)} is no link to ${slots.join(' or ')} beside it`,
      'Lockstep makes this link, and leaves alone what somebody else made. Move it away, or name another directory.',
    );
  }

  async point(link: 'current' | 'next', slot: Slot): Promise<void> {
    await this.host.symlink(this.in(link), slot, this.#options);
  }

  /** An empty directory for a generation, as its parent is owned and may be entered. */
  async clear(slot: Slot): Promise<void> {
    const { mode, uid, gid } = await this.facts();
    const made = { ...this.#options, mode: mode & 0o755, owner: String(uid), group: String(gid) };
    if (this.below !== '') await this.host.makeDirectory(this.in(), made);
    // Before anything of it goes: what is no longer whole is no generation.
    await this.host.remove(this.in(slot, markName), this.#options);
    await this.host.remove(this.in(slot), { ...this.#options, recursive: true });
    await this.host.makeDirectory(this.in(slot), made);
  }

  /** Nothing is left of what was made ready and is not read; nor of the generation in use, where that holds nothing. */
  async discard(): Promise<void> {
    const [current, next] = [await this.named('current'), await this.named('next')];
    if (next !== undefined && next !== current)
      await this.host.remove(this.in(next), { ...this.#options, recursive: true });
    await this.host.remove(this.in('next'), this.#options);
    if (current === undefined) return;
    const held = await this.host.list(this.in(current), this.#options);
    if (held.some((name) => name !== markName)) return;
    await this.host.remove(this.in(current), { ...this.#options, recursive: true });
    await this.host.remove(this.in('current'), this.#options);
  }

  /** As {@link Generation} for notes, once the slot holds all that it is to hold. */
  async marked(slot: Slot): Promise<string> {
    const known = await this.#markOf(slot);
    if (known !== undefined) return `${slot} ${known}`;
    const mark = randomUUID();
    const { uid, gid } = await this.facts();
    const owned = { mode: 0o644, owner: String(uid), group: String(gid) };
    await this.host.write(this.in(slot, markName), Buffer.from(mark), { ...this.#options, ...owned });
    return `${slot} ${mark}`;
  }

  /** Whether it stands in its slot still, whole. */
  async stands({ slot, mark }: Generation): Promise<boolean> {
    if (mark !== undefined) return (await this.#markOf(slot)) === mark;
    return (await this.host.stat(this.in(slot), this.#options))?.kind === 'directory';
  }

  /**
   * The generation that is read now, whole. Where files stand as files, all are first copied into one as they are read
   * now, links followed: nothing changes for anybody, and from then on they can all change at once. One that is not
   * there yet is in none of them.
   */
  async inUse(files: readonly string[]): Promise<Slot> {
    const current = await this.named('current');
    if (current !== undefined && (await this.#alike(current, await this.plain(files)))) return current;
    const slot = other(current);
    await this.clear(slot);
    for (const file of files)
      if ((await this.factsIfAny(this.at(file))) !== undefined) await this.copy(this.at(file), this.in(slot, file));
    await this.carry(current, slot, files);
    await this.point('current', slot);
    return slot;
  }

  /**
   * Before anything changes: files that are to change, and that somebody else's link leads elsewhere. It would stay, and
   * a new key would stand beside the certificate of before. @throws LockstepError `foreign-link`
   */
  async refuseForeignLinks(files: readonly string[]): Promise<void> {
    for (const file of files) {
      const target = (await this.host.stat(this.at(file), this.#options))?.target;
      if (isForeignLink(target, this.below, file))
        throw new LockstepError(
          'foreign-link',
          `${this.host.name}: ${this.at(file)} is a link to ${JSON.stringify(target)} that Lockstep did not make`,
          `Put the file itself in its place, by \`cp -p --remove-destination "$(readlink -f ${this.at(file)})" ${this.at(file)}\`: it becomes part of generations then.`,
        );
    }
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
      await this.host.symlink(this.at(file), this.#linkTo(file), { ...this.#options, overFile: true });
  }

  /** Once the generation is read: a link for each file that it holds and that stands nowhere yet, and none for what it does not hold. */
  async tidy(files: readonly string[], slot: Slot): Promise<void> {
    for (const file of files) {
      const target = this.#linkTo(file);
      const [held, here] = await Promise.all(
        [this.in(slot, file), this.at(file)].map((one) => this.host.stat(one, this.#options)),
      );
      if (held !== undefined && here === undefined) await this.host.symlink(this.at(file), target, this.#options);
      if (held === undefined && here?.target === target) await this.host.remove(this.at(file), this.#options);
    }
  }

  /** What one generation holds besides these: a pair for a channel that is not there today, perhaps. Links lead to it. */
  async carry(from: Slot | undefined, to: Slot, files: readonly string[]): Promise<void> {
    if (from === undefined) return;
    const names = await this.host.list(this.in(from), this.#options);
    for (const name of names)
      if (!files.includes(name) && !name.startsWith('.')) await this.copy(this.in(from, name), this.in(to, name));
  }

  async copy(from: string, to: string): Promise<void> {
    // What nobody names may be a key as well.
    if (this.keysStay.length > 0) {
      await this.host.copy(from, to, { ...this.#options, ...ownershipOf(await this.factsOf(from)) });
      return;
    }
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

  /** As {@link factsOf}; undefined where nothing is there. */
  async factsIfAny(file: string): Promise<FileFacts | undefined> {
    try {
      return await this.factsOf(file);
    } catch (cause) {
      if (cause instanceof LockstepError && cause.code === 'file-missing') return undefined;
      throw cause;
    }
  }

  /** As a file stands in a generation; where it is new there, as the directory is owned. */
  async ownershipIn(slot: Slot, file: string, what: 'open' | 'key') {
    const facts = await this.factsIfAny(this.in(slot, file));
    if (facts !== undefined) return ownershipOf(facts);
    const { uid, gid } = await this.facts();
    // Root's directory with the server's group: its user reads the key by that.
    const keyMode = uid === 0 && gid !== 0 ? 0o640 : 0o600;
    return { mode: what === 'key' ? keyMode : 0o644, owner: String(uid), group: String(gid) };
  }

  async facts(): Promise<FileFacts> {
    return this.factsOf(this.directory);
  }

  async #alike(slot: Slot, files: readonly string[]): Promise<boolean> {
    const same = await Promise.all(
      files.map(async (file) => {
        if (this.keysStay.includes(file)) return this.#keysAlike(slot, file);
        const [here, there] = await Promise.all([
          this.host.read(this.at(file), this.#options),
          this.host
            .stat(this.in(slot, file), this.#options)
            .then((facts) => (facts === undefined ? undefined : this.host.read(this.in(slot, file), this.#options))),
        ]);
        return there !== undefined && here.equals(there);
      }),
    );
    return same.every(Boolean);
  }

  async #markOf(slot: Slot): Promise<string | undefined> {
    const file = this.in(slot, markName);
    if ((await this.host.stat(file, this.#options)) === undefined) return undefined;
    return (await this.host.read(file, this.#options)).toString();
  }

  async #keysAlike(slot: Slot, file: string): Promise<boolean> {
    if ((await this.host.stat(this.in(slot, file), this.#options)) === undefined) return false;
    const [here, there] = await Promise.all(
      [this.at(file), this.in(slot, file)].map((one) => digestOf(this.host, one, this.signal)),
    );
    return here === there;
  }

  /** What the link says that stands in the place of a file. */
  #linkTo(file: string): string {
    return generationLink(this.below, file);
  }

  get #options() {
    return { signal: this.signal };
  }
}

export function other(slot: Slot | undefined): Slot {
  return slot === 'a' ? 'b' : 'a';
}

/** @throws LockstepError `generation-unknown` */
export function generationOf(note: string | undefined): Generation {
  const [name, mark] = note?.split(' ') ?? [];
  const slot = slots.find((one) => one === name);
  if (slot === undefined) throw new LockstepError('generation-unknown', 'this run has made no generation ready');
  return { slot, mark };
}

/** As a file stands now. */
export function ownershipOf({ mode, uid, gid }: FileFacts) {
  return { mode, owner: String(uid), group: String(gid) };
}
