import type { SigningRequest } from '../../pki/signing-request.js';
import type { Inspected, Inspection } from '../../pki/inspect.js';
import type { Colours } from '../colours.js';

/** What `pki inspect` prints for one file. */
export function inspectionText(
  file: string,
  inspection: Inspection,
  against: string | undefined,
  colours: Colours,
): string {
  const [first, ...others] = inspection.certificates;
  return [
    colours.bold(file),
    ...certificateLines(first, colours, inspection.keyMatches),
    ...(inspection.verification === undefined ? [] : [line('chain', chainText(inspection, against, colours), colours)]),
    ...others.flatMap((one) => ['', ...certificateLines(one, colours)]),
  ].join('\n');
}

/** The lines about one certificate, each with its label. */
export function certificateLines(one: Inspected, colours: Colours, keyMatches?: boolean): string[] {
  const { certificate } = one;
  return [
    line('subject', certificate.subject + (certificate.isAuthority ? colours.dim(' (authority)') : ''), colours),
    line('issuer', certificate.subject === certificate.issuer ? 'itself' : certificate.issuer, colours),
    ...(certificate.names.length === 0 ? [] : [line('names', certificate.names.join(', '), colours)]),
    line('valid', validityText(one, colours), colours),
    ...(one.renewal === undefined ? [] : [line('renewal', one.renewal.reason, colours)]),
    line('key', keyText(one, keyMatches, colours), colours),
    line('serial', certificate.serial, colours),
    line('sha256', certificate.fingerprint, colours),
  ];
}

export function line(label: string, value: string, colours: Colours): string {
  return `  ${colours.dim(label.padEnd(9))}${value}`;
}

/** What `pki inspect` prints for a signing request. */
export function requestText(
  file: string,
  { subjectText, names, use, publicKey }: Pick<SigningRequest, 'subjectText' | 'names' | 'use' | 'publicKey'>,
  colours: Colours,
): string {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  const size = modulusLength === undefined ? String(namedCurve) : `${modulusLength} bits`;
  return [
    `${colours.bold(file)} ${colours.dim('(signing request)')}`,
    line('subject', subjectText, colours),
    ...(names.length === 0 ? [] : [line('names', names.join(', '), colours)]),
    line('use', use, colours),
    line(
      'key',
      `${modulusLength === undefined ? 'EC' : 'RSA'} ${size}, ${colours.green('it signed the request')}`,
      colours,
    ),
  ].join('\n');
}

/** Below 30 days yellow, below 7 red. */
function validityText({ certificate, state, daysLeft }: Inspected, colours: Colours): string {
  const dates = `${date(certificate.notBefore)} to ${date(certificate.notAfter)}, `;
  if (state === 'expired') return dates + colours.red(`expired ${spanText(-daysLeft)} ago`);
  if (state === 'not-yet-valid') return dates + colours.red('not yet valid');
  const colour = daysLeft < 7 ? colours.red : daysLeft < 30 ? colours.yellow : colours.green;
  return dates + colour(`${spanText(daysLeft)} left`);
}

function keyText({ certificate }: Inspected, matches: boolean | undefined, colours: Colours): string {
  const bits = certificate.keyBits === undefined ? '' : ` ${certificate.keyBits} bits`;
  const kind = { rsa: 'RSA', ec: 'EC', ed25519: 'Ed25519', other: 'of another kind' }[certificate.keyAlgorithm] + bits;
  if (matches === undefined) return kind;
  return matches
    ? `${kind}, ${colours.green('the private key belongs to it')}`
    : `${kind}, ${colours.red('the private key given is another one')}`;
}

function chainText({ verification }: Inspection, against: string | undefined, colours: Colours): string {
  if (verification === undefined) return '';
  return verification.verified
    ? colours.green(`verified against ${against ?? 'the authority'}`)
    : `${colours.red(verification.reason)} ${verification.message}`;
}

function date(seconds: number): string {
  return new Date(seconds * 1000)
    .toISOString()
    .replace('T', ' ')
    .replace(/:\d\d\.000Z$/, ' UTC');
}

export function spanText(days: number): string {
  if (days >= 2) return `${Math.floor(days)} days`;
  const hours = days * 24;
  return hours >= 2 ? `${Math.floor(hours)} hours` : `${Math.floor(hours * 60)} minutes`;
}
