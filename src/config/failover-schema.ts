import { z } from 'zod';
import { knownPlaceholders } from './host-schema.js';
import { absolute, absoluteArgv, duration, list, safeName, safeNameWords, strict, text } from './vocabulary.js';

/** The `failover` of the YAML file as people write it. What it becomes is `failover.ts`. */

const argv = absoluteArgv(
  'the words of a command, an absolute program first, such as [/usr/bin/systemctl, stop, mariadb]',
).refine(...knownPlaceholders);
const servers = list(text(safeNameWords, safeName), 'a list of servers of the cluster');
const looksWords = 'a number of looks from 2 to 100';

export const failover = strict({
  evidence: duration.optional(),
  looks: z.int({ error: looksWords }).min(2, { error: looksWords }).max(100, { error: looksWords }).optional(),
  never: servers.optional(),
  prefer: servers.optional(),
  fence: argv.optional(),
  tail: strict({ program: absolute, directory: absolute }).optional(),
});

export type FailoverEntry = z.output<typeof failover>;
