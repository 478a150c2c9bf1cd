/** ASN.1 in DER, as far as certificates and signing requests need it: X.690, definite lengths, one-byte tags. */

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
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.of(tag, ...lengthBytes(body.length)), body]);
}

export function sequence(...content: readonly Uint8Array[]): Buffer {
  return der(tags.sequence, ...content);
}

/** @param dotted such as `2.5.4.3` */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  return der(tags.oid, Buffer.from([first * 40 + second, ...others].flatMap(base128)));
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
  const text = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:T]/g, '');
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? der(tags.utcTime, Buffer.from(text.slice(2)))
    : der(tags.generalizedTime, Buffer.from(text));
}

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly raw: Buffer;
}

/** The elements that stand one after the other. @throws RangeError where they are not DER to the last byte */
export function elements(bytes: Buffer): readonly Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at < bytes.length) {
    const one = elementAt(bytes, at);
    found.push(one);
    at += one.raw.length;
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
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(value)) throw new RangeError('an object identifier without end');
    if ((byte & 0x80) !== 0) continue;
    numbers.push(value);
    value = 0;
  }
  const [head = 0, ...others] = numbers;
  const first = Math.min(Math.floor(head / 40), 2);
  return [first, head - first * 40, ...others].join('.');
}

/** @param label such as `CERTIFICATE` */
export function pemOf(bytes: Buffer, label: string): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function elementAt(bytes: Buffer, at: number): Element {
  const [tag, short] = [byteAt(bytes, at), byteAt(bytes, at + 1)];
  if ((tag & 0x1f) === 0x1f) throw new RangeError('a tag of several bytes');
  const long = short < 0x80 ? 0 : short & 0x7f;
  // 0 would be the indefinite length of BER; more than 4 bytes no certificate has.
  if (short >= 0x80 && (long === 0 || long > 4)) throw new RangeError('a length that DER does not have here');
  const start = at + 2 + long;
  if (start > bytes.length) throw new RangeError('cut off');
  const length = long === 0 ? short : bytes.readUIntBE(at + 2, long);
  if (start + length > bytes.length) throw new RangeError('cut off');
  return { tag, content: bytes.subarray(start, start + length), raw: bytes.subarray(at, start + length) };
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError('cut off');
  return byte;
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return [0x80 + bytes.length, ...bytes];
}

function base128(value: number): number[] {
  const bytes = [value % 128];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) bytes.unshift((left % 128) + 0x80);
  return bytes;
}
