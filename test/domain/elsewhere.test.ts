import { describe, expect, it } from 'vitest';
import { domainsFromElsewhere, mysqlFromPrimary, type Received } from '../../src/domain/elsewhere.js';
import { parseMariadbGtids } from '../../src/domain/gtid-mariadb.js';
import { formatGtidSet, parseGtidSet } from '../../src/domain/gtid-mysql.js';
import { healthy } from './build.js';

const [db1, west] = ['00000001-aaaa-bbbb-cccc-000000000000', '0000000f-aaaa-bbbb-cccc-000000000000'];

/** db3, with a second channel from a server that nobody watches. */
function db3(flavour: 'mysql' | 'mariadb', received: string, slavePos = ''): Received {
  const facts = healthy(flavour).servers[2]?.facts;
  const [channel] = facts?.channels ?? [];
  if (facts === undefined || channel === undefined) throw new Error('db3 has no channel');
  const own = { ...channel, gtid: { ...channel.gtid, received } };
  const other = { ...channel, name: 'west', source: { ...channel.source, uuid: west, serverId: 15 } };
  const gtid = facts.gtid?.kind === 'mariadb' ? { ...facts.gtid, slavePos } : facts.gtid;
  return { facts: { ...facts, gtid, channels: [own, other] }, channel: own };
}

describe('what a replica has from elsewhere', () => {
  it('is not of the primary on MySQL, unless it came from there or another has some of it', () => {
    const of = (received: string, others: string) =>
      formatGtidSet(mysqlFromPrimary(parseGtidSet(`${db1}:1-9,${west}:1-5`), db3('mysql', received), parseGtidSet(others))); // prettier-ignore
    expect(of(`${db1}:5-9`, `${db1}:1-9`)).toBe(`${db1}:1-9`);
    expect(of(`${db1}:5-9,${west}:5`, `${db1}:1-9`)).toBe(`${db1}:1-9,${west}:1-5`);
    expect(of(`${db1}:5-9`, `${db1}:1-9,${west}:1`)).toBe(`${db1}:1-9,${west}:1-5`);
  });

  it('is a domain of its own on MariaDB, or counts', () => {
    const of = (received: string, others: string) => domainsFromElsewhere(db3('mariadb', received, received), parseMariadbGtids(others)); // prettier-ignore
    expect(of('0-1-100,7-15-5', '0-1-100')).toEqual([7]);
    expect(of('0-1-100,7-15-5', '0-1-100,7-15-4')).toEqual([]);
    expect(of('0-1-100,7-16-5', '0-1-100')).toEqual([]);
    expect(of('0-15-100', '')).toEqual([]);
  });
});
