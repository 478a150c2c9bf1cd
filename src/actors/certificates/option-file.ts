import path from 'node:path/posix';
import { LockstepError } from '../../base/errors.js';
import type { OptionFileAction } from '../../domain/certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import { previousOf, type Host } from '../../hosts/host.js';

/** How the note says what stood there before. */
const before = { same: 'was there', none: 'nothing before', kept: 'one before it kept' } as const;

/** Sent twice, it does the same: what was there before the first is what is kept. @throws those of the host */
export async function optionFile(
  action: OptionFileAction,
  host: Host,
  notes: Notes,
  signal: AbortSignal,
): Promise<Notes> {
  return { [action.noteAs]: await (action.act === 'put' ? put : takeBack)(action, host, notes, signal) };
}

async function put({ file, lines }: OptionFileAction, host: Host, _: Notes, signal: AbortSignal): Promise<string> {
  const content = textOf(lines);
  const now = await contentOf(file, host, signal);
  if (now?.equals(content) === true) return before.same;
  await host.remove(previousOf(file), { signal });
  await host.write(file, content, { mode: 0o644, keepPrevious: true, signal });
  return now === undefined ? before.none : before.kept;
}

/** Whether it was put there its content shows; what was there before, the note, or what was kept. */
async function takeBack(
  { file, lines, noteAs }: OptionFileAction,
  host: Host,
  notes: Notes,
  signal: AbortSignal,
): Promise<string> {
  const [now, kept] = [await contentOf(file, host, signal), await contentOf(previousOf(file), host, signal)];
  const ours = now?.equals(textOf(lines)) === true;
  if (!ours || notes[noteAs] === before.same) return 'as before';
  if (kept === undefined) await host.remove(file, { signal });
  else await host.restorePrevious(file, { signal });
  return 'as before';
}

/** Of an option file, what a server reads: `[mysqld]` is read by MySQL and MariaDB of every version. */
function textOf(lines: readonly string[]): Buffer {
  return Buffer.from(['# By Lockstep, procedure enable-tls. Without this file the server starts without TLS.', '[mysqld]', ...lines, ''].join('\n')); // prettier-ignore
}

async function contentOf(file: string, host: Host, signal: AbortSignal): Promise<Buffer | undefined> {
  const facts = await host.stat(file, { signal });
  if (facts === undefined) return undefined;
  if (facts.kind !== 'file')
    throw new LockstepError(
      'not-a-file',
      `${host.name}: ${JSON.stringify(file)} is there, and is no file`,
      `Move it away: Lockstep keeps ${path.basename(file)} for itself.`,
    );
  return host.read(file, { signal });
}
