import { expect, it } from 'vitest';
import { soonestExpiry } from '../../src/domain/expiry.js';
import { spell } from '../../src/domain/spell.js';
import { healthy, now, seen, withServer } from './build.js';

it.each([
  [0, '0 s'],
  [0.4, '0 s'],
  [59.6, '1 min'],
  [61, '1 min 1 s'],
  [3600, '1 h'],
  [3_661, '1 h 1 min'],
  [86_400 * 29 + 4 * 3600 + 59, '29 d 4 h'],
  [86_400 + 59, '1 d'],
  [-61, '-1 min 1 s'],
])('spells %d as %s', (seconds, text) => {
  expect(spell(seconds)).toBe(text);
});

it('finds the certificate that ends first, of any role', () => {
  const certificates = [
    seen({ notAfter: now + 9 }),
    seen({ role: 'client', channel: '', notAfter: now - 5 }),
    seen({ role: 'ca', notAfter: now + 2 }),
  ];
  const [server] = withServer(healthy('mysql'), 'db1', () => ({ certificates })).servers;
  expect(server && soonestExpiry(server)).toBe(certificates[1]);
  expect(server && soonestExpiry({ ...server, certificates: [] })).toBe(undefined);
});
