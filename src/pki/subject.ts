import forge from 'node-forge';
import { LockstepError } from '../base/errors.js';

/** Who a certificate is about. Lengths are bounded by X.520: 64 characters each, 255 for the address. */
export interface Subject {
  readonly commonName: string;
  readonly organization?: string | undefined;
  readonly organizationalUnit?: string | undefined;
  readonly email?: string | undefined;
}

/** @throws LockstepError `subject-invalid` naming the part */
export function checkSubject(subject: Subject): void {
  for (const { title, value, longest } of partsOf(subject)) {
    const wrong = faultOf(value, longest);
    if (wrong !== undefined) {
      throw new LockstepError(
        'subject-invalid',
        `the ${title} ${JSON.stringify(value)} ${wrong}`,
        `Give 1 to ${longest} characters without control characters.`,
      );
    }
  }
  if (subject.email !== undefined && !emailPattern.test(subject.email)) {
    throw new LockstepError(
      'subject-invalid',
      `the e-mail address ${JSON.stringify(subject.email)} is not one`,
      'Give an ASCII address such as dba@example.org, or leave it out.',
    );
  }
}

/**
 * The subject as forge takes it, in the order in which openssl's own tools write it: O, OU, CN, e-mail.
 * UTF8String, so that any script can be written; forge's types know no name for that tag, hence `object`.
 */
export function attributesOf(subject: Subject): object[] {
  return partsOf(subject).map(({ name, value }) => ({
    name,
    value,
    valueTagClass: name === 'emailAddress' ? forge.asn1.Type.IA5STRING : forge.asn1.Type.UTF8,
  }));
}

interface Part {
  readonly name: string;
  readonly title: string;
  readonly value: string;
  readonly longest: number;
}

function partsOf(subject: Subject): Part[] {
  const { organization, organizationalUnit, commonName, email } = subject;
  return [
    { name: 'organizationName', title: 'organization', value: organization, longest: 64 },
    { name: 'organizationalUnitName', title: 'organizational unit', value: organizationalUnit, longest: 64 },
    { name: 'commonName', title: 'common name', value: commonName, longest: 64 },
    { name: 'emailAddress', title: 'e-mail address', value: email, longest: 255 },
  ].flatMap(({ value, ...part }) => (value === undefined ? [] : [{ ...part, value }]));
}

function faultOf(value: string, longest: number): string | undefined {
  if (value.trim() === '') return 'is empty';
  if (Array.from(value).length > longest) return `is longer than ${longest} characters`;
  if (/\p{Cc}/u.test(value)) return 'holds a control character';
  return undefined;
}

const emailPattern = /^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$/;
