import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparisonOf, mendingOf, type Before, type ComparedRange, type Range } from '../../src/actors/copy/dump/kept.js'; // prettier-ignore
import { tablesToFill, type TableToFill } from '../../src/actors/copy/dump/tables.js';
import type { ComparedTable, TableColumn } from '../../src/dialects/comparable.js';
import type { TableDefinition } from '../../src/dialects/definitions.js';

const definition =
  '  `id` int(11) NOT NULL AUTO_INCREMENT,\n  `word` varchar(9),\n  PRIMARY KEY (`id`),\n  KEY `w` (`word`)';

function table(
  body = definition,
  options = 'ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4',
  engine = 'InnoDB',
) {
  const statement = `CREATE TABLE \`t\` (\n${body}\n) ${options}`;
  const made: TableDefinition = { kind: 'table', schema: 's', name: 't', settings: '', statement, engine, rows: 10, bytes: 1000 }; // prettier-ignore
  const [one] = tablesToFill([made], new Map([['`s`.`t`', { select: '', load: '' }]]));
  if (one === undefined) throw new Error('no table');
  return one;
}

function column(name: string, dataType: string, more: Partial<TableColumn> = {}): TableColumn {
  return { name, type: dataType, dataType, nullable: false, charset: undefined, collation: undefined, bytes: undefined, virtual: false, ...more }; // prettier-ignore
}

const id = column('id', 'int');
const described = (...more: readonly TableColumn[]): ComparedTable => ({ schema: 's', name: 't', rows: 0, bytes: 0, columns: [id, ...more], key: { index: 'PRIMARY', columns: [id] } }); // prettier-ignore
const keyless = { ...described(), key: undefined };
const before = (one: ComparedTable, whole = true, other = one): Before => ({ donor: one, target: other, whole });
const noteOf = ({ digest }: TableToFill, whole = true) => ({ schema: 's', name: 't', digest, whole });

describe('a table that stands there from before', () => {
  it('is compared in ranges of its key, also where not all of it had come', () => {
    expect(comparisonOf(table(), noteOf(table()), before(described()))).toBe('ranges');
    expect(comparisonOf(table(), noteOf(table(), false), before(described(), false))).toBe('ranges');
  });

  it('is compared at once where no key names its rows, and only where all of it had come', () => {
    expect(comparisonOf(table(), noteOf(table()), before(keyless))).toBe('at-once');
    expect(comparisonOf(table(), noteOf(table(), false), before(keyless, false))).toBeUndefined();
  });

  it.each<[string, TableToFill, TableToFill | undefined, Before | undefined]>([
    ['nothing says how it was made', table(), undefined, before(described())],
    ['it is not there', table(), table(), undefined],
    ['it was made otherwise', table(), table(definition.replace('9', '10')), before(described())],
    ['its indexes were others', table(), table(definition.replace('KEY `w`', 'UNIQUE KEY `w`')), before(described())],
    ['its options were others', table(), table(definition, 'ENGINE=InnoDB DEFAULT CHARSET=latin1'), before(described())], // prettier-ignore
    ['its rows have no moment', table(definition, 'ENGINE=Aria', 'Aria'), table(definition, 'ENGINE=Aria', 'Aria'), before(described())], // prettier-ignore
    ['columns are described otherwise', table(), table(), before(described(), true, described(column('more', 'int')))],
    ['a float is in it', table(), table(), before(described(column('f', 'float')))],
    ['a double is in it', table(), table(), before(described(column('f', 'double')))],
    ['JSON is in it', table(), table(), before(described(column('f', 'json')))],
    ['a type is in it that nobody knows', table(), table(), before(described(column('f', 'vector')))],
  ])('is made anew where %s', (_, now, was, stands) => {
    expect(comparisonOf(now, was && noteOf(was), stands)).toBeUndefined();
  });

  it('is the same whatever its counter says, and only that', () => {
    expect(table(definition, 'ENGINE=InnoDB AUTO_INCREMENT=9 DEFAULT CHARSET=utf8mb4')).toMatchObject({ digest: table().digest, counter: '9' }); // prettier-ignore
    const told = table(definition, "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT=' AUTO_INCREMENT=9'");
    expect(told.counter).toBeUndefined();
    expect(told.digest).not.toBe(table(definition, "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT=''").digest);
  });

  it('keeps a float that is computed when it is read out of it', () => {
    expect(comparisonOf(table(), noteOf(table()), before(described(column('f', 'float', { virtual: true }))))).toBe('ranges'); // prettier-ignore
  });
});

