import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem, quoted } from './problem.js';

export interface BodyLimits {
  /** Bytes. Default 64 KiB. */
  readonly most?: number;
  /** How many arrays and objects may stand inside of each other. Default 16. */
  readonly deepest?: number;
}

/**
 * The JSON body of a request: the caller has found out before who sent it. Bytes beyond the limit are not kept, and
 * nothing is parsed of a body that breaks it. How long it may take is the listener's to say.
 * @throws Problem `media-type-unsupported`, `body-too-large`, `body-malformed`
 */
export async function readJson(
  request: IncomingMessage,
  { most = 64 * 1024, deepest = 16 }: BodyLimits = {},
): Promise<unknown> {
  const { 'content-type': type = '', 'content-encoding': encoding } = request.headers;
  if (!/^application\/json *(?:; *charset="?utf-8"?)?$/i.test(type) || (encoding ?? 'identity') !== 'identity')
    throw new Problem(
      'media-type-unsupported',
      `the request holds ${quoted(type)}${encoding === undefined ? '' : `, encoded as ${quoted(encoding)}`}`,
    );
  const bytes = await readBytes(request, most);
  if (nestedDeeper(bytes, deepest))
    throw new Problem('body-malformed', `the body is nested more than ${deepest} levels deep`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem('body-malformed', 'the body is not UTF-8');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message quotes the text.
    throw new Problem('body-malformed', `the body of ${bytes.length} bytes is not JSON`);
  }
}

/**
 * What still comes of a request that has been answered is read and thrown away, so that the answer is not lost with
 * the connection; past so many bytes more the connection ends.
 */
export function boundRest(request: IncomingMessage, response: ServerResponse, most: number): void {
  response.once('prefinish', () => {
    if (request.complete) return;
    let rest = 0;
    request.on('data', (chunk: Buffer) => {
      rest += chunk.length;
      if (rest > most) request.socket.destroy();
    });
    // Reading has begun: else Node throws the rest away by itself, however much it is.
    request.read(0);
  });
}

function readBytes(request: IncomingMessage, most: number): Promise<Buffer> {
  const tooLarge = (size: string) =>
    new Problem('body-too-large', `the body is ${size} long, the most is ${most} bytes`);
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > most) throw tooLarge(`${announced} bytes`);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= most) chunks.push(chunk);
      else {
        request.off('data', take);
        request.resume();
        reject(tooLarge('more'));
      }
    };
    request.on('data', take);
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the request ended before its body')));
  });
}

/** Told from the bytes: brackets outside of texts. Of malformed JSON the answer means nothing, and harms nobody. */
function nestedDeeper(bytes: Buffer, deepest: number): boolean {
  let depth = 0;
  let inText = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (inText) {
      if (byte === backslash) index += 1;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === openBracket || byte === openBrace) {
      depth += 1;
      if (depth > deepest) return true;
    } else if (byte === closeBracket || byte === closeBrace) depth -= 1;
  }
  return false;
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = Buffer.from('"\\[]{}');
