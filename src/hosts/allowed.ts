import path from 'node:path';
import { LockstepError } from '../base/errors.js';

/** All that Lockstep may touch on a host, as the configuration names it. Paths as in {@link checkedPath}. */
export interface HostLimits {
  /** Directories, with all below them, and single files. */
  readonly paths: readonly string[];
  /** Programs, absolute. */
  readonly programs: readonly string[];
  /** The whole command that restarts each service. */
  readonly services: Readonly<Record<string, readonly string[]>>;
}

/**
 * A path as it may be asked for: absolute and with one spelling only.
 * @throws LockstepError `not-allowed`
 */
export function checkedPath(host: string, given: string): string {
  // A lone surrogate would reach the host as another character than the one that was checked.
  const sound = given.startsWith('/') && !given.includes('\0') && Buffer.from(given).toString() === given;
  if (sound && path.posix.normalize(given) === given && (given === '/' || !given.endsWith('/'))) return given;
  throw new LockstepError(
    'not-allowed',
    `${host}: ${JSON.stringify(given)} is no plain absolute path`,
    'Write it from / on, without "..", "//" or a slash at the end.',
  );
}

/** Whether `given` is one of `roots` or lies below one of them. */
export function within(roots: readonly string[], given: string): boolean {
  return roots.some((root) => given === root || root === '/' || given.startsWith(`${root}/`));
}

/** @throws LockstepError `not-allowed`, naming what is allowed */
export function refusePath(host: string, given: string, roots: readonly string[], found?: string): never {
  const named = roots.length === 0 ? 'which names none' : `which are ${roots.join(', ')}`;
  const leads = found === undefined || found === given ? '' : ` leads to ${JSON.stringify(found)}, which`;
  throw new LockstepError(
    'not-allowed',
    `${host}: ${JSON.stringify(given)}${leads} is not among the \`paths\` of its \`hosts\`, ${named}`,
    'Add it there if Lockstep is to reach it.',
  );
}

/** @throws LockstepError `not-allowed` */
export function checkedProgram(host: string, { programs }: HostLimits, argv: readonly string[]): readonly string[] {
  const [program = ''] = argv;
  if (!programs.includes(program)) {
    throw new LockstepError(
      'not-allowed',
      `${host}: the program ${JSON.stringify(program)} is not among the \`programs\` of its \`hosts\``,
      'Add its absolute path there if Lockstep is to run it.',
    );
  }
  return argv;
}

/** @throws LockstepError `not-allowed` */
export function serviceCommand(host: string, { services }: HostLimits, service: string): readonly string[] {
  const command = Object.hasOwn(services, service) ? services[service] : undefined;
  if (command !== undefined) return command;
  throw new LockstepError(
    'not-allowed',
    `${host}: the service ${JSON.stringify(service)} is not among the \`services\` of its \`hosts\``,
    'Add it there with the command that restarts it.',
  );
}
