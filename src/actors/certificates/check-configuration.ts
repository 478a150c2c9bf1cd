import { LockstepError } from '../../base/errors.js';
import type { CheckConfigurationAction } from '../../domain/certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';

/** The server's program read its configuration and would start with it, TLS on. @throws LockstepError `configuration-invalid` */
export async function checkConfiguration(
  { command, checks, on, noteAs }: CheckConfigurationAction,
  host: Host,
  signal: AbortSignal,
): Promise<Notes> {
  for (const { words, expects } of checks) {
    const { code, stdout, stderr } = await host.run([...command, ...words], { signal });
    if (code !== 0) throw invalid(on, `its program ended with ${code ?? 'a signal'}: ${errorsIn(stderr)}`);
    if (expects !== undefined) expected(on, stdout, expects);
  }
  return { [noteAs]: 'valid' };
}

/** The table at the end of `--verbose --help`: a name, spaces, a value. */
function expected(on: string, printed: string, expects: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(expects)) {
    const found = new RegExp(`^${name} +(.*)$`, 'm').exec(printed)?.[1]?.trim();
    if (found !== value)
      throw invalid(on, `${name} would be ${found ?? 'nothing'}, not ${value}: another line takes it back`);
  }
}

function errorsIn(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.includes('[ERROR]'));
  return (lines.join('; ') || stderr.trim()).slice(0, 500);
}

function invalid(on: string, why: string): LockstepError {
  return new LockstepError(
    'configuration-invalid',
    `${on} would not start with TLS as it is configured: ${why}`,
    'Look at its option files, in the order in which it reads them: my_print_defaults --mysqld.',
  );
}
