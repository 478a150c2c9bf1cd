import path from 'node:path';
import { LockstepError } from '../base/errors.js';
import { Secret } from '../base/secret.js';
import { checkedPath, checkedProgram, refusePath, serviceCommand, within, type HostLimits } from './allowed.js';
import { lastLines, pathError } from './failure.js';
import type { Files } from './files.js';
import {
  defaultMaxBytes,
  type CopyOptions,
  type DirectoryOptions,
  type FileFacts,
  type Host,
  type ReadOptions,
  type RemoveOptions,
  type RunOptions,
  type Running,
  type RunResult,
  type Signalled,
  type Space,
  type SymlinkOptions,
  type WriteOptions,
} from './host.js';
import { runProgram, type Launcher } from './launcher.js';

export interface Way {
  readonly launcher: Launcher;
  readonly limits: HostLimits;
  /** Whether any file may be read that Lockstep's own rights let it read. */
  readonly readsAnywhere: boolean;
  /** Called before each use: over a connection that was lost there are other files. */
  readonly files: (signal: AbortSignal) => Promise<Files>;
  readonly close: () => void;
}

/** A host within its limits: every path, program and service is checked before anything is sent. */
export class ReachedHost implements Host {
  constructor(readonly way: Way) {}

  get name(): string {
    return this.way.launcher.name;
  }

  async reach({ signal }: Signalled): Promise<void> {
    const { files, launcher, limits } = this.way;
    await (await files(signal)).realpath('/', signal);
    // An account that may only transfer files need not run anything.
    if (limits.programs.length > 0 || Object.keys(limits.services).length > 0) await launcher.prove(signal);
  }

  async read(given: string, { signal, maxBytes = defaultMaxBytes }: ReadOptions): Promise<Buffer> {
    const roots = this.way.readsAnywhere ? ['/'] : this.way.limits.paths;
    const files = await this.#filesFor(given, roots, signal);
    const real = await files.realpath(given, signal);
    if (real === undefined) throw pathError(this.name, 'file-missing', given);
    this.#mustBeWithin(roots, given, real);
    return files.read(real, maxBytes, signal);
  }

  async stat(given: string, { signal }: Signalled): Promise<FileFacts | undefined> {
    const place = await this.#place(given, signal);
    return place?.files.stat(place.path, signal);
  }

  async write(given: string, content: Buffer | Secret, options: WriteOptions): Promise<void> {
    const { signal, mode, keepPrevious = false, ...ownership } = options;
    const { files, path: real } = await this.#mustPlace(given, signal);
    const bytes = content instanceof Secret ? Buffer.from(content.reveal()) : content;
    await files.write(real, bytes, { mode, keepPrevious, ...ownership }, signal);
  }

  async list(given: string, { signal }: Signalled): Promise<readonly string[]> {
    const place = await this.#place(given, signal);
    const names = await place?.files.list(place.path, signal);
    return [...(names ?? [])].sort();
  }

  async copy(from: string, to: string, { signal, ...settings }: CopyOptions): Promise<void> {
    const source = await this.#filesFor(from, this.way.limits.paths, signal);
    const real = await source.realpath(from, signal);
    if (real === undefined) throw pathError(this.name, 'file-missing', from);
    this.#mustBeWithin(this.way.limits.paths, from, real);
    const { files, path: place } = await this.#mustPlace(to, signal);
    await files.copy(real, place, settings, signal);
  }

  async restorePrevious(given: string, { signal }: Signalled): Promise<void> {
    const { files, path: real } = await this.#mustPlace(given, signal);
    await files.restore(real, signal);
  }

  async makeDirectory(given: string, { signal, ...settings }: DirectoryOptions): Promise<boolean> {
    const { files, path: real } = await this.#mustPlace(given, signal);
    return files.makeDirectory(real, settings, signal);
  }

  async symlink(given: string, target: string, { signal, overFile = false }: SymlinkOptions): Promise<void> {
    const { files, path: real } = await this.#mustPlace(given, signal);
    const meant = path.posix.resolve(path.posix.dirname(real), target);
    if (!within(this.way.limits.paths, meant)) refusePath(this.name, target, this.way.limits.paths, meant);
    await files.symlink(real, target, overFile, signal);
  }

