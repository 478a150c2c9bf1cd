import { expect, it } from 'vitest';
import { soonestExpiry } from '../../src/domain/expiry.js';
import { healthy, now, seen, withServer } from './build.js';

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
