import { LockstepError } from '../base/errors.js';
import { PacketReader, lengthAt } from './packets.js';
import { refusalIn } from './query-error.js';

/** Bytes of one packet, at which it is handed out. Far below every server's max_allowed_packet. */
const packetBytes = 64 * 1024;
const header = 4;
const [tab, lineFeed, backslash, capitalN] = [0x09, 0x0a, 0x5c, 0x4e];
const [nullValue, eof, error] = [0xfb, 0xfe, 0xff];

/**
 * The answer to a SELECT as its bytes come in, made into packets of what LOAD DATA reads by default: tabs between the
 * values, line feeds behind the rows, NULL as `\N`, and no value changed otherwise. The first four bytes of each packet
 * are left free for whoever sends it on. Nothing is kept but the row that has not come as a whole.
 */
export class RowText {
  #reader = new PacketReader();
  #phase: 'count' | 'columns' | 'columns-end' | 'rows' | 'ended' = 'count';
  #columns = 0;
  #out = Buffer.allocUnsafe(2 * packetBytes);
  #at = header;
  /** Rows so far. */
  rows = 0;
  /** Bytes of text so far. */
  bytes = 0;

  constructor(readonly hand: (packet: Buffer) => void) {}

  get ended(): boolean {
    return this.#phase === 'ended';
  }

  /** @throws QueryError what the server refused, in the middle of the rows too */
  take(chunk: Buffer): void {
    this.#reader.take(chunk, (bytes, start, end) => this.#packet(bytes, start, end));
  }

  /** What has not been handed out yet. Between two calls of {@link take} that is whole rows. */
  flush(): void {
    if (this.#at > header) this.#hand();
  }

  #packet(bytes: Buffer, start: number, end: number): void {
    const first = bytes[start];
    if (first === error) throw refusalIn(bytes.subarray(start, end));
    switch (this.#phase) {
      case 'count':
        this.#columns = lengthAt(bytes, start).length;
        if (this.#columns === 0) throw new LockstepError('copy-failed', 'a statement that should list rows lists none');
        this.#phase = 'columns';
        return;
      case 'columns':
        this.#columns -= 1;
        if (this.#columns === 0) this.#phase = 'columns-end';
        return;
      case 'columns-end':
        this.#phase = 'rows';
        return;
      case 'rows':
        if (first === eof && end - start < 9) this.#phase = 'ended';
        else this.#row(bytes, start, end);
        return;
      case 'ended':
        throw new LockstepError('copy-failed', 'the server goes on after the end of its rows');
    }
  }

  #row(bytes: Buffer, start: number, end: number): void {
    // Each byte may become two, each NULL two and a tab.
    this.#room(3 * (end - start) + 1);
    const out = this.#out;
    let at = this.#at;
    let position = start;
    while (position < end) {
      if (position > start) out[at++] = tab;
      const first = bytes[position] ?? 0;
      if (first === nullValue) {
        out[at++] = backslash;
        out[at++] = capitalN;
        position += 1;
        continue;
      }
      let length = first;
      if (first < nullValue) position += 1;
      else ({ length, next: position } = lengthAt(bytes, position));
      const stop = position + length;
      for (; position < stop; position += 1) {
        const byte = bytes[position] ?? 0;
        if (byte === backslash || byte === lineFeed || byte === tab || byte === 0) {
          out[at++] = backslash;
          out[at++] = byte === 0 ? 0x30 : byte === lineFeed ? 0x6e : byte === tab ? 0x74 : backslash;
        } else out[at++] = byte;
      }
    }
    out[at++] = lineFeed;
    this.#at = at;
    this.rows += 1;
    if (at >= packetBytes) this.#hand();
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#out.length) return;
    this.flush();
    if (this.#at + bytes > this.#out.length) this.#out = Buffer.allocUnsafe(header + bytes);
  }

  /** A row of many megabytes goes out in several packets: text has no seams. */
  #hand(): void {
    const whole = this.#out.subarray(0, this.#at);
    this.bytes += this.#at - header;
    if (this.#at <= 2 * packetBytes) this.hand(whole);
    else
      for (let from = header; from < whole.length; from += packetBytes) {
        const part = whole.subarray(from, from + packetBytes);
        const packet = Buffer.allocUnsafe(header + part.length);
        part.copy(packet, header);
        this.hand(packet);
      }
    this.#out = Buffer.allocUnsafe(2 * packetBytes);
    this.#at = header;
  }
}
