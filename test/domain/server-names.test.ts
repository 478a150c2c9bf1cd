import { expect, it } from 'vitest';
import { namesMissing, serverNames } from '../../src/domain/server-names.js';

const cluster = {
  names: ['masterdb.example', 'MasterDB.example.'],
  serverTls: { names: ['proxy.example', '192.0.2.100'] },
  tls: { serverName: 'any.example' },
};
const server = { address: { host: 'db1.example.' }, serverTls: { names: ['db1', '2001:db8::1'] } };

it('names a server by all that clients may call it, its address first', () => {
  expect(serverNames(server, cluster, ['source.example', 'DB1'])).toEqual([
    'db1.example',
    'db1',
    '2001:db8::1',
    'masterdb.example',
    'proxy.example',
    '192.0.2.100',
    'any.example',
    'source.example',
  ]);
  expect(serverNames({ address: { host: '10.0.0.1' } }, { names: [], tls: { serverName: undefined } })).toEqual([
    '10.0.0.1',
  ]);
});

it('finds the names that a certificate lacks', () => {
  const certificate = { names: ['DB1.example', '2001:db8::1', '*.example', '10.0.0.1'] };
  expect(namesMissing(certificate, ['db1.EXAMPLE', '2001:DB8:0::1', '10.0.0.1'])).toEqual([]);
  expect(namesMissing(certificate, ['db2.example', '10.0.0.2'])).toEqual(['db2.example', '10.0.0.2']);
});
