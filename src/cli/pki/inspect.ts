import { Command } from 'commander';
import { Secret } from '../../base/secret.js';
import { inspect } from '../../pki/inspect.js';
import { readPassphrase } from '../../pki/keys.js';
import { readRequest } from '../../pki/signing-request.js';
import { terminalColours } from '../colours.js';
import { bytes, print, printJson, text } from './files.js';
import { inspectionText, requestText } from './text.js';

interface InspectFlags {
  ca?: string;
  key?: string;
  passphraseFile?: string;
  json?: boolean;
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show what certificates and signing requests say, how long they hold, and whether they verify')
    .argument('<file...>', 'certificates in PEM or DER form, signing requests in PEM form')
    .option('--ca <path>', 'verify against the authorities in this file')
    .option('--key <path>', 'check that this private key belongs to the (first) certificate')
    .option('--passphrase-file <path>', 'what opens the private key')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  lockstep pki inspect /etc/mysql/ssl/cert.pem --ca /etc/mysql/ssl/ca.pem --key /etc/mysql/ssl/key.pem
  lockstep pki inspect *.pem --json
  lockstep pki inspect db1.csr

Exit code: 1 if a certificate is not in date, does not verify, or the key is not its own, or a request is not signed by
its own key; 2 if a file cannot be read.`,
    )
    .action(async (paths: string[], flags: InspectFlags) => {
      const authorityPem = flags.ca === undefined ? undefined : await text(flags.ca);
      const keyPem = flags.key === undefined ? undefined : new Secret(await text(flags.key));
      const passphrase = flags.passphraseFile === undefined ? undefined : await readPassphrase(flags.passphraseFile);
      const colours = terminalColours();
      const found: object[] = [];
      const texts: string[] = [];
      for (const file of paths) {
        const content = await bytes(file);
        if (/-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/.test(content.toString())) {
          const { publicKey, subjectText, names, use } = readRequest(content.toString(), file);
          const request = { subject: subjectText, names, use, key: publicKey.asymmetricKeyType };
          found.push({ file, request });
          texts.push(requestText(file, { subjectText, names, use, publicKey }, colours));
          continue;
        }
        const inspection = inspect(content, file, { authorityPem, keyPem, passphrase });
        if (!inspection.sound) process.exitCode = 1;
        found.push({ file, ...inspection });
        texts.push(inspectionText(file, inspection, flags.ca, colours));
      }
      if (flags.json === true) printJson(found);
      else print(texts.join('\n\n'));
    });
}
