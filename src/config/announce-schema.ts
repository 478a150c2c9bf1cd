import { isIP } from 'node:net';
import { z } from 'zod';
import { announcerKinds } from '../domain/announcement.js';
import { announcerHosts } from './host-schema.js';
import {
  absolute,
  absoluteArgv,
  address,
  atMostOne,
  byKind,
  duration,
  exactlyOne,
  flag,
  hostName,
  list,
  mapping,
  oneOf,
  path,
  safeName,
  safeNameWords,
  secretKeys,
  socketPath,
  strict,
  text,
} from './vocabulary.js';

/** The `announce` of the YAML file as people write it. What it becomes is `announce-config.ts`. */

const common = { name: text(safeNameWords, safeName).optional() };
const host = announcerHosts.optional();
const ip = z.string({ error: 'an IP address' }).refine((given) => isIP(given) !== 0, { error: 'an IP address' });

const argv = absoluteArgv('the words of a command, an absolute program first, such as [/usr/local/bin/announce, shop]');

const saltWord = text('a name of letters, digits, ".", "_" and "-"', /^[A-Za-z0-9_.-]{1,128}$/);
const keyWords = 'the key of a pillar, such as infra:hosts_entries:masterdb';
const atLeastWords = 'a whole number above zero';

const saltApi = strict({
  kind: z.literal('salt-api'),
  url: text('an address such as https://salt.example:8000', /^https?:\/\/[^\s@]{1,300}$/),
  user: text('the name of a user'),
  ...secretKeys('password'),
  eauth: saltWord.optional(),
  target: text("Salt's target, such as app*"),
  target_type: saltWord.optional(),
  run: saltWord.optional(),
  arguments: list(text('a word'), 'a list of words').optional(),
  at_least: z.int({ error: atLeastWords }).min(1, { error: atLeastWords }).optional(),
  ca_file: path.optional(),
}).refine(...exactlyOne('password'));

const pillarKey = text(keyWords, /^[^\0\n\r:]+(?::[^\0\n\r:]+)*$/);
const server = text(safeNameWords, safeName);
const fallback = oneOf(['primary', 'none']).optional();
const readerList = { servers: list(server, 'a list of servers').min(1, { error: 'at least one server' }).optional(), fallback }; // prettier-ignore
const someNames = (value: typeof pillarKey, expected: string) =>
  mapping(value, expected).refine((given) => Object.keys(given).length > 0, { error: expected });

const saltPillar = strict({
  kind: z.literal('salt-pillar'),
  ...common,
  file: absolute,
  key: pillarKey,
  addresses: mapping(hostName, 'a mapping from servers to what stands there for them').optional(),
  apply: byKind(['salt-api', 'command'], [saltApi, strict({ kind: z.literal('command'), argv })]).optional(),
  readers: strict({
    key: pillarKey.optional(),
    keys: someNames(pillarKey, 'a mapping from servers to keys of the pillar').optional(),
    ...readerList,
  })
    .refine((given) => (given.key === undefined) !== (given.keys === undefined), {
      error: 'exactly one of key and keys',
    }) // prettier-ignore
    .refine((given) => given.keys === undefined || given.servers === undefined, { error: 'servers only beside key' })
    .optional(),
  host,
});

const hostsFile = strict({
  kind: z.literal('hosts-file'),
  ...common,
  file: absolute,
  names: list(hostName, 'a list of host names').min(1, { error: 'at least one name' }).optional(),
  addresses: mapping(ip, 'a mapping from servers to IP addresses').optional(),
  readers: strict({ names: someNames(hostName, 'a mapping from servers to the names that reads go to'), fallback }).optional(), // prettier-ignore
  host,
});

const word = text('a name without spaces, quotes, ";" and "/"', /^[A-Za-z0-9_.:-]{1,128}$/);
const holdWords = 'a duration of at most 30s, such as 4s';
const drainWords = 'a duration of at most 10m, such as 10s';

const haproxy = strict({
  kind: z.literal('haproxy'),
  ...common,
  socket: socketPath().optional(),
  address: address(0, 1, 'an address with its port, such as 127.0.0.1:9999').optional(),
  backend: word,
  servers: mapping(word, "a mapping from servers to the names of the backend's server lines").optional(),
  hold: duration.refine((seconds) => seconds <= 30, { error: holdWords }).optional(),
  cut: flag.optional(),
  state_file: absolute.optional(),
  readers: strict({
    backend: word,
    state_file: absolute,
    drain: duration.refine((seconds) => seconds <= 600, { error: drainWords }).optional(),
    ...readerList,
  }).optional(),
  host,
}).refine((given) => (given.socket === undefined) !== (given.address === undefined), {
  error: 'exactly one of socket and address',
});

const webhook = strict({
  kind: z.literal('webhook'),
  ...common,
  ...secretKeys('url'),
  ...secretKeys('read_url'),
  ...secretKeys('signing_key'),
  hold: duration.optional(),
  ca_file: path.optional(),
  readers: strict(readerList).optional(),
})
  .refine(...exactlyOne('url'))
  .refine(...atMostOne('read_url'))
  .refine(...atMostOne('signing_key'));

const command = strict({
  kind: z.literal('command'),
  ...common,
  argv,
  reads: flag.optional(),
  hold: duration.optional(),
  readers: strict(readerList).optional(),
  host,
});

export const announce = list(
  byKind(announcerKinds, [saltPillar, hostsFile, haproxy, webhook, command]),
  'a list of announcers, each with its kind',
);

export type AnnounceEntry = z.output<typeof announce>[number];
export type SaltApiEntry = z.output<typeof saltApi>;
