import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { versions } from '../../src/sandbox/versions.js';
import {
  formatMariadbGtids,
  highestByDomain,
  highestIn,
  parseMariadbGtids,
  reachesMariadb,
  unionMariadb,
  type MariadbGtids,
} from '../../src/domain/gtid-mariadb.js';
import {
  containsGtidSet,
  countGtidSet,
  formatGtidSet,
  parseGtidSet,
  subtractGtidSets,
  unionGtidSets,
} from '../../src/domain/gtid-mysql.js';
import { createCluster } from '../../src/sandbox/cluster.js';
import { coordinatesOf } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { seed } from './extent.js';
import { describeEach } from './matrix.js';
import { askOne } from './stage.js';

// What Lockstep works out about GTIDs, held against the server's own functions.
await describeEach(`GTID algebra (LOCKSTEP_SEED=${seed()})`, (version) => {
  const scope = new Scope();
  let server: SandboxServer;

  beforeAll(async () => {
    const cluster = await createCluster({ version, replicas: 0 });
    scope.defer(() => cluster.stop());
    server = cluster.primary;
  });

  afterAll(() => scope.end());

  if (versions[version].flavour === 'mysql')
    describe('of sets', () => {
      it('subtracts, compares and writes as GTID_SUBTRACT and GTID_SUBSET do', async () => {
        await fc.assert(
          fc.asyncProperty(written, written, async (one, other) => {
            const [row] = await server.sql(
              `SELECT GTID_SUBTRACT('${one}', '${other}') AS rest, GTID_SUBTRACT('${one}', '') AS canonical, GTID_SUBSET('${other}', '${one}') AS within`,
            );
            const [x, y] = [parseGtidSet(one), parseGtidSet(other)];
            expect(formatGtidSet(x)).toBe(plain(row?.['canonical']));
            expect(formatGtidSet(subtractGtidSets(x, y))).toBe(plain(row?.['rest']));
            expect(containsGtidSet(x, y)).toBe(row?.['within'] === '1');
          }),
          { seed: seed(), numRuns: 400 },
        );
      });

      it('reads nothing that the server refuses, and nothing otherwise than the server', async () => {
        await fc.assert(
          fc.asyncProperty(fc.oneof(scrambled, fc.constantFrom(...oddities)), async (text) => {
            const theirs = await server.sql(`SELECT GTID_SUBTRACT('${text}', '') AS canonical`).then(
              ([row]) => plain(row?.['canonical']),
              () => 'refused',
            );
            const ours = canonical(text);
            // The server is lenient beyond what it writes: a bare uuid, or a range from high to low, is an empty set to it.
            if (ours !== 'refused') expect(ours, JSON.stringify(text)).toBe(theirs);
          }),
          { seed: seed(), numRuns: 400 },
        );
      });

      it('adds up what the server executes, under its own uuid, under tags and under those of others', async () => {
        let model = parseGtidSet(await askOne(server, '@@global.gtid_executed'));
        await server.sql('CREATE DATABASE IF NOT EXISTS app');
        model = parseGtidSet(await askOne(server, '@@global.gtid_executed'));
        const gtid = fc.tuple(key, fc.integer({ min: 1, max: 30 }));
        for (const [name, number] of fc.sample(gtid, { seed: seed(), numRuns: 60 })) {
          const next = parseGtidSet(`${name}:${number}`);
          await server.run([`SET gtid_next = '${name}:${number}'`, 'BEGIN', 'COMMIT', "SET gtid_next = 'AUTOMATIC'"]);
          model = unionGtidSets(model, next);
        }
        const executed = await askOne(server, '@@global.gtid_executed');
        expect(formatGtidSet(model)).toBe(plain(executed));
        expect(countGtidSet(model)).toBe(countGtidSet(parseGtidSet(executed)));
      });
    });

  if (versions[version].flavour === 'mariadb')
    describe('of positions', () => {
      it('has reached what MASTER_GTID_WAIT need not wait for', async () => {
        await fc.assert(
          fc.asyncProperty(position, position, async (reached, wanted) => {
            await server.sql(`SET GLOBAL gtid_slave_pos = '${formatMariadbGtids(reached)}'`);
            const now = parseMariadbGtids(await askOne(server, '@@global.gtid_slave_pos'));
            expect(formatMariadbGtids(now)).toBe(formatMariadbGtids(reached));
            const waited = await askOne(server, `MASTER_GTID_WAIT('${formatMariadbGtids(wanted)}', 0)`);
            expect(reachesMariadb(reached, wanted)).toBe(waited === '0');
          }),
          { seed: seed(), numRuns: 150 },
        );
        await server.sql("SET GLOBAL gtid_slave_pos = ''");
      });

      it('follows gtid_binlog_state, gtid_binlog_pos and BINLOG_GTID_POS over writes in several domains and by several servers', async () => {
        await server.run(['SET GLOBAL gtid_strict_mode = 0', 'CREATE DATABASE app', 'CREATE TABLE app.t (id INT)']);
        let model = parseMariadbGtids(await askOne(server, '@@global.gtid_binlog_state'));
        // Not the domains of the positions above: those go on counting where gtid_slave_pos had got.
        const write = fc.record({
          domain: fc.integer({ min: 20, max: 23 }),
          writer: fc.integer({ min: 1, max: 4 }),
          skipped: fc.integer({ min: 0, max: 5 }),
        });
        for (const { domain, writer, skipped } of fc.sample(write, { seed: seed(), numRuns: 60 })) {
          const sequence = (highestIn(model, domain)?.sequence ?? 0n) + 1n + BigInt(skipped);
          await server.run([
            `SET gtid_domain_id = ${domain}`,
            `SET server_id = ${writer}`,
            ...(skipped === 0 ? [] : [`SET gtid_seq_no = ${sequence}`]),
            'INSERT INTO app.t VALUES (1)',
          ]);
          model = unionMariadb(model, parseMariadbGtids(`${domain}-${writer}-${sequence}`));
          const [row] = await server.sql(
            'SELECT @@global.gtid_binlog_state AS state, @@global.gtid_binlog_pos AS position',
          );
          expect(formatMariadbGtids(model)).toBe(sorted(row?.['state']));
          expect(formatMariadbGtids(newest(model))).toBe(sorted(row?.['position']));
          const at = await coordinatesOf(server);
          expect(sorted(await askOne(server, `BINLOG_GTID_POS('${at.file}', ${at.position})`))).toBe(
            formatMariadbGtids(newest(model)),
          );
        }
        expect(highestByDomain(model).size).toBeGreaterThan(1);
      });
    });
});

