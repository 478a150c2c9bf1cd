import { readFile, stat } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { LockstepError, messageOf } from '../base/errors.js';
import { Secret } from '../base/secret.js';
import { certificateOf } from '../base/x509.js';
import { createAuthority, importAuthority, openAuthority, type Authority } from '../pki/authority.js';
import { authorityFiles } from '../pki/authority-files.js';
import { uses, type Use } from '../pki/extensions.js';
import { inspect } from '../pki/inspect.js';
import { issue } from '../pki/issue.js';
import { readPassphrase } from '../pki/keys.js';
import { issuedFiles, writeIssued, type WrittenFiles } from '../pki/written.js';
import { certificateLines, inspectionText, line } from './pki-text.js';
import { terminalColours } from './colours.js';

/** `lockstep pki`: works without a configuration file. */
export function pkiCommand(): Command {
  return new Command('pki')
    .description('make a certificate authority, issue certificates from it, and look at certificates')
    .addCommand(initCommand())
    .addCommand(issueCommand())
    .addCommand(inspectCommand());
}

interface InitFlags {
  directory: string;
  commonName?: string;
  organization?: string;
  organizationalUnit?: string;
  email?: string;
  days?: number;
  keyBits?: number;
  passphraseFile?: string;
  importCertificate?: string;
  importKey?: string;
  importPassphraseFile?: string;
  json?: boolean;
}

function initCommand(): Command {
  return new Command('init')
    .description('make an authority in a directory of its own, or take over one that exists')
    .requiredOption('--directory <path>', 'where it shall live: made if missing, mode 0700')
    .option('--common-name <name>', 'its name, shown as issuer in every certificate')
    .option('--organization <name>')
    .option('--organizational-unit <name>')
    .option('--email <address>')
    .option('--days <number>', 'how long it holds (default: 3650)', wholeNumber)
    .option('--key-bits <number>', 'size of its RSA key (default: 3072)', wholeNumber)
    .option('--passphrase-file <path>', 'encrypt its key with the passphrase in this file')
    .addOption(
      new Option('--import-certificate <path>', 'take over an authority: its certificate (PEM)').conflicts(
        decidedByImport,
      ),
    )
    .option('--import-key <path>', 'take over an authority: its RSA key (PEM)')
    .option('--import-passphrase-file <path>', 'what opens the key to import')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  lockstep pki init --directory /etc/lockstep/pki --common-name "Example replication CA" \\
      --organization Example --organizational-unit Databases --days 730
  lockstep pki init --directory ./pki --import-certificate ca.crt --import-key ca.key

An existing authority is never overwritten. Back the directory up: without ca.key nothing can be issued or renewed.`,
    )
    .action(async (flags: InitFlags) => {
      const authority = await (flags.importCertificate === undefined && flags.importKey === undefined
        ? createAuthority({ ...flags, commonName: given(flags.commonName, '--common-name') })
        : importFrom(flags));
      printAuthority(authority, flags.json === true);
    });
}

/** What an authority that exists has settled already. */
const decidedByImport = ['commonName', 'organization', 'organizationalUnit', 'email', 'days', 'keyBits'];

interface IssueFlags {
  directory: string;
  commonName: string;
  use: Use;
  name?: string[];
  days?: number;
  notBefore?: Date;
  notAfter?: Date;
  keyBits?: number;
  out: string;
  baseName?: string;
  replace?: boolean;
  passphraseFile?: string;
  json?: boolean;
}

function issueCommand(): Command {
  return new Command('issue')
    .description('issue a certificate with a fresh key, and write cert.pem, key.pem and ca.pem')
    .requiredOption('--directory <path>', 'the authority (see pki init)')
    .requiredOption('--common-name <name>', 'whose certificate it is')
    .addOption(
      new Option('--use <use>', 'server, client, or both: a replica is a client of its primary')
        .choices(uses)
        .default('both'),
    )
    .option('--name <names...>', 'DNS names and addresses that clients use (default for servers: the common name)')
    .option('--days <number>', 'how long it holds (default: 365, at most until the authority ends)', wholeNumber)
    .option('--not-before <date>', 'when it begins (default: five minutes ago)', isoDate)
    .option('--not-after <date>', 'when it ends, instead of --days', isoDate)
    .option('--key-bits <number>', 'size of its RSA key (default: 2048)', wholeNumber)
    .option('--out <path>', 'the directory to write into', '.')
    .option('--base-name <name>', 'write NAME-cert.pem and NAME-key.pem instead of cert.pem and key.pem')
    .option('--replace', 'replace files that exist, keeping their owner')
    .option('--passphrase-file <path>', "what opens the authority's key")
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  lockstep pki issue --directory ./pki --common-name db1 --name db1.example.org 10.0.0.1 --out /etc/mysql/ssl
  lockstep pki issue --directory ./pki --common-name repl --use client --days 90 --out ./client

The database server must be able to read key.pem (mode 0600): chown mysql: /etc/mysql/ssl/key.pem`,
    )
    .action(async (flags: IssueFlags) => {
      const authority = await openAuthority(flags);
      if (flags.replace !== true) await refuseExisting(issuedFiles(flags.out, flags.baseName), authority);
      const names = flags.name ?? (flags.use === 'client' ? [] : [flags.commonName]);
      const issued = await issue(authority, { ...flags, names });
      const files = await writeIssued(issued, flags.out, flags.baseName);
      if (flags.json === true) {
        printJson({ certificate: certificateOf(issued.certificatePem), files });
        return;
      }
      const [certificate] = inspect(issued.certificatePem, files.certificate).certificates;
      const colours = terminalColours();
      print(
        [
          `issued by ${authority.certificate.subject}`,
          ...certificateLines(certificate, colours),
          ...fileLines(files),
        ].join('\n'),
      );
    });
}

