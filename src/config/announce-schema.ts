import { isIP } from 'node:net';
import { z } from 'zod';
import { announcerKinds } from '../domain/announcement.js';
import { announcerHosts } from './host-schema.js';
import { absolute, duration, flag, list, mapping, safeName, safeNameWords, strict, text } from './vocabulary.js';

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

const command = strict({
  kind: z.literal('command'),
  ...common,
  argv,
  reads: flag.optional(),
  hold: duration.optional(),
  host,
});

export const announce = list(
  z.discriminatedUnion('kind', [hostsFile, command], {
    error: (issue) =>
      'note' in issue ? `one of ${announcerKinds.join(', ')}` : 'a mapping with `kind` and what belongs to it',
  }),
  'a list of announcers, each with its kind',
);

export type AnnounceEntry = z.output<typeof announce>[number];
