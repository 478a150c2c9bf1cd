import { expect, it } from 'vitest';
import { accountFor } from '../../src/domain/account-match.js';
import { coversHost } from '../../src/domain/certificate-name.js';

const account = (user: string, host: string) => ({ user, host, requires: 'nothing' as const });

it.each<[string, string, string | undefined]>([
  ['app', 'localhost', 'localhost'],
  ['app', '10.1.2.3', '10.1.0.0/255.255.0.0'],
  ['app', '10.2.2.3', '%'],
  ['other', '10.0.0.1', undefined],
  ['gone', '10.0.0.1', undefined],
])('finds the account of %s from %s', (user, client, host) => {
  const accounts = [
    account('app', '%'),
    account('app', 'localhost'),
    account('app', '10.1.0.0/255.255.0.0'),
    account('other', 'db%'),
  ];
  expect(accountFor(accounts, user, client)?.host).toBe(host);
});

it.each<[readonly string[], string, boolean | undefined]>([
  [['db1.example'], 'DB1.example.', true],
  [['*.example'], 'db1.example', true],
  [['*.example'], 'a.db1.example', false],
  [['*.example'], 'example', false],
  [['10.0.0.1'], '10.0.0.1', true],
  [['db2.example', '10.0.0.2'], 'db1.example', false],
  [[], 'db1.example', undefined],
  [['::1'], '0:0:0:0:0:0:0:1', undefined],
])('%j covers %s: %s', (names, host, expected) => {
  expect(coversHost(names, host)).toBe(expected);
});
