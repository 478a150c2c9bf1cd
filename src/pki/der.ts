import forge from 'node-forge';
import { messageOf } from '../base/errors.js';

/** ASN.1 in DER, as far as certificates and signing requests need it: node-forge's codec, over buffers. */

/** The part of node-forge that is used, with what its published types leave out: options, and tags as numbers. */
interface Codec {
  create(tagClass: number, type: number, constructed: boolean, value: string): forge.asn1.Asn1;
  toDer(element: forge.asn1.Asn1): forge.util.ByteStringBuffer;
  fromDer(
    bytes: forge.util.ByteStringBuffer,
    options: { readonly strict: true; readonly parseAllBytes: false; readonly decodeBitStrings: false },
  ): unknown;
}
const asn1 = forge.asn1 as unknown as Codec;

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  teletex: 0x14,
  ia5: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmp: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  // A whole tag byte stands in for the type: its class and its form are in it.
  return buffer(asn1.toDer(asn1.create(0, tag, false, binary(Buffer.concat(content)))));
}

export function sequence(...content: readonly Uint8Array[]): Buffer {
  return der(tags.sequence, ...content);
}

/** @param dotted such as `2.5.4.3` */
export function oid(dotted: string): Buffer {
  return der(tags.oid, buffer(forge.asn1.oidToDer(dotted)));
}

/** A context tag with content of its own kind (`implicit`) or around whole elements (`explicit`). */
export function context(number: number, kind: 'implicit' | 'explicit', ...content: readonly Uint8Array[]): Buffer {
  return der((kind === 'explicit' ? 0xa0 : 0x80) + number, ...content);
}

/** A positive number. @param hex any number of digits */
export function integer(hex: string): Buffer {
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  // A leading bit of 1 would make it negative.
  return der(tags.integer, Buffer.from(/^[89a-f]/i.test(even) ? `00${even}` : even, 'hex'));
}

export function bits(content: Uint8Array, unused = 0): Buffer {
  return der(tags.bitString, Buffer.of(unused), content);
}

/** Whole seconds, as RFC 5280 has them: two digits of the year up to 2049. */
export function time(date: Date): Buffer {
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? der(tags.utcTime, Buffer.from(forge.asn1.dateToUtcTime(date)))
    : der(tags.generalizedTime, Buffer.from(forge.asn1.dateToGeneralizedTime(date)));
}

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly raw: Buffer;
}

/** The elements that stand one after the other. @throws RangeError where they are not DER to the last byte */
export function elements(bytes: Buffer): readonly Element[] {
  const stream = forge.util.createBuffer(binary(bytes));
  const found: Element[] = [];
  while (stream.length() > 0) {
    const at = bytes.length - stream.length();
    skipElement(stream);
    found.push(elementOf(bytes.subarray(at, bytes.length - stream.length())));
  }
  return found;
}

/** The only element, of this tag. @throws RangeError when it is another, or not alone */
export function only(bytes: Buffer, tag: number): Element {
  const [first, second] = elements(bytes);
  if (first === undefined || second !== undefined) throw new RangeError('not one element');
  return expected(first, tag);
}

/** @throws RangeError when the element is missing or has another tag */
export function expected(element: Element | undefined, tag: number): Element {
  if (element?.tag !== tag) throw new RangeError(`tag ${String(element?.tag)} where ${tag} belongs`);
  return element;
}

/** The dotted form of an object identifier. */
export function oidText({ content }: Element): string {
  return forge.asn1.derToOid(binary(content));
}

/** @param label such as `CERTIFICATE` */
export function pemOf(bytes: Buffer, label: string): string {
  return forge.pem.encode({ type: label, body: binary(bytes) }, { maxline: 64 }).replaceAll('\r\n', '\n');
}

/**
 * The first block with this label; text around it does not count, and `NEW CERTIFICATE REQUEST` is the same as without
 * NEW (RFC 7468). undefined when there is none.
 */
export function pemBlock(text: string, label: string): Buffer | undefined {
  try {
    const found = forge.pem.decode(text).find(({ type }) => type === label);
    return found === undefined ? undefined : Buffer.from(found.body, 'latin1');
  } catch {
    // It throws where there is no block at all.
    return undefined;
  }
}

function skipElement(stream: forge.util.ByteStringBuffer): void {
  try {
    asn1.fromDer(stream, { strict: true, parseAllBytes: false, decodeBitStrings: false });
  } catch (cause) {
    throw new RangeError(messageOf(cause), { cause });
  }
}

function elementOf(raw: Buffer): Element {
  const [tag = 0, short = 0] = raw;
  // node-forge takes an indefinite length of BER, and a tag of several bytes for one of one byte.
  if (short === 0x80 || (tag & 0x1f) === 0x1f) throw new RangeError('BER that is not DER');
  // X.690: up to 127 the length itself, above that how many bytes of it follow.
  return { tag, content: raw.subarray(short < 0x80 ? 2 : 2 + (short & 0x7f)), raw };
}

/** node-forge's strings hold a byte in each character. */
function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function buffer(bytes: forge.util.ByteStringBuffer): Buffer {
  return Buffer.from(bytes.getBytes(), 'latin1');
}
