import { Command, Option } from 'commander';
import { LockstepError } from '../../base/errors.js';
import { Secret } from '../../base/secret.js';
import { authorityFiles } from '../../pki/authority-files.js';
import { completeAuthority, requestAuthority } from '../../pki/authority-request.js';
import { createAuthority, importAuthority, type Authority } from '../../pki/authority.js';
import { inspect } from '../../pki/inspect.js';
import { keyTypes, type KeyType } from '../../pki/keys.js';
import { terminalColours } from '../colours.js';
import { given, print, printJson, text, wholeNumber } from './files.js';
import { placeOf, withPlace, type Place, type PlaceFlags } from './place.js';
import { certificateLines, line } from './text.js';

interface InitFlags extends PlaceFlags {
  commonName?: string;
  organization?: string;
  organizationalUnit?: string;
  email?: string;
  days?: number;
  keyType?: KeyType;
  keyBits?: number;
  request?: boolean;
  certificate?: string;
  importCertificate?: string;
  importKey?: string;
  importPassphraseFile?: string;
  keyElsewhere?: boolean;
  json?: boolean;
}

export function initCommand(): Command {
  const command = new Command('init').description(
    'make an authority in a directory of its own, or take over one that exists',
  );
  return withPlace(command, { server: false })
    .option('--common-name <name>', 'its name, shown as issuer in every certificate')
    .option('--organization <name>')
    .option('--organizational-unit <name>')
    .option('--email <address>')
    .option('--days <number>', 'how long it holds (default: 3650)', wholeNumber)
    .addOption(new Option('--key-type <type>', 'of its key (default: rsa)').choices(keyTypes))
    .option('--key-bits <number>', 'size of its RSA key (default: 3072)', wholeNumber)
    .option('--request', 'have it signed by another authority: make its key and ca.csr')
    .option('--certificate <path>', 'what came back for ca.csr, with the authorities above it')
    .addOption(
      new Option('--import-certificate <path>', 'take over an authority: its certificate (PEM)').conflicts(
        decidedByImport,
      ),
    )
    .option('--import-key <path>', 'take over an authority: its key (PEM)')
    .option('--import-passphrase-file <path>', 'what opens the key to import')
    .option('--key-elsewhere', 'take over an authority without its key: it is asked by signing requests')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  lockstep pki init --directory /etc/lockstep/pki --common-name "Example replication CA" \\
      --organization Example --organizational-unit Databases --days 730
  lockstep pki init --authority mysql --common-name "Example MySQL CA"
  lockstep pki init --directory ./pki --import-certificate ca.crt --import-key ca.key
  lockstep pki init --directory ./pki --import-certificate company-ca.crt --key-elsewhere
  lockstep pki init --directory ./pki --common-name "Databases" --request    # then, with what came back for ./pki/ca.csr:
  lockstep pki init --directory ./pki --certificate ca-signed.pem

An existing authority is never overwritten. Back the directory up: without ca.key nothing can be issued or renewed.`,
    )
    .action(async (flags: InitFlags) => {
      const { place } = await placeOf(flags);
      if (flags.request === true) await requested(flags, place);
      else printAuthority(await made(flags, place), flags.json === true);
    });
}

/** What an authority that exists has settled already. */
const decidedByImport = ['commonName', 'organization', 'organizationalUnit', 'email', 'days', 'keyType', 'keyBits'];

async function made(flags: InitFlags, place: Place): Promise<Authority> {
  if (flags.certificate !== undefined) {
    return completeAuthority({ ...place, certificatePem: await text(flags.certificate) });
  }
  if (flags.importCertificate === undefined && flags.importKey === undefined) {
    return createAuthority({ ...flags, ...place, commonName: given(flags.commonName, '--common-name', 'init') });
  }
  if (flags.keyElsewhere === true && flags.importKey !== undefined) {
    throw new LockstepError('usage', '--import-key and --key-elsewhere were given', 'Give one of them.');
  }
  const key =
    flags.keyElsewhere === true ? undefined : given(flags.importKey, '--import-key or --key-elsewhere', 'init');
  return importAuthority({
    ...place,
    certificatePem: await text(given(flags.importCertificate, '--import-certificate', 'init')),
    keyPem: key === undefined ? undefined : new Secret(await text(key)),
    keyPassphraseFile: flags.importPassphraseFile,
  });
}

async function requested(flags: InitFlags, place: Place): Promise<void> {
  await requestAuthority({ ...flags, ...place, commonName: given(flags.commonName, '--common-name', 'init') });
  const { key, request } = authorityFiles(place.directory);
  if (flags.json === true) {
    printJson({ files: { key, request } });
    return;
  }
  const colours = terminalColours();
  print(
    [
      `${place.directory} waits for its certificate`,
      line('request', request, colours),
      line('private', key, colours),
      line(
        'next',
        `have the request signed as an authority's; then: lockstep pki init --directory ${place.directory} --certificate FILE`,
        colours,
      ),
    ].join('\n'),
  );
}

function printAuthority(authority: Authority, json: boolean): void {
  const { certificate, directory } = authority;
  const { certificate: trust, key } = authorityFiles(directory);
  const files = authority.key === undefined ? { certificate: trust } : { certificate: trust, key };
  if (json) {
    printJson({ certificate, files });
    return;
  }
  const colours = terminalColours();
  const [shown] = inspect(authority.certificatePem, trust).certificates;
  const paths = [
    line('trust', trust, colours),
    line('private', authority.key === undefined ? 'elsewhere: it is asked by signing requests' : key, colours),
  ];
  print([`authority in ${directory}`, ...certificateLines(shown, colours), ...paths].join('\n'));
}