const uuids = ['3e11fa47-71ca-11e1-9e33-c80aa9429562', '00000001-aaaa-bbbb-cccc-000000000000'];
const key = fc.constantFrom(...uuids.flatMap((uuid) => [uuid, `${uuid}:blue`, `${uuid}:_x1`]));
const highest = 2n ** 63n - 2n;

/** Small numbers, so that sets overlap, touch and split; now and then the greatest that there are. */
const number = fc.oneof(
  { weight: 20, arbitrary: fc.bigInt({ min: 1n, max: 40n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: highest - 3n, max: highest }) },
);
const interval = fc.tuple(number, number).map(([one, other]) => {
  const [first, last] = one < other ? [one, other] : [other, one];
  return first === last ? `${first}` : `${first}-${last}`;
});
const part = fc
  .tuple(key, fc.array(interval, { minLength: 1, maxLength: 5 }), fc.boolean())
  .map(([name, intervals, upper]) => [upper ? name.toUpperCase() : name, ...intervals].join(':'));

/** A set as people and servers write it: any order, parts that repeat, space and line ends between parts. */
const written = fc
  .array(part, { maxLength: 6 })
  .chain((parts) =>
    fc
      .array(fc.constantFrom(',', ', ', ',\n', ' ,'), { minLength: parts.length, maxLength: parts.length })
      .map((commas) => parts.map((text, index) => (index === 0 ? text : `${commas[index] ?? ','}${text}`)).join('')),
  );

/** A set with one character more, less or other than it should have. */
const scrambled = fc
  .tuple(written, fc.nat(), fc.constantFrom('', ':', '-', ',', ' ', '0', 'x', 'blue:'), fc.nat({ max: 1 }))
  .map(([text, at, put, taken]) => {
    const place = at % (text.length + 1);
    return `${text.slice(0, place)}${put}${text.slice(place + taken)}`;
  });

const [uuid = ''] = uuids;
const oddities = [
  '',
  ' ',
  ',',
  ',,',
  uuid,
  `${uuid}:`,
  `${uuid}:0`,
  `${uuid}:1-0`,
  `${uuid}:5-3`,
  `${uuid}:1,`,
  `${uuid}:1,,${uuid}:2`,
  `${uuid}:9223372036854775806`,
  `${uuid}:9223372036854775807`,
  `${uuid}:blue`,
  `${uuid}:blue:1:green:2`,
  `${uuid}:1:blue:1-3:5:2`,
];

function canonical(text: string): string {
  try {
    return formatGtidSet(parseGtidSet(text));
  } catch {
    return 'refused';
  }
}

function plain(text: string | null | undefined): string {
  return (text ?? '').replaceAll(/\s/g, '');
}

const position = fc
  .array(
    fc.record({
      domain: fc.integer({ min: 0, max: 3 }),
      server: fc.integer({ min: 1, max: 4 }),
      sequence: fc.bigInt({ min: 1n, max: 60n }),
    }),
    { maxLength: 6 },
  )
  .map((list) => newest(parseMariadbGtids(formatMariadbGtids(list))));

/** One GTID per domain, as a position has. */
function newest(gtids: MariadbGtids): MariadbGtids {
  const all = [...gtids.keys()].flatMap((domain) => highestIn(gtids, domain) ?? []);
  return parseMariadbGtids(formatMariadbGtids(all));
}

/** The server's own order is by what it met first. */
function sorted(text: string | null | undefined): string {
  return (text ?? '')
    .split(',')
    .map((gtid) => gtid.trim())
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
    .join(',');
}
