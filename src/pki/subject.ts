import { LockstepError } from '../base/errors.js';
import { der, oid, sequence, tags } from './der.js';

/** Who a certificate is about. Lengths are bounded by X.520: 64 characters each, 255 for the address. */
export interface Subject {
  readonly commonName: string;
  readonly organization?: string | undefined;
  readonly organizationalUnit?: string | undefined;
  readonly email?: string | undefined;
  /**
   * The whole name as DER, in place of the parts: taken from a certificate or request byte for byte, so that accounts
   * with REQUIRE SUBJECT go on matching. The common name is then for messages.
   */
  readonly exact?: Buffer | undefined;
}

/** @throws LockstepError `subject-invalid` naming the part */
export function checkSubject(subject: Subject): void {
  if (subject.exact !== undefined) return;
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

/** DER of the name, in the order in which openssl's own tools write it: O, OU, CN, e-mail. UTF-8, so that any script can be written. */
export function nameOf(subject: Subject): Buffer {
  if (subject.exact !== undefined) return subject.exact;
  return sequence(
    ...partsOf(subject).map(({ id, value }) =>
      der(tags.set, sequence(oid(id), der(id === emailAddress ? tags.ia5 : tags.utf8, Buffer.from(value)))),
    ),
  );
}

interface Part {
  readonly id: string;
  readonly title: string;
  readonly value: string;
  readonly longest: number;
}

function partsOf(subject: Subject): Part[] {
  const { organization, organizationalUnit, commonName, email } = subject;
  return [
    { id: '2.5.4.10', title: 'organization', value: organization, longest: 64 },
    { id: '2.5.4.11', title: 'organizational unit', value: organizationalUnit, longest: 64 },
    { id: '2.5.4.3', title: 'common name', value: commonName, longest: 64 },
    { id: emailAddress, title: 'e-mail address', value: email, longest: 255 },
  ].flatMap(({ value, ...part }) => (value === undefined ? [] : [{ ...part, value }]));
}

function faultOf(value: string, longest: number): string | undefined {
  if (value.trim() === '') return 'is empty';
  if (Array.from(value).length > longest) return `is longer than ${longest} characters`;
  if (/\p{Cc}/u.test(value)) return 'holds a control character';
  return undefined;
}

const emailAddress = '1.2.840.113549.1.9.1';
const emailPattern = /^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$/;
