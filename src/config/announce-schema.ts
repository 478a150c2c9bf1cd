import { isIP } from 'node:net';
import { z } from 'zod';
import { announcerKinds } from '../domain/announcement.js';
import { announcerHosts } from './host-schema.js';
import {
  absolute,
  address,
  duration,
  flag,
  list,
  mapping,
  safeName,
  safeNameWords,
  strict,
  text,
} from './vocabulary.js';

/** The `announce` of the YAML file as people write it. What it becomes is `announce-config.ts`. */

const common = { name: text(safeNameWords, safeName).optional() };
const host = announcerHosts.optional();
const hostName = text('a host name', /^[A-Za-z0-9_.-]{1,253}$/);
const ip = z.string({ error: 'an IP address' }).refine((given) => isIP(given) !== 0, { error: 'an IP address' });

const argvWords = 'the words of a command, an absolute program first, such as [/usr/local/bin/announce, shop]';
const argv = list(text(argvWords), argvWords).refine((given) => given[0]?.startsWith('/') === true, {
  error: argvWords,
});

const hostsFile = strict({
  kind: z.literal('hosts-file'),
  ...common,
  file: absolute,
  names: list(hostName, 'a list of host names').min(1, { error: 'at least one name' }).optional(),
  addresses: mapping(ip, 'a mapping from servers to IP addresses').optional(),
  host,
});

const word = text('a name without spaces, quotes, ";" and "/"', /^[A-Za-z0-9_.:-]{1,128}$/);
const holdWords = 'a duration of at most 30s, such as 4s';

const haproxy = strict({
  kind: z.literal('haproxy'),
  ...common,
  socket: text('the absolute path of a socket', /^\/[^\0\n\r]{1,106}$/).optional(),
  address: address(0, 1, 'an address with its port, such as 127.0.0.1:9999').optional(),
  backend: word,
  servers: mapping(word, "a mapping from servers to the names of the backend's server lines").optional(),
  hold: duration.refine((seconds) => seconds <= 30, { error: holdWords }).optional(),
  cut: flag.optional(),
  state_file: absolute.optional(),
  host,
}).refine((given) => (given.socket === undefined) !== (given.address === undefined), {
  error: 'exactly one of socket and address',
});

const command = strict({
  kind: z.literal('command'),
  ...common,
  argv,
  reads: flag.optional(),
  hold: duration.optional(),
  host,
});

export const announce = list(
  z.discriminatedUnion('kind', [hostsFile, haproxy, command], {
    error: (issue) =>
      'note' in issue ? `one of ${announcerKinds.join(', ')}` : 'a mapping with `kind` and what belongs to it',
  }),
  'a list of announcers, each with its kind',
);

export type AnnounceEntry = z.output<typeof announce>[number];
