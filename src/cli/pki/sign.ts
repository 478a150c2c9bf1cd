import { Command } from 'commander';
import { openAuthority } from '../../pki/authority.js';
import { sign } from '../../pki/issue.js';
import { readRequest } from '../../pki/signing-request.js';
import { issuedFiles, writeIssued } from '../../pki/written.js';
import { refuseExisting, refuseOtherTrust, text, trustingAlso } from './files.js';
import { withLeaf, type LeafFlags } from './issue.js';
import { placeOf } from './place.js';
import { printCertified } from './told.js';

export function signCommand(): Command {
  const command = new Command('sign')
    .description('sign the request for a key that stays where it was made, and write cert.pem and ca.pem')
    .argument('<request>', 'a signing request (PKCS #10, PEM), as `openssl req -new` writes it');
  return withLeaf(command)
    .addHelpText(
      'after',
      `
Examples, the first line on the database host:
  openssl req -new -sha256 -nodes -newkey rsa:2048 -keyout key.pem -out db1.csr -subj /CN=db1.example.org
  lockstep pki sign db1.csr --server production/db1 --out ./db1
  lockstep pki sign db1.csr --directory ./pki --name db1.example.org 10.0.0.1 --use both --days 90 --out ./db1

What is not said by an option or by --server is taken from the request: subject, names, use. Look at it first: lockstep
pki inspect db1.csr. Whether it asks to be an authority, or for how long, does not count.`,
    )
    .action(async (file: string, flags: LeafFlags) => {
      const request = readRequest(await text(file), file);
      const { place, subscriber } = await placeOf(flags);
      const authority = await openAuthority(place);
      const files = issuedFiles(flags.out, flags.baseName);
      if (flags.replace !== true) {
        await refuseExisting([files.certificate]);
        await refuseOtherTrust(files, authority.authorityPem);
      }
      const { use = request.use, commonName } = flags;
      const subject = commonName === undefined ? request.subject : { ...flags, commonName };
      const asked = use === 'client' ? request.names : request.names.length > 0 ? request.names : [subject.commonName];
      const certified = await sign(authority, {
        ...flags,
        ...subject,
        use,
        names: flags.name ?? (use === 'client' ? undefined : subscriber?.names) ?? asked,
        lifetimeSeconds: subscriber?.cluster.serverTls?.lifetimeSeconds,
        request,
      });
      const whole = await trustingAlso(certified, files);
      await writeIssued(whole, flags.out, flags.baseName);
      printCertified(
        authority,
        whole,
        { certificate: files.certificate, authority: files.authority },
        flags.json === true,
      );
    });
}
