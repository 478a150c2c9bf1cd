import { createPrivateKey, pbkdf2, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { LockstepError } from '../../base/errors.js';
import type { AuthExchange } from './plugin.js';

/**
 * MariaDB's `parsec` (11.6 and newer): the server sends a scramble; an empty answer asks it for the salt; the answer to
 * that is our own scramble and a signature over both. Source: "Authentication Plugin - PARSEC" in MariaDB's documentation.
 * @throws LockstepError `parsec` when the server asks for something else
 */
export function parsecExchange(password: string): AuthExchange {
  let scramble: Buffer | undefined;
  return async (data) => {
    if (scramble === undefined) {
      scramble = Buffer.from(data.subarray(0, scrambleLength));
      return Buffer.alloc(0);
    }
    return respond(password, scramble, data, randomBytes(scrambleLength));
  };
}

/** @param salting `P`, the logarithm of the iterations less 10, and the salt */
export async function respond(
  password: string,
  serverScramble: Buffer,
  salting: Buffer,
  clientScramble: Buffer,
): Promise<Buffer> {
  const [derivation, factor] = salting;
  if (derivation !== pbkdf2Sha512 || factor === undefined || factor > factorLimit) {
    throw new LockstepError(
      'parsec',
      `the server asks for a derivation of the password that is not known here (${salting.toString('hex', 0, 2)})`,
      `Lockstep knows PBKDF2 with up to ${1024 << factorLimit} iterations.`,
    );
  }
  const seed = await derive(Buffer.from(password, 'utf8'), salting.subarray(2), 1024 << factor, 32, 'sha512');
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Ed25519, seed]), format: 'der', type: 'pkcs8' });
  const signature = sign(null, Buffer.concat([serverScramble, clientScramble]), key);
  return Buffer.concat([clientScramble, signature]);
}

const derive = promisify(pbkdf2);
const scrambleLength = 32;
const pbkdf2Sha512 = 0x50;
/** 2^20 iterations take about a second; a server that asks for more wastes our time on purpose. */
const factorLimit = 10;
/** What precedes the seed in a PKCS #8 private key (RFC 8410). */
const pkcs8Ed25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
