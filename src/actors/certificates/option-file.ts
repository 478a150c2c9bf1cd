import path from 'node:path/posix';
import { LockstepError } from '../../base/errors.js';
import type { OptionFileAction } from '../../domain/certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import { previousOf, type Host } from '../../hosts/host.js';

/**
 * Sent twice, it does the same: what this run wrote its content shows, and what was there before is what is kept beside it.
 * @throws LockstepError `not-a-file`, those of the host
 */
export async function optionFile(
  action: OptionFileAction,
  host: Host,
  notes: Notes,
  signal: AbortSignal,
): Promise<Notes> {
  const { act, file, noteAs } = action;
  const ours = textOf(action, notes);
  const now = await contentOf(file, host, signal);
  const stands = now?.equals(ours) === true;
  if (act === 'put') {
    if (!stands) await put(file, ours, host, signal);
    return { [noteAs]: 'written' };
  }
  if (stands) await takeBack(file, host, signal);
  return { [noteAs]: 'as before' };
}

async function put(file: string, content: Buffer, host: Host, signal: AbortSignal): Promise<void> {
  await host.remove(previousOf(file), { signal });
  await host.write(file, content, { mode: 0o644, keepPrevious: true, signal });
}

async function takeBack(file: string, host: Host, signal: AbortSignal): Promise<void> {
  if ((await contentOf(previousOf(file), host, signal)) === undefined) await host.remove(file, { signal });
  else await host.restorePrevious(file, { signal });
}

/** Of an option file, what a server reads: `[mysqld]` is read by MySQL and MariaDB of every version. */
function textOf({ lines, mark }: OptionFileAction, notes: Notes): Buffer {
  return Buffer.from(
    [
      '# By Lockstep, procedure enable-tls. Without this file the server starts without TLS.',
      `# Written for the certificate ${notes[mark.note] ?? ''}`,
      '[mysqld]',
      ...lines,
      '',
    ].join('\n'),
  );
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
