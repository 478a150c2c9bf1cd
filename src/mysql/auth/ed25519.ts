import { createHash } from 'node:crypto';
import { Point } from '@noble/ed25519';
import type { AuthExchange } from './plugin.js';

/**
 * MariaDB's `client_ed25519`: the server sends a nonce of 32 bytes, the client its signature.
 * Source: plugin/auth_ed25519 of MariaDB Server, and mariadb.com/kb/en/authentication-plugin-ed25519.
 */
export function ed25519Exchange(password: string): AuthExchange {
  return (data) => (password === '' ? Buffer.alloc(0) : signWithPassword(password, data.subarray(0, nonceLength)));
}

/**
 * Ed25519 as RFC 8032 has it, but for one thing: the secret key is the password itself, of whatever length, where the
 * standard has a seed of 32 bytes. node:crypto takes only those, hence the curve from @noble/ed25519.
 */
export function signWithPassword(password: string, message: Uint8Array): Buffer {
  const secret = sha512(Buffer.from(password, 'utf8'));
  const scalar = numberOf(clamped(secret.subarray(0, 32))) % order;
  const publicKey = Point.BASE.multiply(scalar).toBytes();
  const nonce = numberOf(sha512(secret.subarray(32), message)) % order;
  const commitment = Point.BASE.multiply(nonce).toBytes();
  const challenge = numberOf(sha512(commitment, publicKey, message)) % order;
  return Buffer.concat([commitment, bytesOf((nonce + challenge * scalar) % order)]);
}

const nonceLength = 32;
const order = Point.CURVE().n;

function sha512(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function clamped(half: Buffer): Buffer {
  const key = Buffer.from(half);
  key.writeUInt8(key.readUInt8(0) & 0xf8, 0);
  key.writeUInt8((key.readUInt8(31) & 0x7f) | 0x40, 31);
  return key;
}

/** Little-endian, as all of Ed25519. */
function numberOf(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

function bytesOf(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
}