/** Rows by their keys; two rows with the same value exclude each other. */
type Rows = ReadonlyMap<number, number>;

const rows = fc
  .uniqueArray(fc.tuple(fc.nat(30), fc.nat(60)), { selector: ([, value]) => value, maxLength: 25 })
  .map((pairs): Rows => new Map(pairs));

const within = ({ from, to }: Range, key: number) => (from === undefined || key > Number(from[0])) && (to === undefined || key <= Number(to[0])); // prettier-ignore
const inRange = (all: Rows, range: Range) => [...all].filter(([key]) => within(range, key));

/** As the servers would compare them: so many rows of the donor each, up to where the target holds no more. */
function comparedBy(donor: Rows, target: Rows, size: number): readonly ComparedRange[] {
  const keys = [...donor.keys()].sort((one, other) => one - other);
  const ranges: ComparedRange[] = [];
  for (let from: readonly string[] | undefined; ;) {
    const behind: Range = { from, to: undefined };
    if (inRange(target, behind).length === 0) return [...ranges, { ...behind, equal: false, rows: 0 }];
    const end = keys.filter((key) => within(behind, key))[size - 1];
    const range: Range = { from, to: end === undefined ? undefined : [String(end)] };
    const [ours, theirs] = [donor, target].map((all) => inRange(all, range).sort(([one], [other]) => one - other));
    ranges.push({ ...range, equal: JSON.stringify(ours) === JSON.stringify(theirs), rows: theirs?.length ?? 0 });
    if (range.to === undefined) return ranges;
    from = range.to;
  }
}

describe('mending a table', () => {
  it('leaves exactly the rows of the donor, and never has two rows that exclude each other', () => {
    fc.assert(
      fc.property(rows, rows, fc.integer({ min: 1, max: 6 }), (donor, target, size) => {
        const mending = mendingOf(comparedBy(donor, target, size));
        if (mending === undefined) return;
        const now = new Map(target);
        for (const range of mending.deletes) for (const [key] of inRange(now, range)) now.delete(key);
        expect(now.size).toBe(mending.kept);
        for (const range of mending.copies)
          for (const [key, value] of inRange(donor, range)) {
            expect(now.has(key)).toBe(false);
            expect([...now.values()]).not.toContain(value);
            now.set(key, value);
          }
        expect(new Map([...now].sort())).toEqual(new Map([...donor].sort()));
      }),
      { numRuns: 2000 },
    );
  });

  it('copies nothing of what is equal', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 6 }), (donor, size) => {
        const mending = mendingOf(comparedBy(donor, donor, size));
        expect(mending).toMatchObject({ deletes: [], kept: donor.size });
        expect(mending?.copies.flatMap((range) => inRange(donor, range))).toEqual([]);
      }),
    );
  });

  const range = (from: number, rows: number, equal: boolean): ComparedRange => ({ from: [String(from)], to: [String(from + 1)], rows, equal }); // prettier-ignore

  it('reads neighbours that differ as one, the end that has not come with them', () => {
    const last: ComparedRange = { from: ['4'], to: undefined, rows: 0, equal: false };
    const ranges = [range(1, 5, true), range(2, 5, true), range(3, 5, false), last];
    expect(mendingOf(ranges)?.copies).toEqual([{ from: ['3'], to: undefined }]);
  });

  it('makes it anew where most of what is there differs; what has not come does not count', () => {
    expect(mendingOf([range(1, 5, true), range(2, 5, false), range(3, 5, false)])).toBeUndefined();
    expect(mendingOf([range(1, 5, true), range(2, 0, false), range(3, 0, false)])).toMatchObject({ kept: 5 });
  });
});
