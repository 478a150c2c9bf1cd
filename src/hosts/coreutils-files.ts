import { randomBytes } from 'node:crypto';
import { failed, lastLines, pathError, unreachable, type PathFault } from './failure.js';
import { factsOf, type DirectorySettings, type Files, type WriteSettings } from './files.js';
import type { FileFacts, Space } from './host.js';
import { runProgram, type Launcher } from './launcher.js';
import * as scripts from './scripts.js';

/** Files by way of commands alone: for `sudo`, for programs of the operator's, and where there is no SFTP. */
export class CoreutilsFiles implements Files {
  constructor(readonly launcher: Launcher) {}

  async realpath(path: string, signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#run(scripts.realpath, [path], { signal, missing: true });
    return answer?.toString();
  }

  async stat(path: string, signal: AbortSignal): Promise<FileFacts | undefined> {
    const answer = (await this.#run(scripts.stat, [path], { signal, missing: true }))?.toString();
    if (answer === undefined) return undefined;
    const [, mode = '', size, uid, gid, target] = this.#match(/^([0-9a-f]+) (\d+) (\d+) (\d+)\n([^]*)$/, answer);
    const numbers = { mode: parseInt(mode, 16), size: Number(size), uid: Number(uid), gid: Number(gid) };
    const facts = factsOf(numbers, target);
    return facts.kind === 'symlink' ? facts : { ...facts, target: undefined };
  }

  async read(path: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    const limit = maxBytes + 1;
    const content = await this.#must(scripts.read, [path, String(limit)], { signal, maxOutput: limit });
    if (content.length > maxBytes) throw pathError(this.launcher.name, 'file-too-large', path, `${maxBytes} bytes`);
    return content;
  }

  async write(path: string, content: Buffer, settings: WriteSettings, signal: AbortSignal): Promise<void> {
    const { mode, owner = '', group = '', keepPrevious } = settings;
    const words = [
      path,
      String(content.length),
      mode === undefined ? '' : octal(mode),
      owner,
      group,
      keepPrevious ? 'yes' : '',
      token(),
    ];
    await this.#must(scripts.write, words, { signal, stdin: content });
  }

  async list(path: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const answer = await this.#run(scripts.list, [path], { signal, missing: true });
    return answer
      ?.toString()
      .split('\0')
      .filter((name) => name !== '');
  }

  async copy(from: string, to: string, settings: DirectorySettings, signal: AbortSignal): Promise<void> {
    const { mode, owner = '', group = '' } = settings;
    await this.#must(scripts.copy, [to, from, octal(mode), owner, group, token()], { signal });
  }

  async restore(path: string, signal: AbortSignal): Promise<void> {
    await this.#must(scripts.restore, [path], { signal });
  }

  async makeDirectory(path: string, settings: DirectorySettings, signal: AbortSignal): Promise<boolean> {
    const { mode, owner = '', group = '' } = settings;
    const answer = await this.#must(scripts.makeDirectory, [path, octal(mode), owner, group], { signal });
    return answer.length > 0;
  }

  async symlink(path: string, target: string, overFile: boolean, signal: AbortSignal): Promise<void> {
    await this.#must(scripts.symlink, [path, target, token(), overFile ? 'yes' : ''], { signal });
  }

  async remove(path: string, recursive: boolean, signal: AbortSignal): Promise<void> {
    await this.#run(scripts.remove, [path, recursive ? 'yes' : ''], { signal, missing: true });
  }

  async move(path: string, to: string, signal: AbortSignal): Promise<void> {
    await this.#must(scripts.move, [path, to], { signal });
  }

  async movable(path: string, signal: AbortSignal): Promise<boolean | undefined> {
    const answer = await this.#run(scripts.movable, [path], { signal, missing: true });
    return answer && answer.length > 0;
  }

  async space(path: string, signal: AbortSignal): Promise<Space> {
    const answer = await this.#must(scripts.space, [path], { signal });
    const [, free, all, size] = this.#match(/^(\d+) (\d+) (\d+)\n$/, answer.toString());
    return { free: Number(free) * Number(size), total: Number(all) * Number(size) };
  }

  async #must(script: string, words: readonly string[], options: Options): Promise<Buffer> {
    return (await this.#run(script, words, options)) ?? Buffer.alloc(0);
  }

  /** What a script printed; undefined when nothing is there and that is an answer. */
  async #run(script: string, words: readonly string[], options: Options): Promise<Buffer | undefined> {
    const { missing, ...rest } = options;
    const result = await runProgram(this.launcher, ['sh', '-c', script, 'lockstep', ...words], rest);
    const [path = ''] = words;
    const { code, stdout, stderr } = result;
    if (code === 0) return result.stdoutBytes;
    if (code === scripts.codes.missing && missing === true) return undefined;
    const said = lastLines(stderr);
    if (code === scripts.codes.short) throw unreachable(this.launcher.name, 'the content did not arrive whole');
    const fault = code === scripts.codes.full && !isFull(stdout, rest.stdin) ? undefined : faults.get(code);
    if (fault !== undefined) throw pathError(this.launcher.name, fault, path, said);
    // Not one of ours: perhaps what lies in between, and not the script, has failed.
    await this.launcher.prove(rest.signal);
    throw failed(
      this.launcher.name,
      `${JSON.stringify(path)}: ${said || `a command ended with ${code ?? 'a signal'}`}`,
    );
  }

  #match(form: RegExp, answer: string): RegExpExecArray {
    const match = form.exec(answer);
    if (match === null)
      throw failed(this.launcher.name, `an answer that was not expected: ${JSON.stringify(answer.slice(0, 200))}`);
    return match;
  }
}

interface Options {
  readonly signal: AbortSignal;
  readonly stdin?: Buffer;
  readonly maxOutput?: number;
  /** Whether "not there" is an answer. */
  readonly missing?: boolean;
}

const faults = new Map<number | undefined, PathFault>([
  [scripts.codes.missing, 'file-missing'],
  [scripts.codes.notAFile, 'not-a-file'],
  [scripts.codes.denied, 'permission-denied'],
  [scripts.codes.exists, 'file-exists'],
  [scripts.codes.full, 'disk-full'],
  [scripts.codes.notEmpty, 'directory-not-empty'],
  [scripts.codes.elsewhere, 'other-file-system'],
]);

/** Whether what was free when the writing failed is less than the content takes. */
function isFull(printed: string, content: Buffer | undefined): boolean {
  const match = /^(\d+) (\d+)\n$/.exec(printed);
  return match !== null && Number(match[1]) * Number(match[2]) <= (content?.length ?? 0);
}

/** Five digits: with fewer, chmod would leave a directory its set-group-id. */
function octal(mode: number): string {
  return mode.toString(8).padStart(5, '0');
}

/** Names of temporary files that nobody can have made before. */
function token(): string {
  return randomBytes(6).toString('hex');
}
