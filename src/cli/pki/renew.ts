import path from 'node:path';
import { Command } from 'commander';
import { LockstepError } from '../../base/errors.js';
import { certificateOf } from '../../base/x509.js';
import { renewalDue } from '../../domain/renewal.js';
import { namesMissing } from '../../domain/server-names.js';
import { openAuthority } from '../../pki/authority.js';
import { issue } from '../../pki/issue.js';
import { requestLike } from '../../pki/reissue.js';
import { issuedFiles, writeIssued } from '../../pki/written.js';
import { terminalColours } from '../colours.js';
import { print, printJson, refuseExisting, span, text, trustingAlso, wholeNumber } from './files.js';
import { placeOf, withPlace, type PlaceFlags } from './place.js';
import { line } from './text.js';
import { printCertified } from './told.js';

interface RenewFlags extends PlaceFlags {
  before?: number;
  force?: boolean;
  days?: number;
  out?: string;
  baseName?: string;
  json?: boolean;
}

export function renewCommand(): Command {
  const command = new Command('renew')
    .description('issue a certificate anew if that is due, with the same subject, names and use, and a fresh key')
    .argument('<certificate>', 'the certificate to renew (PEM)');
  return withPlace(command)
    .option('--before <duration>', 'due so long before its end (default: with a third of its life left)', span)
    .option('--force', 'renew it now, due or not')
    .option('--days <number>', 'how long the new one holds (default: as long as the old one did)', wholeNumber)
    .option('--out <path>', 'the directory to write into (default: in place of the old one)')
    .option('--base-name <name>', 'with --out: write NAME-cert.pem and NAME-key.pem instead of cert.pem and key.pem')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  lockstep pki renew ./db1/cert.pem --directory ./pki
  lockstep pki renew ./db1/cert.pem --server production/db1 --out ./db1-new --force

With --server the new certificate has the names that the configuration gives the server, and it is due too when the old
one lacks one of them. In place, ca.pem goes on to trust whom it trusts, and files keep their owner. The server has to
load the files afterwards: docs/certificates.md. Exit code 0 too when it is not due yet.`,
    )
    .action(async (file: string, flags: RenewFlags) => {
      const pem = await text(file);
      const old = certificateOf(pem);
      const { place, subscriber } = await placeOf(flags);
      const own = subscriber?.cluster.serverTls;
      const rule = { renewBeforeSeconds: flags.before ?? own?.renewBeforeSeconds };
      const renewal = renewalDue(old, rule, Date.now() / 1000);
      const like = requestLike(pem);
      const names = like.use === 'client' ? like.names : (subscriber?.names ?? like.names);
      const missing = namesMissing(old, names);
      if (!renewal.due && flags.force !== true && missing.length === 0) {
        if (flags.json === true) printJson({ renewed: false, ...renewal });
        else print([`not due: ${file}`, line('renewal', renewal.reason, terminalColours())].join('\n'));
        return;
      }
      const target = flags.out === undefined ? besideOf(file) : { directory: flags.out, baseName: flags.baseName };
      const files = issuedFiles(target.directory, target.baseName);
      if (flags.out !== undefined) await refuseExisting([files.certificate, files.key]);
      const authority = await openAuthority(place);
      const lifetimeSeconds = own?.lifetimeSeconds ?? old.notAfter - old.notBefore;
      const issued = await issue(authority, { ...like, names, days: flags.days, lifetimeSeconds });
      const whole = await trustingAlso(issued, files);
      await writeIssued(whole, target.directory, target.baseName);
      printCertified(authority, whole, files, flags.json === true);
    });
}

/** Where `writeIssued` has put the certificate, so that it finds the key beside it. */
function besideOf(file: string): { directory: string; baseName: string | undefined } {
  const found = /^(?:(.+)-)?cert\.pem$/.exec(path.basename(file));
  if (found !== null) return { directory: path.dirname(file), baseName: found[1] };
  throw new LockstepError(
    'usage',
    `${file} is not called cert.pem or NAME-cert.pem, so its key cannot be found beside it`,
    'Name a directory for the new files by --out.',
  );
}
