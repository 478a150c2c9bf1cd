import { createRequire } from 'node:module';

type Handler = (self: unknown, payload: Buffer) => unknown;
interface ProtocolClass {
  readonly prototype: Record<
    'channelData' | 'exec',
    (this: unknown, channel: number, data: Buffer | string) => unknown
  >;
}

/** Numbers of messages (RFC 4254, section 9). */
const received = { data: 94, extendedData: 95 } as const;

/**
 * All that passes within the SSH connections of this process, from now on, as it is before it is encrypted and after it
 * was decrypted: files by SFTP, commands and what they print alike. One text for what is sent, one for what comes.
 */
export function overhearSsh(): () => readonly string[] {
  const load = createRequire(import.meta.url);
  const { prototype } = load('ssh2/lib/protocol/Protocol.js') as ProtocolClass;
  const handlers = load('ssh2/lib/protocol/handlers.js') as Handler[];
  const [sent, come]: [Buffer[], Buffer[]] = [[], []];
  for (const name of ['channelData', 'exec'] as const) {
    const real = prototype[name];
    prototype[name] = function (...words) {
      sent.push(Buffer.from(words[1] as string));
      return real.apply(this, words);
    };
  }
  for (const type of Object.values(received)) {
    const real = handlers[type];
    handlers[type] = (self, payload) => {
      // Number of the message and of the channel, the kind of data, and a length come before the data itself.
      come.push(Buffer.from(payload.subarray(type === received.data ? 9 : 13)));
      return real?.(self, payload);
    };
  }
  return () => [sent, come].map((all) => Buffer.concat(all).toString('latin1'));
}
