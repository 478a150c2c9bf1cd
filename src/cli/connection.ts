import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import type { AutomationConfig } from '../config/automation.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { readSecret } from '../config/secrets.js';
import { controlSocket } from '../http/control-socket.js';
import { Client } from './client.js';
import type { Held } from './holder.js';
import { configOption } from './options.js';

export interface ConnectionOptions {
  readonly config: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

/**
 * What a command does when no instance runs on this machine: `read` the journal; `record` something in it for the next
 * instance; `act` in its place; or give up.
 */
export type Alone = 'read' | 'record' | 'act' | 'refuse';

/** Whom a command talks to. */
export interface Connection {
  readonly client: Client;
  /** Whether this very process carries out what is asked. */
  readonly held: Held | undefined;
  release(): Promise<void>;
}

/** The options by which every command that talks to an instance finds it. */
export function withConnection(command: Command): Command {
  return command
    .addOption(configOption())
    .addOption(new Option('--url <url>', 'talk to the Lockstep there, instead of the one on this machine').env('LOCKSTEP_URL'))
    .addOption(new Option('--token-file <file>', 'with --url: where the bearer token is').env('LOCKSTEP_TOKEN_FILE'))
    .addOption(new Option('--ca-file <file>', 'with --url: the authority that signed its certificate').env('LOCKSTEP_CA_FILE')); // prettier-ignore
}

/**
 * Connects to the instance that `--url` names, or to the one that holds the journal on this machine.
 * @throws LockstepError `usage`, `no-journal`, `instance-absent`, `journal-held`, those of the configuration
 */
export async function connect(options: ConnectionOptions, alone: Alone): Promise<Connection> {
  if (options.url !== undefined) return plain(await remote(options, options.url));
  if (options.tokenFile !== undefined && process.env['LOCKSTEP_TOKEN_FILE'] === undefined)
    throw new LockstepError('usage', '--token-file is for --url', 'On this machine no token is needed.');
  return connectLocally(await loadConfig(options.config), alone);
}

/** The same, on this machine. @throws LockstepError as {@link connect} */
export async function connectLocally(config: Config, alone: Alone): Promise<Connection> {
  const automation = automationOf(config);
  const local = new Client({ kind: 'socket', path: controlSocket(automation.journal.directory) });
  if (await answers(local)) return plain(local);
  if (alone === 'refuse')
    throw new LockstepError(
      'instance-absent',
      `no Lockstep runs on the journal ${automation.journal.directory}`,
      'Start it: lockstep serve.',
    );
  // The engine, and all that it can do, is only brought in where it is needed.
  const { holding, reading } = await import('./holder.js');
  const held = await (alone === 'read' ? reading(config) : holding(config, automation, alone === 'act'));
  return {
    client: new Client({ kind: 'socket', path: held.socket }),
    held: alone === 'act' ? held : undefined,
    release: () => held.stop(),
  };
}

/** @throws LockstepError `no-journal` */
export function automationOf(config: Config): AutomationConfig {
  if (config.automation !== undefined) return config.automation;
  throw new LockstepError(
    'no-journal',
    `${config.file} names no journal, so nothing may act and nothing was recorded`,
    'Write `journal: { directory: /var/lib/lockstep/journal }`.',
  );
}

function plain(client: Client): Connection {
  return { client, held: undefined, release: () => Promise.resolve() };
}

/** Whether an instance is there at all; what it says to the question itself is for later. */
async function answers(client: Client): Promise<boolean> {
  try {
    await client.get('/api/v1/procedures');
    return true;
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'instance-absent') return false;
    throw error;
  }
}

async function remote({ tokenFile, caFile }: ConnectionOptions, given: string): Promise<Client> {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '')
    throw new LockstepError('usage', `--url ${JSON.stringify(given)} is no address of a Lockstep`, 'Give one such as https://lockstep.example:10104.'); // prettier-ignore
  if (url.protocol === 'http:' && tokenFile !== undefined && !isLoopback(url.hostname))
    throw new LockstepError(
      'usage',
      `--url ${given} would send the token over the network in plain text`,
      'Give Lockstep a certificate in its web_config_file and use https://, or go through an SSH tunnel.',
    );
  const token = tokenFile === undefined ? undefined : () => tokenIn(tokenFile);
  await token?.();
  return new Client({
    kind: 'url',
    url,
    token,
    ca: caFile === undefined ? undefined : await pem(caFile),
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

async function tokenIn(file: string): Promise<Secret> {
  try {
    return await readSecret({ from: 'file', path: file });
  } catch (cause) {
    const remedy = cause instanceof LockstepError ? cause.remedy : undefined;
    throw new LockstepError('usage', `--token-file: ${messageOf(cause)}`, remedy, { cause });
  }
}

async function pem(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new LockstepError('file-unreadable', `--ca-file ${JSON.stringify(file)} cannot be read: ${messageOf(cause)}`, undefined, { cause }); // prettier-ignore
  }
}
