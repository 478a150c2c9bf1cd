import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { LockstepError, messageOf } from '../base/errors.js';
import { openApt, type Offer } from './apt.js';
import { command, tryCommand } from './command.js';
import { locked } from './lock.js';
import type { Recipe } from './versions.js';

/** An unpacked set of packages: never installed, never configured, run with its own loader and libraries. */
export interface Root {
  readonly name: Recipe['name'];
  readonly directory: string;
  /** Of the recipe's first package, such as `10.11.19-0+deb12u1`. */
  readonly version: string;
  /** The words that start one of the root's programs: its loader, its library path, the program. */
  argv(program: string): readonly [string, ...string[]];
}

export interface UnpackOptions {
  /** Default: `$LOCKSTEP_CACHE`, else `~/.cache/lockstep`. */
  readonly cache?: string | undefined;
  /** Told one short line, such as `unpacking MySQL 9.7 (53 MB)`, only when there is something to wait for. */
  readonly progress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where unpacked servers and their template data directories are kept. Safe to delete when nothing runs. */
export function cacheDirectory(): string {
  return process.env['LOCKSTEP_CACHE'] ?? path.join(os.homedir(), '.cache/lockstep');
}

/**
 * The root of a recipe, unpacked first if it is not there yet; the second use only reads one small file.
 * Processes that want the same root at once wait for the one that unpacks it.
 * @throws LockstepError `sandbox-unavailable` when the mirror no longer holds that version: a reason to skip, by name.
 */
export async function unpack(recipe: Recipe, options: UnpackOptions = {}): Promise<Root> {
  const cache = options.cache ?? cacheDirectory();
  const directory = path.join(cache, 'roots', recipe.name);
  if (!existsSync(path.join(directory, manifestName))) {
    await locked(
      `root/${directory}`,
      async () => {
        if (!existsSync(path.join(directory, manifestName))) await fill(recipe, directory, cache, options);
      },
      options.signal,
    );
  }
  return rootAt(recipe, directory);
}

/**
 * The same beside it, for a user who may not go where the cache is: hard links where the file system allows it.
 * @param directory which is made
 */
export async function unpackedAt(recipe: Recipe, root: Root, directory: string): Promise<Root> {
  const { code } = await tryCommand('cp', ['-a', '--link', root.directory, directory]);
  if (code !== 0) {
    await rm(directory, { recursive: true, force: true });
    await command('cp', ['-a', '--reflink=auto', root.directory, directory]);
  }
  return rootAt(recipe, directory);
}

/** Whether this failure means "the mirror no longer holds it", and so skips a test by name instead of failing it. */
export function isUnavailable(thrown: unknown): thrown is LockstepError {
  return thrown instanceof LockstepError && thrown.code === 'sandbox-unavailable';
}

const manifestName = 'lockstep-root.json';

interface Manifest {
  readonly version: string;
  readonly packages: Readonly<Record<string, string>>;
}

async function fill(recipe: Recipe, directory: string, cache: string, options: UnpackOptions): Promise<void> {
  options.progress?.(`looking up ${recipe.title} in Debian's ${recipe.suite}`);
  const apt = await openApt(recipe.suite, cache, options.signal);
  const extras = recipe.extras.length === 0 ? [] : await apt.offers(recipe.extras, false);
  const offers = [...wanted(recipe, await apt.offers(recipe.packages, recipe.closure)), ...(extras ?? [])];
  const version = leadingOf(recipe, offers)?.version ?? '';
  const megabytes = Math.ceil(offers.reduce((sum, offer) => sum + offer.bytes, 0) / 1_000_000);
  options.progress?.(`unpacking ${recipe.title} (${megabytes} MB)`);

  const fresh = `${directory}.tmp`;
  const debs = `${directory}.debs`;
  await rm(fresh, { recursive: true, force: true });
  await rm(debs, { recursive: true, force: true });
  await mkdir(debs, { recursive: true });
  await mkdir(fresh, { recursive: true });
  try {
    await apt.download(offers, debs);
    for (const name of await readdir(debs)) {
      await command('dpkg-deb', ['-x', path.join(debs, name), fresh], { signal: options.signal });
    }
    for (const idle of ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/info', 'var']) {
      await rm(path.join(fresh, idle), { recursive: true, force: true });
    }
    if (recipe.relocate !== undefined) await relocate(fresh, recipe.relocate);
    const manifest: Manifest = {
      version,
      packages: Object.fromEntries(offers.map((offer) => [offer.name, offer.exact])),
    };
    await writeFile(path.join(fresh, manifestName), JSON.stringify(manifest, null, 1));
    await rm(directory, { recursive: true, force: true });
    await rename(fresh, directory);
  } finally {
    await rm(debs, { recursive: true, force: true });
    await rm(fresh, { recursive: true, force: true });
  }
}

/** A path of the same length that means "here": the program's strings keep their places. */
async function relocate(
  directory: string,
  { program, directory: from }: NonNullable<Recipe['relocate']>,
): Promise<void> {
  const file = path.join(directory, program);
  const bytes = await readFile(file);
  const here = `.${'/'.repeat(from.length - 1)}`;
  for (let at = bytes.indexOf(from); at !== -1; at = bytes.indexOf(from, at)) bytes.write(here, at, 'latin1');
  await writeFile(file, bytes);
}

/** Needed by maintainer scripts, which never run here, and by nothing else. */
const onlyForInstalling =
  /^(perl|perl-base|perl-modules-.*|libperl.*|debconf|dpkg|tar|adduser|passwd|base-passwd|mysql-common|tzdata|gcc-.*-base)$/;

function wanted(recipe: Recipe, offers: readonly Offer[] | undefined): readonly Offer[] {
  const leading = leadingOf(recipe, offers);
  if (offers === undefined || leading === undefined) {
    throw new LockstepError(
      'sandbox-unavailable',
      `the mirror's suite ${recipe.suite} no longer holds ${recipe.packages[0] ?? recipe.title}`,
    );
  }
  if (!leading.version.startsWith(recipe.begins)) {
    throw new LockstepError(
      'sandbox-unavailable',
      `the mirror's suite ${recipe.suite} has moved on from ${recipe.title} to ${leading.version}`,
    );
  }
  return offers.filter((offer) => !onlyForInstalling.test(offer.name));
}

function leadingOf({ packages: [first = ''] }: Recipe, offers: readonly Offer[] | undefined): Offer | undefined {
  return offers?.find(({ name }) => name === first.split('/')[0]);
}

async function rootAt(recipe: Recipe, directory: string): Promise<Root> {
  const { version } = await readManifest(path.join(directory, manifestName));
  const folders = ['usr/lib', 'lib', 'lib64', 'usr/lib64'].map((folder) => path.join(directory, folder));
  const triplets = (await Promise.all(folders.slice(0, 2).map(librariesIn))).flat();
  const loader = await loaderIn([...triplets, ...folders]);
  return {
    name: recipe.name,
    directory,
    version,
    argv: (program) => [loader, '--library-path', triplets.join(':'), path.join(directory, program)],
  };
}

/** The folders of this architecture's libraries, such as `usr/lib/x86_64-linux-gnu`. */
async function librariesIn(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return [];
  return (await readdir(folder)).filter((name) => name.includes('-linux-gnu')).map((name) => path.join(folder, name));
}

async function loaderIn(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    if (!existsSync(folder)) continue;
    const name = (await readdir(folder)).find((file) => /^ld-linux.*\.so\.\d+$/.test(file));
    if (name !== undefined) return path.join(folder, name);
  }
  throw new LockstepError(
    'sandbox-root',
    `no loader was found in ${folders.join(', ')}`,
    'Delete that directory; it will be unpacked again.',
  );
}

async function readManifest(file: string): Promise<Manifest> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof value === 'object' && value !== null && 'version' in value && typeof value.version === 'string') {
      return { version: value.version, packages: {} };
    }
    throw new Error('it has no version');
  } catch (cause) {
    throw new LockstepError(
      'sandbox-root',
      `${file} cannot be read: ${messageOf(cause)}`,
      'Delete its directory; it will be unpacked again.',
      { cause },
    );
  }
}
