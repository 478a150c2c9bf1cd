import { createHash, type KeyObject } from 'node:crypto';
import { bits, context, der, elements, expected, integer, oid, oidText, sequence, tags, type Element } from './der.js';
import { addressBytes, addressIn, type AlternativeName } from './names.js';

/**
 * What the key of a certificate may be used for. `server` and `client` are strict; `both` is for a database server that
 * is a primary today and, as a replica, a client of another primary tomorrow with the same files.
 */
export const uses = ['server', 'client', 'both'] as const;
export type Use = (typeof uses)[number];
/** `authority` signs itself, `intermediate` is signed by another. */
export type AnyUse = Use | 'authority' | 'intermediate';

export interface ExtensionWish {
  readonly use: AnyUse;
  readonly names: readonly AlternativeName[];
  readonly publicKey: KeyObject;
}

/** DER of the list of extensions, RFC 5280. @param issuer identifier of the key that signs; undefined leaves it out */
export function extensionsOf(wish: ExtensionWish, issuer?: Buffer): Buffer {
  const { use, names, publicKey } = wish;
  const isAuthority = use === 'authority' || use === 'intermediate';
  return sequence(
    // What an intermediate signs is never an authority itself.
    extension(ids.basicConstraints, true, basicConstraints(isAuthority, use === 'intermediate')),
    extension(ids.keyUsage, true, isAuthority ? bits(Buffer.of(0x06), 1) : leafUsage(publicKey)),
    ...(isAuthority ? [] : [extension(ids.extendedKeyUsage, false, extendedUsage(use))]),
    extension(ids.subjectKeyIdentifier, false, der(tags.octetString, keyIdentifier(publicKey))),
    ...(issuer === undefined
      ? []
      : [extension(ids.authorityKeyIdentifier, false, sequence(context(0, 'implicit', issuer)))]),
    ...(names.length === 0 ? [] : [extension(ids.alternativeNames, false, sequence(...names.map(generalName)))]),
  );
}

/** The content of one extension among those of a certificate or request; undefined when it is not there. */
export function extensionIn(list: Element, id: string): Buffer | undefined {
  for (const one of elements(expected(list, tags.sequence).content)) {
    const [name, ...rest] = elements(one.content);
    if (oidText(expected(name, tags.oid)) === id) return expected(rest.at(-1), tags.octetString).content;
  }
  return undefined;
}

/** DNS names and addresses among the alternative names; other kinds (mail, URI, …) are left out. */
export function alternativeNamesIn(content: Buffer): readonly string[] {
  const [list] = elements(content);
  return elements(expected(list, tags.sequence).content).flatMap(({ tag, content: value }) => {
    if (tag === 0x82) return [value.toString('latin1')];
    if (tag !== 0x87) return [];
    return [addressIn(value)];
  });
}

/** The use that a certificate with these extended key usages is for: with none it serves for both. */
export function useOf(usages: readonly string[] | undefined): Use {
  if (usages === undefined || usages.length === 0) return 'both';
  const [server, client] = [usages.includes(serverAuthentication), usages.includes(clientAuthentication)];
  return server && !client ? 'server' : client && !server ? 'client' : 'both';
}

export function extendedUsagesIn(content: Buffer): readonly string[] {
  return elements(expected(elements(content)[0], tags.sequence).content).map(oidText);
}

export const ids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  alternativeNames: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

const serverAuthentication = '1.3.6.1.5.5.7.3.1';
const clientAuthentication = '1.3.6.1.5.5.7.3.2';
const yes = der(tags.boolean, Buffer.of(0xff));

function extension(id: string, critical: boolean, content: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [yes] : []), der(tags.octetString, content));
}

function basicConstraints(isAuthority: boolean, last: boolean): Buffer {
  return sequence(...(isAuthority ? [yes] : []), ...(last ? [integer('00')] : []));
}

/** Signatures; and with RSA the key exchange of TLS 1.2, which other keys cannot do (RFC 8813). */
function leafUsage(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'rsa' ? bits(Buffer.of(0xa0), 5) : bits(Buffer.of(0x80), 7);
}

function extendedUsage(use: AnyUse): Buffer {
  return sequence(
    ...(use === 'client' ? [] : [oid(serverAuthentication)]),
    ...(use === 'server' ? [] : [oid(clientAuthentication)]),
  );
}

/** SHA-1 of the key alone: a name for it, as RFC 5280 proposes, that nothing rests on. */
function keyIdentifier(key: KeyObject): Buffer {
  const [spki] = elements(key.export({ type: 'spki', format: 'der' }));
  const [, value] = elements(expected(spki, tags.sequence).content);
  return createHash('sha1').update(expected(value, tags.bitString).content.subarray(1)).digest();
}

/** The numbers are those of GeneralName in RFC 5280. */
function generalName({ type, value }: AlternativeName): Buffer {
  return type === 'dns'
    ? context(2, 'implicit', Buffer.from(value, 'latin1'))
    : context(7, 'implicit', addressBytes(value));
}
