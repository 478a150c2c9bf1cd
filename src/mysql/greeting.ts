/** The first packet of a server, as far as a login needs it. */
export type FirstPacket =
  | { readonly kind: 'greeting'; readonly greeting: Greeting }
  /** The server refuses before it greets: host blocked, too many connections. */
  | { readonly kind: 'refusal'; readonly errno: number; readonly text: string }
  /** Whoever answers does not speak this protocol; `looks` says what it seems to be. */
  | { readonly kind: 'foreign'; readonly looks: string }
  | { readonly kind: 'incomplete' };

export interface Greeting {
  /** As sent: MariaDB before 11 puts `5.5.5-` in front. */
  readonly version: string;
  readonly threadId: number;
  readonly tlsOffered: boolean;
}

/**
 * Reads the first packet out of the bytes that have arrived so far. The driver would take an SSH banner for the length
 * of a packet and wait for ever, so this is asked first. Layout: Protocol::HandshakeV10 and ERR_Packet of the
 * MySQL client/server protocol.
 */
export function firstPacketOf(bytes: Buffer): FirstPacket {
  if (bytes.length < 5) return { kind: 'incomplete' };
  const length = bytes.readUIntLE(0, 3);
  const sequence = bytes.readUInt8(3);
  const marker = bytes.readUInt8(4);
  const refusal = marker === errorMarker && sequence <= 1 && length >= 3;
  const greeting = marker === protocol10 && sequence === 0;
  if ((!refusal && !greeting) || length > longest) return { kind: 'foreign', looks: looksOf(bytes) };
  if (bytes.length < 4 + length) return { kind: 'incomplete' };
  // Whoever sits in between could add packets here that would pass for what comes over TLS.
  if (greeting && bytes.length > 4 + length) return { kind: 'foreign', looks: 'a server that speaks out of turn' };
  const body = bytes.subarray(5, 4 + length);
  return refusal ? refusalOf(body) : greetingOf(body);
}

/** Text that a server sent, fit for a message: one line, no control characters, at most 300 characters. */
export function plainText(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

const protocol10 = 10;
const errorMarker = 0xff;
/** CLIENT_SSL, in the lower half of the capability flags. */
const sslFlag = 0x0800;
/** A greeting is some 100 bytes and an error some 200; a longer "packet" is the text of another protocol. */
const longest = 2048;

function refusalOf(body: Buffer): FirstPacket {
  const errno = body.readUInt16LE(0);
  // The SQL state (# and five characters) is there or not, depending on the version.
  const text = body.toString('utf8', body[2] === 0x23 ? 8 : 2);
  return { kind: 'refusal', errno, text: plainText(text) };
}

function greetingOf(body: Buffer): FirstPacket {
  const end = body.indexOf(0);
  // After the version: thread id (4), scramble (8), filler (1), lower capabilities (2).
  if (end < 0 || body.length < end + 1 + 15) return { kind: 'foreign', looks: 'a server with a malformed greeting' };
  const version = plainText(body.toString('latin1', 0, end));
  const threadId = body.readUInt32LE(end + 1);
  const tlsOffered = (body.readUInt16LE(end + 1 + 13) & sslFlag) !== 0;
  return { kind: 'greeting', greeting: { version, threadId, tlsOffered } };
}

const banners: readonly (readonly [start: RegExp, looks: string])[] = [
  [/^SSH-/, 'an SSH server'],
  [/^HTTP\//, 'an HTTP server'],
  [/^220[ -]/, 'a mail or FTP server'],
  [/^(?:\+OK|\* OK)/, 'a mail server'],
  [/^-(?:ERR|DENIED)/, 'a Redis server'],
  [/^[\x15\x16]\x03/, 'a server that begins with TLS, such as HTTPS'],
  [/^...\0\x09/s, 'a MySQL server older than 3.21 (protocol 9)'],
  [/^..\0\0\x0b/s, 'the X protocol of MySQL (usually port 33060; the classic one is usually 3306)'],
];

function looksOf(bytes: Buffer): string {
  const start = bytes.toString('latin1', 0, 16);
  const known = banners.find(([pattern]) => pattern.test(start));
  return known?.[1] ?? `something else: its first bytes are ${bytes.toString('hex', 0, 8)}`;
}
