/** The largest payload of one packet; whatever is longer goes on in the next. */
const most = 0xffffff;

/** Cuts the bytes of a connection into packets, without copying those that come as a whole. */
export class PacketReader {
  /** What has come of a packet that is not whole. */
  #parts: Buffer[] = [];
  #held = 0;
  #wanted = 4;
  /** Payloads of a packet of 16 MiB and more, so far. */
  #long: Buffer[] = [];

  /** @param each a payload: bytes from start to end, which are good only until it returns */
  take(chunk: Buffer, each: (bytes: Buffer, start: number, end: number) => void): void {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#wanted) return;
    const bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts, this.#held);
    let at = 0;
    for (;;) {
      if (bytes.length - at < 4) {
        this.#wanted = 4;
        break;
      }
      const length = bytes.readUIntLE(at, 3);
      const end = at + 4 + length;
      if (end > bytes.length) {
        this.#wanted = 4 + length;
        break;
      }
      if (length === most) this.#long.push(Buffer.from(bytes.subarray(at + 4, end)));
      else if (this.#long.length > 0) {
        const whole = Buffer.concat([...this.#long, bytes.subarray(at + 4, end)]);
        this.#long = [];
        each(whole, 0, whole.length);
      } else each(bytes, at + 4, end);
      at = end;
    }
    this.#parts = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#held = bytes.length - at;
  }
}

/** A length-encoded number and where what follows it begins. @see "MySQL client/server protocol", Length-Encoded Integer */
export function lengthAt(bytes: Buffer, at: number): { readonly length: number; readonly next: number } {
  const first = bytes[at] ?? 0;
  if (first < 0xfb) return { length: first, next: at + 1 };
  if (first === 0xfc) return { length: bytes.readUInt16LE(at + 1), next: at + 3 };
  if (first === 0xfd) return { length: bytes.readUIntLE(at + 1, 3), next: at + 4 };
  return { length: Number(bytes.readBigUInt64LE(at + 1)), next: at + 9 };
}

/** A payload behind its header. */
export function packetOf(payload: Buffer, sequence: number): Buffer {
  const packet = Buffer.allocUnsafe(4 + payload.length);
  payload.copy(packet, 4);
  return headed(packet, sequence);
}

/** Writes the header into the four bytes that were left free for it. */
export function headed(packet: Buffer, sequence: number): Buffer {
  packet.writeUIntLE(packet.length - 4, 0, 3);
  packet[3] = sequence & 0xff;
  return packet;
}