interface InspectFlags {
  ca?: string;
  key?: string;
  passphraseFile?: string;
  json?: boolean;
}

function inspectCommand(): Command {
  return new Command('inspect')
    .description('show what certificate files say, how long they hold, and whether they verify')
    .argument('<file...>', 'certificates in PEM or DER form')
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

Exit code: 1 if a certificate is not in date, does not verify, or the key is not its own; 2 if a file cannot be read.`,
    )
    .action(async (paths: string[], flags: InspectFlags) => {
      const authorityPem = flags.ca === undefined ? undefined : await text(flags.ca);
      const keyPem = flags.key === undefined ? undefined : new Secret(await text(flags.key));
      const passphrase = flags.passphraseFile === undefined ? undefined : await readPassphrase(flags.passphraseFile);
      const found = [];
      for (const file of paths) {
        found.push({ file, ...inspect(await bytes(file), file, { authorityPem, keyPem, passphrase }) });
      }
      const colours = terminalColours();
      if (flags.json === true) printJson(found);
      else print(found.map((one) => inspectionText(one.file, one, flags.ca, colours)).join('\n\n'));
      if (found.some(({ sound }) => !sound)) process.exitCode = 1;
    });
}

async function importFrom(flags: InitFlags): Promise<Authority> {
  return importAuthority({
    directory: flags.directory,
    certificatePem: await text(given(flags.importCertificate, '--import-certificate')),
    keyPem: new Secret(await text(given(flags.importKey, '--import-key'))),
    keyPassphraseFile: flags.importPassphraseFile,
    passphraseFile: flags.passphraseFile,
  });
}

function printAuthority(authority: Authority, json: boolean): void {
  const { certificate, directory } = authority;
  const files = authorityFiles(directory);
  if (json) {
    printJson({ certificate, files });
    return;
  }
  const colours = terminalColours();
  const [shown] = inspect(authority.certificatePem, files.certificate).certificates;
  const paths = [line('trust', files.certificate, colours), line('private', files.key, colours)];
  print([`authority in ${directory}`, ...certificateLines(shown, colours), ...paths].join('\n'));
}

function fileLines(files: WrittenFiles): string[] {
  const colours = terminalColours();
  return Object.values(files).map((file: string) => line('wrote', file, colours));
}

async function refuseExisting(files: WrittenFiles, { authorityPem }: Authority): Promise<void> {
  for (const file of [files.certificate, files.key]) {
    if ((await contentOf(file)) !== undefined) throw exists(file, 'exists already');
  }
  const trusted = await contentOf(files.authority);
  if (trusted !== undefined && trusted !== authorityPem) throw exists(files.authority, 'holds other authorities');
}

function exists(file: string, what: string): LockstepError {
  return new LockstepError('file-exists', `${file} ${what}`, 'Add --replace, or name another place by --out.');
}

async function contentOf(file: string): Promise<string | undefined> {
  return (await stat(file).catch(() => undefined)) === undefined ? undefined : text(file);
}

function given(value: string | undefined, flag: string): string {
  if (value !== undefined) return value;
  throw new LockstepError('usage', `${flag} is missing`, 'See: lockstep pki init --help');
}

async function text(file: string): Promise<string> {
  return (await bytes(file)).toString();
}

async function bytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new LockstepError(
      'file-unreadable',
      `${file} cannot be read: ${messageOf(cause)}`,
      'Check the path and the rights on it.',
      {
        cause,
      },
    );
  }
}

function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(value);
}

function isoDate(value: string): Date {
  const date = new Date(value);
  if (!/^\d{4}-\d\d-\d\d/.test(value) || Number.isNaN(date.getTime())) {
    throw new InvalidArgumentError('It is not a date like 2026-12-31 or 2026-12-31T12:00:00Z.');
  }
  return date;
}

function print(output: string): void {
  process.stdout.write(`${output}\n`);
}

function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}
