import { X509Certificate } from 'node:crypto';
import { nameIn } from './compose.js';
import { elements, expected, oidText, only, tags, type Element } from './der.js';
import type { Subject } from './subject.js';

/** The subject of a certificate, byte for byte, for another that shall have the same. @param pem the first certificate in it */
export function subjectOf(pem: string): Subject {
  const exact = nameIn(new X509Certificate(pem));
  return { commonName: commonNameIn(exact) ?? '', exact };
}

/** The (last) common name; undefined when there is none. @param name DER */
export function commonNameIn(name: Buffer): string | undefined {
  return partsIn(name).findLast(({ id }) => id === '2.5.4.3')?.value;
}

/** One line in the order of the encoding, special characters escaped as in RFC 2253: `O=Example, CN=db1`. @param name DER */
export function nameText(name: Buffer): string {
  return partsIn(name)
    .map(
      ({ id, value }) => `${titles[id] ?? id}=${value.replaceAll(/[\\,+"<>;]/g, '\\$&').replaceAll(/\p{Cc}/gu, '?')}`,
    )
    .join(', ');
}

function partsIn(name: Buffer): readonly { readonly id: string; readonly value: string }[] {
  return elements(only(name, tags.sequence).content).flatMap((set) =>
    elements(expected(set, tags.set).content).map((pair) => {
      const [id, value] = elements(expected(pair, tags.sequence).content);
      return { id: oidText(expected(id, tags.oid)), value: textOf(value) };
    }),
  );
}

function textOf(value: Element | undefined): string {
  if (value === undefined) throw new RangeError('a name without value');
  if (value.tag === tags.bmp) return Buffer.from(value.content).swap16().toString('utf16le');
  return value.content.toString(value.tag === tags.utf8 ? 'utf8' : 'latin1');
}

const titles: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
};
