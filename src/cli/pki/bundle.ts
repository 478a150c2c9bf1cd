import { stat } from 'node:fs/promises';
import { Command } from 'commander';
import { writeAtomically } from '../../base/atomic.js';
import { authorityFiles } from '../../pki/authority-files.js';
import { bundle } from '../../pki/bundle.js';
import { inspect } from '../../pki/inspect.js';
import { terminalColours } from '../colours.js';
import { print, printJson, refuseExisting, text } from './files.js';
import { certificateLines } from './text.js';

interface BundleFlags {
  out: string;
  without?: string[];
  replace?: boolean;
  json?: boolean;
}

export function bundleCommand(): Command {
  return new Command('bundle')
    .description('put the certificates of several authorities into one file: whom to trust')
    .argument('<authority...>', 'files (PEM), or directories of authorities')
    .requiredOption('--out <path>', 'the file to write (mode 0644)')
    .option('--without <fingerprints...>', 'leave out those with these SHA-256 fingerprints')
    .option('--replace', 'replace the file if it exists, keeping its owner')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples, while an authority is replaced: first trust both, then issue everything anew, then drop the old one.
  lockstep pki bundle /etc/mysql/tls/ca.pem /etc/lockstep/pki-2 --out ./ca-both.pem
  lockstep pki bundle ./ca-both.pem --without 5F:3A:… --out ./ca-new.pem

Private keys and certificates that are no authority's never get into it.`,
    )
    .action(async (sources: string[], flags: BundleFlags) => {
      if (flags.replace !== true) await refuseExisting([flags.out]);
      const pems = await Promise.all(sources.map(async (source) => text(await certificateFile(source))));
      const plain = (flags.without ?? []).map((one) => one.replaceAll(':', '').toLowerCase());
      const { pem, certificates } = bundle(pems, plain);
      await writeAtomically(flags.out, pem, { mode: 0o644 });
      if (flags.json === true) {
        printJson({ file: flags.out, certificates });
        return;
      }
      const colours = terminalColours();
      const shown = inspect(pem, flags.out).certificates.map((one) => certificateLines(one, colours).join('\n'));
      const count = `${certificates.length} ${certificates.length === 1 ? 'authority' : 'authorities'}`;
      print([`${colours.bold(flags.out)}: ${count}`, shown.join('\n\n')].join('\n'));
    });
}

async function certificateFile(source: string): Promise<string> {
  const found = await stat(source).catch(() => undefined);
  return found?.isDirectory() === true ? authorityFiles(source).certificate : source;
}
