import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packetOf } from '../../src/mysql/packets.js';
import { QueryError } from '../../src/mysql/query-error.js';
import { RowText } from '../../src/mysql/row-text.js';

type Value = Uint8Array | null;

function lengthEncoded(length: number): Buffer {
  if (length < 0xfb) return Buffer.from([length]);
  if (length < 0x10000) return Buffer.from([0xfc, length & 0xff, length >> 8]);
  return Buffer.from([0xfd, length & 0xff, (length >> 8) & 0xff, length >> 16]);
}

/** What a server answers to a SELECT of so many columns. */
function answered(columns: number, rows: readonly (readonly Value[])[]): Buffer {
  const payloads = [
    Buffer.from([columns]),
    ...Array.from({ length: columns }, () => Buffer.from('a definition')),
    Buffer.from([0xfe, 0, 0, 2, 0]),
    ...rows.map((row) =>
      Buffer.concat(row.flatMap((one) => (one === null ? [Buffer.from([0xfb])] : [lengthEncoded(one.length), one]))),
    ),
    Buffer.from([0xfe, 0, 0, 2, 0]),
  ];
  return Buffer.concat(payloads.map((payload, index) => packetOf(payload, index)));
}

/** What LOAD DATA makes of its default format. */
function read(text: Buffer): Value[][] {
  const values = (line: Buffer): Value[] => {
    const [found, current]: [Value[], number[]] = [[], []];
    let isNull = false;
    const end = () => found.push(isNull ? null : Uint8Array.from(current.splice(0)));
    for (let at = 0; at < line.length; at += 1) {
      const byte = line[at] ?? 0;
      if (byte === 0x09) {
        end();
        isNull = false;
      } else if (byte === 0x5c) {
        const next = line[(at += 1)] ?? 0;
        if (next === 0x4e) isNull = true;
        else current.push(next === 0x30 ? 0 : next === 0x6e ? 0x0a : next === 0x74 ? 0x09 : next);
      } else current.push(byte);
    }
    end();
    return found;
  };
  const lines: Value[][] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf(0x0a, at);
    lines.push(values(text.subarray(at, end)));
    at = end + 1;
  }
  return lines;
}

function taken(bytes: Buffer, cuts: readonly number[]): { readonly text: Buffer; readonly rows: number } {
  const packets: Buffer[] = [];
  const rows = new RowText((packet) => packets.push(Buffer.from(packet.subarray(4))));
  const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
  for (const [index, place] of places.entries()) rows.take(Buffer.from(bytes.subarray(place, places[index + 1])));
  expect(rows.ended).toBe(true);
  rows.flush();
  const text = Buffer.concat(packets);
  expect(rows.bytes).toBe(text.length);
  return { text, rows: rows.rows };
}

const value = fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 400 }), fc.constantFrom(Buffer.from('\\N\t\n\0\\'), Buffer.alloc(0))); // prettier-ignore

it('keeps every byte of every value, however the bytes come', () => {
  const cases = fc.integer({ min: 1, max: 5 }).chain((columns) =>
    fc.record({
      columns: fc.constant(columns),
      rows: fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { maxLength: 20 }),
      cuts: fc.array(fc.nat(), { maxLength: 30 }),
    }),
  );
  fc.assert(
    fc.property(cases, ({ columns, rows, cuts }) => {
      const { text, rows: count } = taken(answered(columns, rows), cuts);
      expect(count).toBe(rows.length);
      expect(read(text)).toEqual(rows.map((row) => row.map((one) => one && Uint8Array.from(one))));
    }),
  );
});

it('hands out a row of megabytes in small packets', () => {
  const large = Buffer.alloc(3_000_000, 'a\\');
  const { text } = taken(answered(1, [[large]]), [1000, 70_000]);
  // Compared as bytes: element by element it takes half a minute.
  expect(Buffer.from(read(text)[0]?.[0] ?? []).equals(large)).toBe(true);
});

it('throws what the server refuses, in the middle of the rows too', () => {
  const refusal = Buffer.concat([Buffer.from([0xff, 0x84, 0x05]), Buffer.from('#HY000Table definition has changed')]);
  const bytes = answered(1, [[Buffer.from('x')]]);
  const rows = new RowText(() => undefined);
  rows.take(bytes.subarray(0, bytes.length - 9));
  expect(() => rows.take(packetOf(refusal, 0))).toThrow(QueryError);
});
