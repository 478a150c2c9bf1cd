import path from 'node:path';
import { z } from 'zod';
import { parseAddress } from './address.js';
import {
  atMostOne,
  byKind,
  flag,
  list,
  mapping,
  path as file,
  place,
  safeName,
  safeNameWords,
  secretKeys,
  socketPath,
  strict,
  text,
} from './vocabulary.js';

/** The `hosts` of the YAML file as people write them. What they become is `host-config.ts`. */

export const defaultSshPort = 22;
/** What stands for a server in a command. */
export const placeholders: readonly string[] = ['{server}', '{host}'];
/** What the words of a command keep to. */
export const knownPlaceholders: [(given: readonly string[]) => boolean, { error: string }] = [
  (given) => placeholdersIn(given).every((name) => placeholders.includes(name)),
  { error: `no other placeholder than ${placeholders.join(' and ')}` },
];
const kinds = ['local', 'ssh', 'command'] as const;

const words = 'the words of a command, the program first, such as [systemctl, restart, mariadb]';
/** A program of a host with its arguments. */
export const commandOnHost = list(text(words), words).refine((given) => given.length > 0, { error: words });

const limits = {
  paths: list(place, 'a list of absolute paths').optional(),
  programs: list(place, 'a list of absolute paths of programs').optional(),
  services: mapping(commandOnHost, 'a mapping from services to the commands that restart them')
    .refine((given) => Object.keys(given).every((name) => safeName.test(name)), {
      error: `services named by ${safeNameWords}`,
    })
    .optional(),
};

const prefixWords = 'the words of a command, the program first, such as [docker, exec, -i, "{server}"]';
const prefix = list(text(prefixWords), prefixWords)
  .refine((given) => given.length > 0, { error: prefixWords })
  .refine(...knownPlaceholders)
  .refine((given) => path.posix.basename(given[0] ?? '') !== 'ssh', {
    error: 'a program that hands on each argument as it is, which ssh does not: write `kind: ssh`',
  });

const user = text('the name of a user on the host', /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\$?$/);
const sshAddressWords = 'an address such as db1.example, db1.example:22 or [2001:db8::1]:22';
/** Kept as written: the port that it leaves out may stand elsewhere. */
const sshAddress = z.string({ error: sshAddressWords }).refine((given) => (parseAddress(given, 1)?.port ?? 0) > 0, {
  error: sshAddressWords,
});
const portWords = 'a port, 1 to 65535';
const port = z.int({ error: portWords }).min(1, { error: portWords }).max(65_535, { error: portWords });
const fingerprintWords = 'the SHA256:… fingerprint of a host key, as `ssh-keygen -l` prints it, or a list of such';
const fingerprint = text(fingerprintWords, /^SHA256:[A-Za-z0-9+/]{43}$/);
const hostKey = z.union([fingerprint, z.array(fingerprint)], { error: fingerprintWords });

const local = strict({ kind: z.literal('local'), sudo: flag.optional(), ...limits });

const ssh = strict({
  kind: z.literal('ssh'),
  user,
  port: port.optional(),
  key_file: file.optional(),
  ...secretKeys('passphrase'),
  agent: socketPath('the absolute path of the socket of an SSH agent').optional(),
  known_hosts_file: file.optional(),
  host_key: hostKey.optional(),
  sudo: flag.optional(),
  ...limits,
})
  .refine((given) => (given.key_file === undefined) !== (given.agent === undefined), {
    error: 'exactly one of key_file and agent',
  })
  .refine(...atMostOne('passphrase'))
  .refine((given) => given.agent === undefined || (given.passphrase_file ?? given.passphrase_env) === undefined, {
    error: 'a passphrase with key_file, not with agent',
  });

const through = strict({ kind: z.literal('command'), command: prefix, ...limits });

/** What a cluster, or `defaults`, says of its hosts. */
export const hosts = byKind(kinds, [local, ssh, through]);

/** The machine of an announcer's file or program, which is no server's: it has an address of its own, and no placeholder. */
export const announcerHosts = byKind(kinds, [
  local,
  ssh
    .safeExtend({ address: sshAddress })
    .refine((given) => given.known_hosts_file !== undefined || [given.host_key ?? []].flat().length > 0, {
      error: 'known_hosts_file or host_key',
    }),
  through.refine((given) => placeholdersIn(given.command).length === 0, {
    error: 'a command without placeholders: it leads to one machine',
  }),
]);

/** What one server says otherwise. Which keys go with which kind is checked where both are known. */
export const serverHosts = strict({
  address: sshAddress.optional(),
  user: user.optional(),
  host_key: hostKey.optional(),
  command: prefix.optional(),
  ...limits,
});

/** The keys of {@link serverHosts} that belong to one kind alone. */
export const keysOfKind: Readonly<Record<(typeof kinds)[number], readonly string[]>> = {
  local: [],
  ssh: ['address', 'user', 'host_key'],
  command: ['command'],
};

export type HostsEntry = z.output<typeof hosts>;
export type AnnouncerHostsEntry = z.output<typeof announcerHosts>;
export type ServerHostsEntry = z.output<typeof serverHosts>;

export function placeholdersIn(given: readonly string[]): readonly string[] {
  return given.flatMap((word) => word.match(/\{[A-Za-z_]+\}/g) ?? []);
}
