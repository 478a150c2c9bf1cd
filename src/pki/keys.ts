import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { LockstepError, messageOf } from '../base/errors.js';
import { Secret } from '../base/secret.js';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** `rsa` is understood everywhere; `p256` and `p384` are the curves of ECDSA: smaller and quicker in every handshake. */
export const keyTypes = ['rsa', 'p256', 'p384'] as const;
export type KeyType = (typeof keyTypes)[number];

export interface KeyWish {
  /** Default `rsa`. */
  readonly keyType?: KeyType | undefined;
  /** Of an RSA key. Default 2048 for a certificate, 3072 for an authority. */
  readonly keyBits?: number | undefined;
}

/** A fresh pair, made off the main thread (RSA: 0.1 to 1 s). @throws LockstepError `key-size` */
export async function generateKey({ keyType = 'rsa', keyBits }: KeyWish, defaultBits = 2048): Promise<KeyPair> {
  if (keyType !== 'rsa') {
    if (keyBits === undefined) return promisify(generateKeyPair)('ec', { namedCurve: curves[keyType] });
    throw new LockstepError('key-size', `a key of type ${keyType} has no other size than its own`, 'Leave it out.');
  }
  const bits = keyBits ?? defaultBits;
  if (!Number.isInteger(bits) || bits < 2048 || bits > 8192 || bits % 8 !== 0) {
    throw new LockstepError(
      'key-size',
      `${bits} is not a size for an RSA key`,
      'Give a multiple of 8 from 2048 to 8192; 2048 and 3072 are usual.',
    );
  }
  return promisify(generateKeyPair)('rsa', { modulusLength: bits });
}

const curves = { p256: 'prime256v1', p384: 'secp384r1' } as const;

/** PKCS #8 PEM, encrypted (PBES2, AES-256) when there is a passphrase. */
export function keyPem(key: KeyObject, passphrase?: Secret): Secret {
  const protection = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase: passphrase.reveal() };
  return new Secret(key.export({ type: 'pkcs8', format: 'pem', ...protection }).toString());
}

/**
 * @param where names the key in messages: its file
 * @throws LockstepError `passphrase-missing`, `passphrase-wrong`, `key-unreadable`
 */
export function privateKeyOf(pem: Secret, where: string, passphrase?: Secret): KeyObject {
  const text = pem.reveal();
  const encrypted = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text);
  if (encrypted && passphrase === undefined) {
    throw new LockstepError(
      'passphrase-missing',
      `the key ${where} is encrypted and no passphrase was given`,
      'Name the file that holds its passphrase (--passphrase-file).',
    );
  }
  try {
    return createPrivateKey({
      key: text,
      format: 'pem',
      ...(passphrase === undefined ? {} : { passphrase: passphrase.reveal() }),
    });
  } catch (cause) {
    // OpenSSL's wording differs by version and kind of encryption; an encrypted key that fails is taken as a wrong passphrase.
    if (encrypted) {
      throw new LockstepError(
        'passphrase-wrong',
        `the passphrase given does not open the key ${where}`,
        'Check which passphrase file belongs to this key.',
      );
    }
    throw new LockstepError(
      'key-unreadable',
      `${where} holds no private key that can be read: ${messageOf(cause)}`,
      'Give a private key in PEM form.',
    );
  }
}

/**
 * The first line ending is not part of the passphrase.
 * @throws LockstepError `passphrase-unreadable`, `passphrase-exposed` (readable by all), `passphrase-empty`
 */
export async function readPassphrase(file: string): Promise<Secret> {
  let text: string;
  try {
    if (((await stat(file)).mode & 0o004) !== 0) {
      throw new LockstepError(
        'passphrase-exposed',
        `the passphrase file ${file} can be read by every user of this machine`,
        `Take that away: chmod o-r ${file}`,
      );
    }
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof LockstepError) throw cause;
    throw new LockstepError(
      'passphrase-unreadable',
      `the passphrase file ${file} cannot be read: ${messageOf(cause)}`,
      undefined,
      { cause },
    );
  }
  const passphrase = text.replace(/\r?\n$/, '');
  if (passphrase === '') {
    throw new LockstepError('passphrase-empty', `the passphrase file ${file} is empty`, 'Write a passphrase into it.');
  }
  return new Secret(passphrase);
}
