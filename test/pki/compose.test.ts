import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { certificateOf } from '../../src/base/x509.js';
import { compose, randomSerial, type Composition } from '../../src/pki/compose.js';
import { uses } from '../../src/pki/extensions.js';
import { generateKey, keyTypes, type KeyPair, type KeyType } from '../../src/pki/keys.js';
import { alternativeNames } from '../../src/pki/names.js';
import { prove } from '../../src/pki/proof.js';
import { validityOf } from '../../src/pki/validity.js';

let authority: KeyPair;
let own: KeyPair;
let pairs: Record<KeyType, KeyPair>;
beforeAll(async () => {
  const [rsa, p256, p384] = await Promise.all(keyTypes.map((keyType) => generateKey({ keyType })));
  if (rsa === undefined || p256 === undefined || p384 === undefined) throw new Error('three pairs');
  pairs = { rsa, p256, p384 };
  [authority, own] = [rsa, await generateKey({})];
}, 60_000);

function wished(part: Partial<Composition>): Composition {
  const validity = validityOf({ days: 30 }, 30, Date.now());
  const subject = { commonName: 'db1' };
  return { subject, publicKey: own.publicKey, validity, serial: randomSerial(), use: 'both', names: [], ...part };
}

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((value) => !/\p{Cc}/u.test(value) && value.trim() !== '');
const seconds = fc.integer({ min: Date.UTC(1950, 0) / 1000, max: Date.UTC(9999, 0) / 1000 });

it('says what was asked for, whatever the names, the dates, the serial number and the script', () => {
  fc.assert(
    fc.property(
      fc.record({ commonName: text, organization: text }),
      fc.record({ commonName: text, organization: fc.option(text, { nil: undefined }) }),
      fc.uniqueArray(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), { maxLength: 6 }),
      fc.tuple(seconds, seconds).filter(([from, to]) => from !== to),
      fc.tuple(fc.constantFrom(...uses), fc.constantFrom(...keyTypes), fc.constantFrom(...keyTypes)),
      (issuer, subject, names, [one, other], [use, above, below]) => {
        const authority = pairs[above];
        const root = wished({ subject: issuer, publicKey: authority.publicKey, use: 'authority' });
        const rootPem = compose(root, { key: authority.privateKey, certificatePem: undefined });
        const rootCertificate = new X509Certificate(rootPem);
        prove(rootPem, root, rootCertificate);
        const [notBefore, notAfter] = [new Date(Math.min(one, other) * 1000), new Date(Math.max(one, other) * 1000)];
        const validity = { notBefore, notAfter };
        const { publicKey } = pairs[below];
        const leaf = wished({ subject, publicKey, names: alternativeNames(names), validity, use });
        prove(compose(leaf, { key: authority.privateKey, certificatePem: rootPem }), leaf, rootCertificate);
      },
    ),
    { numRuns: 60 },
  );
});

it('is caught by the proof when anything differs', () => {
  const root = wished({ publicKey: authority.publicKey, use: 'authority', subject: { commonName: 'root' } });
  const signer = {
    key: authority.privateKey,
    certificatePem: compose(root, { key: authority.privateKey, certificatePem: undefined }),
  };
  const rootCertificate = new X509Certificate(signer.certificatePem);
  const leaf = wished({});
  const pem = compose(leaf, signer);
  const proved =
    (wish: Composition, by = pem) =>
    () =>
      prove(by, wish, rootCertificate);
  expect(proved(leaf)).not.toThrow();
  expect(proved({ ...leaf, publicKey: authority.publicKey })).toThrow(/its key is another one/);
  expect(proved({ ...leaf, subject: { commonName: 'db2' } })).toThrow(/its subject differs/);
  expect(proved({ ...leaf, use: 'client' })).toThrow(/for another use/);
  expect(proved({ ...leaf, serial: randomSerial() })).toThrow(/its serial number differs/);
  expect(proved({ ...leaf, names: alternativeNames(['db2']) })).toThrow(/its names differ/);
  expect(proved({ ...leaf, use: 'authority' })).toThrow(/wrong kind/);
  expect(proved({ ...leaf, validity: { ...leaf.validity, notAfter: new Date(0) } })).toThrow(/ends at another time/);
  expect(proved(leaf, compose(leaf, { ...signer, key: own.privateKey }))).toThrow(/signature is not by the authority/);
  expect(proved(leaf, compose(leaf, { key: own.privateKey, certificatePem: undefined }))).toThrow(
    /issuer is not the authority/,
  );
});

it('draws serial numbers of 128 bits that come back as they were drawn', () => {
  const serials = Array.from({ length: 2000 }, randomSerial);
  expect(new Set(serials).size).toBe(2000);
  for (const serial of serials) expect(serial).toMatch(/^(?!00)[0-9A-F]{32}$/);
  // The highest bit set, and a leading zero digit: the two shapes that encodings get wrong.
  for (const serial of ['FF'.repeat(16), `0A${'00'.repeat(15)}`, `80${'00'.repeat(15)}`]) {
    const wish = wished({ serial });
    expect(certificateOf(compose(wish, { key: own.privateKey, certificatePem: undefined })).serial).toBe(serial);
  }
});
