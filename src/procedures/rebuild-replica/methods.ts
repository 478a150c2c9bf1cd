import path from 'node:path';
import { copyMethods, type CopyMethodName } from '../../domain/action.js';
import type { SiteServer } from '../../domain/scene.js';
import { isNewerSeries, isSameSeries } from '../../domain/series.js';
import type { Identity } from '../../domain/snapshot.js';

/** A way to copy one server to another. */
export interface Way {
  readonly method: CopyMethodName;
  /** Why these servers cannot be copied so, one phrase each; empty for a way that there is. */
  readonly against: readonly string[];
  /** Programs that the configuration would have to name, and on whose machine. */
  readonly missing: readonly { readonly on: 'target' | 'donor'; readonly program: string }[];
  /** What was found there that stands against it, one phrase each; empty where nobody looked. */
  readonly found: readonly string[];
}

/** Why it is not taken, one phrase each. */
export function whyNot({ against, missing, found }: Way, target: string, donor: string): readonly string[] {
  const programs = missing.map(({ on, program }) => `the hosts of ${on === 'target' ? target : donor} name no ${program}`); // prettier-ignore
  return [...against, ...programs, ...found];
}

/** A program that a host names, by the last part of its path. */
export function programOf(host: SiteServer | undefined, ...names: readonly string[]): string | undefined {
  return host?.programs?.find((program) => names.includes(path.posix.basename(program)));
}

/** What copies files, by its newer name and its older one. */
export const backupPrograms = ['mariadb-backup', 'mariabackup'];
/** What a machine needs for a server to be laid out on it. */
export const serverPrograms = ['mariadbd', 'mysqld'];
export const installPrograms = ['mariadb-install-db', 'mysql_install_db'];

/** Every way of their flavour, in the order in which they are taken: files as they are before rows one by one. */
export function waysFrom(
  donor: Pick<Identity, 'flavour' | 'release' | 'version'>,
  target: Pick<Identity, 'flavour' | 'release' | 'version'>,
  here: SiteServer | undefined,
  there: SiteServer | undefined,
  found: (method: CopyMethodName) => readonly string[],
): readonly Way[] {
  const mariadb = target.flavour === 'mariadb';
  const flavours = donor.flavour === target.flavour ? [] : ['they are not of one kind'];
  const files = isSameSeries(donor, target) ? [] : [`files of ${donor.version} are not read by ${target.version}`];
  const against: Readonly<Record<CopyMethodName, readonly string[]>> = {
    backup: [...flavours, ...files],
    clone: [...(clones(target) ? [] : ['CLONE came with MySQL 8.0.17']), ...flavours, ...files],
    dump: [...flavours, ...(isNewerSeries(donor, target) ? [`${donor.version} is newer than ${target.version}`] : [])],
  };
  const needed: Readonly<Record<CopyMethodName, readonly (readonly ['target' | 'donor', readonly string[]])[]>> = {
    backup: [
      ['donor', backupPrograms],
      ['target', backupPrograms],
      ['target', ['mbstream']],
    ],
    clone: [],
    dump: [
      ['target', mariadb ? serverPrograms : ['mysqld']],
      ...(mariadb ? [['target', installPrograms] as const] : []),
    ],
  };
  return copyMethods
    .filter((method) => method !== (mariadb ? 'clone' : 'backup'))
    .map((method) => ({
      method,
      against: against[method],
      missing: needed[method]
        .filter(([on, names]) => programOf(on === 'target' ? here : there, ...names) === undefined)
        .map(([on, [program = '']]) => ({ on, program })),
      found: against[method].length === 0 ? found(method) : [],
    }));
}

/** The best against which nothing stands; else the one that lacks least: what it lacks is what is refused. */
export function bestOf(ways: readonly Way[], wanted: string): Way | undefined {
  const possible = ways.filter(({ method, against }) => against.length === 0 && (wanted === '' || method === wanted));
  const equipped = possible.filter(({ missing }) => missing.length === 0);
  return equipped.find(({ found }) => found.length === 0) ?? equipped[0] ?? possible[0];
}

function clones({ release: [major, minor, patch] }: Pick<Identity, 'release'>): boolean {
  return major > 8 || (major === 8 && (minor > 0 || patch >= 17));
}
