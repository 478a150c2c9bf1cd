import { LockstepError } from '../../base/errors.js';
import type { Secret } from '../../base/secret.js';
import type { Host } from '../../hosts/host.js';

/** How long the last lines of a program are, in a message. */
const saidAtMost = 600;

/** Runs a program that is a part of copying. @throws LockstepError `copy-failed` for any code but 0 */
export async function mustRun(
  host: Host,
  argv: readonly (string | undefined)[],
  signal: AbortSignal,
  stdin?: Secret,
): Promise<void> {
  const words = argv.map((word) => word ?? '');
  const { code, stderr } = await host.run(words, {
    signal,
    maxOutput: 16 * 2 ** 20,
    ...(stdin === undefined ? {} : { stdin }),
  });
  if (code !== 0) throw copyFailed(`${host.name}: ${words[0] ?? ''} ended with ${code ?? 'a signal'}: ${tail(stderr)}`);
}

/** The server may have been emptied for the copy: what a copy that failed leaves behind is only what it found. */
export function copyFailed(message: string): LockstepError {
  return new LockstepError('copy-failed', message, 'What was copied so far is removed. The server is as the copy found it: empty, where all that it held was dropped first.'); // prettier-ignore
}

export function tail(text: string): string {
  return text.slice(-saidAtMost);
}
