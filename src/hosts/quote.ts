import { LockstepError } from '../base/errors.js';
import type { Environment } from './host.js';

/**
 * One line for a POSIX shell that means exactly these words: what `ssh` sends is always a line for the login shell.
 * @throws LockstepError `not-allowed` for what no command can carry
 */
export function shellLine(argv: readonly string[]): string {
  return checkedWords(argv)
    .map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
    .join(' ');
}

/** @throws LockstepError `not-allowed` for a word that no program can be given: with a zero byte, or no text at all */
export function checkedWords(argv: readonly string[]): readonly string[] {
  const wrong = argv.find((word) => word.includes('\0') || Buffer.from(word).toString() !== word);
  if (wrong === undefined && argv.length > 0) return argv;
  throw new LockstepError('not-allowed', `${JSON.stringify(wrong ?? '')} cannot be a word of a command`);
}

/** The same command with these variables set, for ways that carry no environment: `env NAME=value program …`. */
export function withEnvironment(argv: readonly string[], environment: Environment): readonly string[] {
  if (argv[0]?.includes('=') === true)
    throw new LockstepError('not-allowed', `${JSON.stringify(argv[0])} cannot be run: its name holds "="`);
  return [
    'env',
    ...Object.entries(checkedEnvironment(environment)).map(([name, value]) => `${name}=${value}`),
    ...argv,
  ];
}

/** @throws LockstepError `not-allowed` for a name that is none */
export function checkedEnvironment(environment: Environment): Environment {
  const wrong = Object.keys(environment).find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (wrong === undefined) return environment;
  throw new LockstepError('not-allowed', `${JSON.stringify(wrong)} cannot be the name of an environment variable`);
}
