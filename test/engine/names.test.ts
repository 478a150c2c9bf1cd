import { expect, it } from 'vitest';
import { checkedParameters } from '../../src/engine/parameters.js';
import { reissueCertificates } from '../../src/procedures/certificates/rotation/reissue-certificates.js';

const clusters = [{ name: 'production', servers: ['db1'] }];

it.each(['', 'shop', 'shop,reports', 'a.b-c_d,9'])('takes %j as names', (acknowledged) => {
  const given = { cluster: 'production', acknowledged };
  expect(checkedParameters(reissueCertificates, given, clusters)).toEqual(given);
});

it.each([',', 'shop,', ',shop', 'shop reports', 'shop,,reports', '-x', "x'", 'é'])('refuses %j', (acknowledged) => {
  const given = { cluster: 'production', acknowledged };
  expect(() => checkedParameters(reissueCertificates, given, clusters)).toThrow('is no list of names');
});
