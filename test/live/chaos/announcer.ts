import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Scope } from '../../../src/base/scope.js';
import type { Address } from '../../../src/domain/snapshot.js';
import { takeDirectory } from '../../../src/sandbox/directories.js';

/** A program of an operator's that tells the applications, and that can be made to hang or to fail. */
export class AnnouncerProgram {
  private constructor(readonly directory: string) {}

  static async lay(scope: Scope, primary: Address): Promise<AnnouncerProgram> {
    const program = new AnnouncerProgram(await takeDirectory(scope));
    await writeFile(program.#file('says'), `${primary.host}:${primary.port}\n`);
    await writeFile(program.#file('announce.sh'), script);
    return program;
  }

  get entry() {
    return { kind: 'command', name: 'program', argv: ['/bin/sh', this.#file('announce.sh')], hold: '5s' };
  }

  /** What it tells the applications now. */
  async says(): Promise<string> {
    return (await readFile(this.#file('says'), 'utf8')).trim();
  }

  /** By hand, whatever Lockstep told last. */
  async tell({ host, port }: Address): Promise<void> {
    await writeFile(this.#file('says'), `${host}:${port}\n`);
  }

  async misbehave(how: 'hang' | 'fail'): Promise<void> {
    await writeFile(this.#file(how), '');
  }

  async behave(): Promise<void> {
    for (const how of ['hang', 'fail']) await rm(this.#file(how), { force: true });
  }

  #file(name: string): string {
    return path.join(this.directory, name);
  }
}

const script = `directory=$(dirname "$0")
if [ "$LOCKSTEP_ACT" != read ]; then
  if [ -e "$directory/hang" ]; then exec sleep 600; fi
  if [ -e "$directory/fail" ]; then echo "no, today I do not" >&2; exit 1; fi
fi
case "$LOCKSTEP_ACT" in
  read) cat "$directory/says" ;;
  announce|restore) echo "$LOCKSTEP_ADDRESS:$LOCKSTEP_PORT" > "$directory/says.new" && mv "$directory/says.new" "$directory/says" ;;
esac
`;
