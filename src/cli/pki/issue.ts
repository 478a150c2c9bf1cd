import { Command, Option } from 'commander';
import { createPublicKey } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeAtomically } from '../../base/atomic.js';
import { LockstepError } from '../../base/errors.js';
import { Secret } from '../../base/secret.js';
import { acceptCertificate } from '../../pki/accept.js';
import { openAuthority, type Authority } from '../../pki/authority.js';
import { uses, type Use } from '../../pki/extensions.js';
import { issue } from '../../pki/issue.js';
import { keyTypes, privateKeyOf, type KeyType } from '../../pki/keys.js';
import { readRequest, requestCertificate } from '../../pki/signing-request.js';
import { issuedFiles, writeIssued } from '../../pki/written.js';
import { terminalColours } from '../colours.js';
import {
  given,
  isoDate,
  print,
  printJson,
  refuseExisting,
  refuseOtherTrust,
  text,
  trustingAlso,
  wholeNumber,
} from './files.js';
import { placeOf, withPlace, type PlaceFlags, type Subscriber } from './place.js';
import { line } from './text.js';
import { printCertified } from './told.js';

export interface LeafFlags extends PlaceFlags {
  commonName?: string;
  organization?: string;
  organizationalUnit?: string;
  email?: string;
  use?: Use;
  name?: string[];
  days?: number;
  notBefore?: Date;
  notAfter?: Date;
  out: string;
  baseName?: string;
  replace?: boolean;
  json?: boolean;
}

interface IssueFlags extends LeafFlags {
  keyType?: KeyType;
  keyBits?: number;
  request?: boolean;
  certificate?: string;
}

export function issueCommand(): Command {
  return withLeaf(
    new Command('issue').description('issue a certificate with a fresh key, and write cert.pem, key.pem and ca.pem'),
  )
    .addOption(new Option('--key-type <type>', 'of its key (default: rsa)').choices(keyTypes))
    .option('--key-bits <number>', 'size of its RSA key (default: 2048)', wholeNumber)
    .option('--request', 'for an authority whose key is elsewhere: make the key, and request.csr to send to it')
    .option('--certificate <path>', 'what came back for request.csr: checked, then written beside its key')
    .addHelpText(
      'after',
      `
Examples:
  lockstep pki issue --directory ./pki --common-name db1 --name db1.example.org 10.0.0.1 --out /etc/mysql/ssl
  lockstep pki issue --directory ./pki --common-name repl --use client --days 90 --out ./client
  lockstep pki issue --server production/db1 --out ./db1
  lockstep pki issue --directory ./pki --common-name db1 --request --out ./db1    # then, with what came back:
  lockstep pki issue --directory ./pki --certificate db1-signed.pem --out ./db1

The database server must be able to read key.pem (mode 0600): chown mysql: /etc/mysql/ssl/key.pem
For a key that never leaves the database host: lockstep pki sign. With --replace, ca.pem goes on to trust whom it trusts.`,
    )
    .action(async (flags: IssueFlags) => {
      const { place, subscriber } = await placeOf(flags);
      if (flags.request === true) {
        await requested(flags, subscriber);
        return;
      }
      const authority = await openAuthority(place);
      if (flags.certificate !== undefined) {
        await accepted(authority, flags, flags.certificate);
        return;
      }
      const files = issuedFiles(flags.out, flags.baseName);
      if (flags.replace !== true) {
        await refuseExisting([files.certificate, files.key]);
        await refuseOtherTrust(files, authority.authorityPem);
      }
      const issued = await issue(authority, { ...flags, ...leafWish(flags, subscriber) });
      const whole = await trustingAlso(issued, files);
      await writeIssued(whole, flags.out, flags.baseName);
      printCertified(authority, whole, files, flags.json === true);
    });
}

/** What `issue` and `sign` say of a certificate alike. */
export function withLeaf(command: Command): Command {
  return withPlace(command)
    .option('--common-name <name>', 'whose certificate it is (with --server: its address)')
    .option('--organization <name>')
    .option('--organizational-unit <name>')
    .option('--email <address>')
    .addOption(
      new Option(
        '--use <use>',
        'server, client, or both: a replica is a client of its primary (default: both)',
      ).choices(uses),
    )
    .option('--name <names...>', 'DNS names and addresses that clients use (default for servers: the common name)')
    .option('--days <number>', 'how long it holds (default: 365, at most until the authority ends)', wholeNumber)
    .option('--not-before <date>', 'when it begins (default: five minutes ago)', isoDate)
    .option('--not-after <date>', 'when it ends, instead of --days', isoDate)
    .option('--out <path>', 'the directory to write into', '.')
    .option('--base-name <name>', 'write NAME-cert.pem and NAME-key.pem instead of cert.pem and key.pem')
    .option('--replace', 'replace files that exist, keeping their owner')
    .option('--json', 'print JSON');
}

function leafWish(flags: LeafFlags, subscriber: Subscriber | undefined) {
  const { use = 'both' } = flags;
  const commonName = given(flags.commonName ?? subscriber?.server.address.host, '--common-name', 'issue');
  const names = use === 'client' ? (flags.name ?? []) : (flags.name ?? subscriber?.names ?? [commonName]);
  return { commonName, use, names, lifetimeSeconds: subscriber?.cluster.serverTls?.lifetimeSeconds };
}

function requestFile({ out, baseName }: LeafFlags): string {
  return path.join(out, baseName === undefined ? 'request.csr' : `${baseName}-request.csr`);
}

async function requested(flags: IssueFlags, subscriber: Subscriber | undefined): Promise<void> {
  const { key } = issuedFiles(flags.out, flags.baseName);
  const request = requestFile(flags);
  // Never over a key: until the answer is there, it would stand beside a certificate of another one.
  await refuseExisting([key, ...(flags.replace === true ? [] : [request])]);
  const made = await requestCertificate({ ...flags, ...leafWish(flags, subscriber) });
  await mkdir(flags.out, { recursive: true });
  await writeAtomically(key, made.keyPem.reveal(), { mode: 0o600 });
  await writeAtomically(request, made.requestPem, { mode: 0o644 });
  if (flags.json === true) {
    printJson({ files: { key, request } });
    return;
  }
  const colours = terminalColours();
  print(
    [
      'to be signed by the authority',
      line('request', request, colours),
      line('private', key, colours),
      line('next', `lockstep pki issue --certificate FILE --out ${flags.out}`, colours),
    ].join('\n'),
  );
}

async function accepted(authority: Authority, flags: IssueFlags, answer: string): Promise<void> {
  const files = issuedFiles(flags.out, flags.baseName);
  const request = readRequest(await text(requestFile(flags)), requestFile(flags));
  const key = privateKeyOf(new Secret(await text(files.key)), files.key);
  if (!createPublicKey(key.export({ type: 'pkcs8', format: 'pem' })).equals(request.publicKey)) {
    throw new LockstepError(
      'key-mismatch',
      `the key ${files.key} is another one than that of ${requestFile(flags)}`,
      'Make both anew: lockstep pki issue --request.',
    );
  }
  if (flags.replace !== true) {
    await refuseExisting([files.certificate]);
    await refuseOtherTrust(files, authority.authorityPem);
  }
  const taken = await acceptCertificate(authority, { ...request, certificatePem: await text(answer) });
  const whole = await trustingAlso(taken, files);
  await writeIssued(whole, flags.out, flags.baseName);
  printCertified(authority, whole, files, flags.json === true);
}
