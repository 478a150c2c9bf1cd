import { existsSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LockstepError } from '../base/errors.js';
import { command, tail, tryCommand } from './command.js';
import { locked } from './lock.js';
import { machineMirrors } from './sources.js';
import type { Recipe } from './versions.js';

/** One package as the archive offers it. */
export interface Offer {
  readonly name: string;
  /** Without the epoch. */
  readonly version: string;
  /** With the epoch, as apt wants it. */
  readonly exact: string;
  readonly bytes: number;
}

/**
 * An apt of our own for one suite: own lists, own sources, an empty package status, nothing of the machine's touched.
 * Signatures are verified with Debian's keyring. No root is needed.
 */
export interface Apt {
  /** What installing these packages would fetch; undefined when the suite cannot give them. */
  offers(packages: readonly string[], closure: boolean): Promise<readonly Offer[] | undefined>;
  /** Fetch the .deb files into `directory`; apt checks each against the signed lists. */
  download(offers: readonly Offer[], directory: string): Promise<void>;
}

/**
 * The suite's apt, with lists at most an hour old.
 * @throws LockstepError `sandbox-unavailable` when the mirror answers that it does not hold the suite;
 *   `sandbox-mirror` when it could not be read, or its signature not be verified.
 */
export async function openApt(suite: Recipe['suite'], cache: string, signal?: AbortSignal): Promise<Apt> {
  const directory = path.join(cache, 'apt', suite);
  const config = path.join(directory, 'apt.conf');
  await locked(`apt/${directory}`, () => refresh(suite, directory, config, signal), signal);
  const apt = (args: readonly string[], cwd?: string) =>
    tryCommand('apt-get', ['-c', config, '-qq', '-y', ...args], { signal, ...(cwd === undefined ? {} : { cwd }) });
  return {
    async offers(packages, closure) {
      const verb = closure ? ['install', '--no-install-recommends'] : ['download'];
      const result = await apt([...verb, '--print-uris', ...packages]);
      return result.code === 0 ? parseOffers(result.stdout) : undefined;
    },
    async download(offers, into) {
      const result = await apt(['download', ...offers.map(({ name, exact }) => `${name}=${exact}`)], into);
      if (result.code !== 0) throw unreadable(suite, result.output);
    },
  };
}

const freshMilliseconds = 3_600_000;

async function refresh(suite: Recipe['suite'], directory: string, config: string, signal?: AbortSignal): Promise<void> {
  const stamp = path.join(directory, 'updated');
  const age = existsSync(stamp) ? Date.now() - (await stat(stamp)).mtimeMs : Infinity;
  if (age < freshMilliseconds) return;
  await mkdir(path.join(directory, 'lists/partial'), { recursive: true });
  await mkdir(path.join(directory, 'archives/partial'), { recursive: true });
  await writeFile(path.join(directory, 'status'), '');
  await writeFile(path.join(directory, 'sources.list'), sourceLines(suite));
  await writeFile(config, configText(suite, directory));
  const result = await tryCommand('apt-get', ['-c', config, '-q', 'update'], { signal });
  if (result.code === 0) return writeFile(stamp, '');
  // apt tells "not there" from "not reachable" by the answer of the server alone, in its text.
  if (/\b404\b/.test(result.output)) {
    throw new LockstepError('sandbox-unavailable', `the mirror no longer holds Debian's suite ${suite}`);
  }
  throw unreadable(suite, result.output);
}

function sourceLines(suite: Recipe['suite']): string {
  const { archive, security, keyring } = machineMirrors();
  const options = keyring === undefined ? '' : ` [signed-by=${keyring}]`;
  const line = (uri: string, name: string) => `deb${options} ${uri} ${name} main\n`;
  return line(archive, suite) + (suite === 'sid' || security === undefined ? '' : line(security, `${suite}-security`));
}

/** Read after the machine's own apt configuration, so that its proxy serves us and its hooks do not run. */
function configText(suite: Recipe['suite'], directory: string): string {
  return [
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    '#clear DPkg::Post-Invoke;',
    '#clear Acquire::IndexTargets::deb::DEP-11;',
    '#clear Acquire::IndexTargets::deb::DEP-11-icons;',
    '#clear Acquire::IndexTargets::deb::DEP-11-icons-hidpi;',
    '#clear Acquire::IndexTargets::deb::Contents-deb;',
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
    'APT::Update::Error-Mode "any";',
    // Fetching as _apt would need the cache, which lies in a home directory, to be readable by all.
    'APT::Sandbox::User "root";',
    // A suite that is no longer maintained keeps its signature but outlives its expiry date.
    ...(suite === 'bullseye' ? ['Acquire::Check-Valid-Until "false";'] : []),
    `Dir::State "${directory}";`,
    `Dir::State::lists "${directory}/lists";`,
    `Dir::State::status "${directory}/status";`,
    `Dir::Cache "${directory}";`,
    `Dir::Cache::archives "${directory}/archives";`,
    `Dir::Etc::sourcelist "${directory}/sources.list";`,
    'Dir::Etc::sourceparts "/dev/null";',
    'Dir::Etc::preferences "/dev/null";',
    'Dir::Etc::preferencesparts "/dev/null";',
    '',
  ].join('\n');
}

/** Lines of `--print-uris`: `'uri' name_version_architecture.deb bytes hash`, with the epoch's colon as %3a. */
function parseOffers(text: string): readonly Offer[] {
  return text.split('\n').flatMap((line) => {
    const match = /^'[^']*' ([^_ ]+)_([^_ ]+)_[^_ ]+\.deb (\d+)/.exec(line);
    if (match === null) return [];
    const exact = decodeURIComponent(match[2] ?? '');
    return [{ name: match[1] ?? '', exact, version: exact.replace(/^\d+:/, ''), bytes: Number(match[3]) }];
  });
}

function unreadable(suite: string, output: string): LockstepError {
  return new LockstepError(
    'sandbox-mirror',
    `apt could not read Debian's suite ${suite} from this machine's mirror:\n${tail(output)}`,
    'Check the network and /etc/apt; if a signing key is unknown, install the newest debian-archive-keyring package.',
  );
}

/** The machine's architecture in Debian's words, such as `amd64`. */
export async function debianArchitecture(): Promise<string> {
  return (await command('dpkg', ['--print-architecture'])).trim();
}