  async remove(given: string, { signal, recursive = false }: RemoveOptions): Promise<void> {
    if (this.#holdsRoot(given)) {
      throw new LockstepError(
        'not-allowed',
        `${this.name}: ${JSON.stringify(given)} is itself among the \`paths\` of its \`hosts\`, and is not removed`,
      );
    }
    const place = await this.#place(given, signal);
    await place?.files.remove(place.path, recursive, signal);
  }

  async move(given: string, to: string, { signal }: Signalled): Promise<void> {
    if (this.#holdsRoot(given) || this.#holdsRoot(to))
      throw new LockstepError('not-allowed', `${this.name}: ${JSON.stringify(given)} or ${JSON.stringify(to)} is itself among the \`paths\` of its \`hosts\`, and is not moved`); // prettier-ignore
    const [{ files, path: real }, place] = [await this.#mustPlace(given, signal), await this.#mustPlace(to, signal)];
    await files.move(real, place.path, signal);
  }

  async movable(given: string, { signal }: Signalled): Promise<boolean | undefined> {
    const place = await this.#place(given, signal);
    if (place === undefined) return undefined;
    if (this.#holdsRoot(given) || !within(this.way.limits.paths, path.posix.dirname(place.path))) return false;
    return place.files.movable(place.path, signal);
  }

  async space(given: string, { signal }: Signalled): Promise<Space> {
    const files = await this.#filesFor(given, this.way.limits.paths, signal);
    const real = await files.realpath(given, signal);
    if (real === undefined) throw pathError(this.name, 'file-missing', given);
    this.#mustBeWithin(this.way.limits.paths, given, real);
    return files.space(real, signal);
  }

  async run(argv: readonly string[], options: RunOptions): Promise<RunResult> {
    return this.#run(checkedProgram(this.name, this.way.limits, argv), options);
  }

  async start(argv: readonly string[], { signal }: Signalled): Promise<Running> {
    const words = checkedProgram(this.name, this.way.limits, argv);
    return this.way.launcher.start(words, { environment: {}, signal });
  }

  async restart(service: string, { signal }: Signalled): Promise<void> {
    const command = serviceCommand(this.name, this.way.limits, service);
    const { code, stdout, stderr } = await this.#run(command, { signal });
    if (code === 0) return;
    const said = lastLines(stderr) || lastLines(stdout);
    throw new LockstepError(
      'restart-failed',
      `${this.name}: ${JSON.stringify(command)} ended with ${code ?? 'a signal'}${said === '' ? '' : `: ${said}`}`,
      `Look at the log of ${service} on that machine.`,
    );
  }

  close(): Promise<void> {
    this.way.close();
    return Promise.resolve();
  }

  async #run(argv: readonly string[], options: RunOptions): Promise<RunResult> {
    const { launcher } = this.way;
    const { code, stdout, stderr, cut } = await runProgram(launcher, argv, options);
    // The failure may be that of what lies in between, which is no answer of the program.
    if (code !== 0) await launcher.prove(options.signal);
    return { code, stdout, stderr, cut };
  }

  async #filesFor(given: string, roots: readonly string[], signal: AbortSignal): Promise<Files> {
    signal.throwIfAborted();
    if (!within(roots, checkedPath(this.name, given))) refusePath(this.name, given, roots);
    return this.way.files(signal);
  }

  /** The path with the links in its directory followed, the last name as it is; undefined without such a directory. */
  async #place(given: string, signal: AbortSignal): Promise<{ files: Files; path: string } | undefined> {
    const roots = this.way.limits.paths;
    const files = await this.#filesFor(given, roots, signal);
    const directory = await files.realpath(path.posix.dirname(given), signal);
    if (directory === undefined) return undefined;
    const real = path.posix.join(directory, path.posix.basename(given));
    this.#mustBeWithin(roots, given, real);
    return { files, path: real };
  }

  async #mustPlace(given: string, signal: AbortSignal): Promise<{ files: Files; path: string }> {
    const place = await this.#place(given, signal);
    if (place === undefined) throw pathError(this.name, 'file-missing', path.posix.dirname(given));
    return place;
  }

  /** Whether an allowed path would go, or get another name, with it. */
  #holdsRoot(given: string): boolean {
    return this.way.limits.paths.some((root) => within([given], root));
  }

  /** Where links lead must be allowed as well. */
  #mustBeWithin(roots: readonly string[], given: string, real: string): void {
    if (!within(roots, real)) refusePath(this.name, given, roots, real);
  }
}
