import { describe, expect, it } from 'vitest';
import { between, placeWords, rowChecksum, type TableColumn, type TableKey } from '../../src/dialects/comparable.js';
import { comparedTable, definitionsDiffer, listedTables } from '../../src/dialects/table-listing.js';

function column(name: string, dataType: string, more: Partial<TableColumn> = {}): TableColumn {
  return { name, type: dataType, dataType, nullable: false, charset: undefined, collation: undefined, bytes: undefined, virtual: false, ...more }; // prettier-ignore
}

const text = { charset: 'latin1', collation: 'latin1_german1_ci', bytes: 40 } as const;
const pair: TableKey = { index: 'PRIMARY', columns: [column('lang', 'varchar', text), column('page', 'int')] };

describe('a range of keys', () => {
  it('is written so that servers use the index', () => {
    expect(between(pair, ['656E', '7'], ['656E', '90'])).toBe(
      "((`lang` > _latin1 X'656E') OR (`lang` = _latin1 X'656E' AND `page` > 7)) AND ((`lang` < _latin1 X'656E') OR (`lang` = _latin1 X'656E' AND `page` <= 90))",
    );
    expect(between(pair, undefined, undefined)).toBe('TRUE');
  });

  it('takes no value that the server cannot have printed', () => {
    const id: TableKey = { index: 'PRIMARY', columns: [column('id', 'int')] };
    for (const value of ['1 OR 1', "1'", '', '0x1', '1e3'])
      expect(() => between(id, [value], undefined)).toThrow(TypeError);
    expect(() => between(pair, ["6' OR '", '1'], undefined)).toThrow(TypeError);
    const day: TableKey = { index: 'PRIMARY', columns: [column('day', 'date')] };
    expect(() => between(day, ["2026-01-01' OR '1"], undefined)).toThrow(TypeError);
    expect(between(day, ['2026-01-01'], undefined)).toBe("(`day` > '2026-01-01')");
  });

  it('is told to people as SQL writes it', () => {
    expect(placeWords(pair, ['656E', '7'])).toBe("('en', 7)");
    expect(placeWords(pair, ['1B5B', '7'])).toBe('(0x1B5B, 7)');
    expect(placeWords({ index: 'k', columns: [column('k', 'varbinary', { bytes: 16 })] }, ['00FF'])).toBe('0x00FF');
  });
});

describe('the checksum of a row', () => {
  it('leaves out what is computed when it is read, and takes long values by their own checksum', () => {
    const sum = rowChecksum([
      column('id', 'int'),
      column('body', 'longtext', { bytes: 4e9, nullable: true }),
      column('half', 'int', { virtual: true }),
    ]);
    expect(sum).toBe(
      "CAST(CONV(LEFT(SHA2(CONCAT_WS('#', `id`, SHA2(`body`, 256), CONCAT(ISNULL(`body`))), 256), 15), 16, 10) AS UNSIGNED)",
    );
  });

  it('quotes every name', () => {
    expect(rowChecksum([column('a`b', 'int')])).toContain('`a``b`');
  });
});

describe('a description of a table', () => {
  const listed = listedTables([{ s: 'app', t: 'page', r: '10', b: '16384' }])[0];
  const columns = (type: string, charset: string) => [
    { c: 'id', t: type, d: 'int', n: 'NO', s: null, o: null, b: null, x: '' },
    { c: 'word', t: 'varchar(9)', d: 'varchar', n: 'YES', s: charset, o: `${charset}_bin`, b: '36', x: '' },
  ];
  const table = (type: string, charset: string, indexes: readonly Readonly<Record<string, string | null>>[] = []) => {
    if (listed === undefined) throw new Error('nothing is listed');
    const made = comparedTable(listed, columns(type, charset), indexes);
    if (made === undefined) throw new Error('it has columns');
    return made;
  };

  it('is the same in the words of every version', () => {
    expect(definitionsDiffer(table('int(11) unsigned', 'utf8'), table('int unsigned', 'utf8mb3'))).toBeUndefined();
    expect(definitionsDiffer(table('int', 'utf8mb3'), table('int unsigned', 'utf8mb3'))).toContain('column id int NOT NULL there'); // prettier-ignore
    expect(definitionsDiffer(table('int', 'utf8mb3'), table('int', 'latin1'))).toContain('latin1');
  });

  it('has as its key what names every row once and whole', () => {
    const of = (...indexes: readonly Readonly<Record<string, string | null>>[]) => table('int', 'utf8mb3', indexes).key?.index; // prettier-ignore
    expect(of({ i: 'PRIMARY', c: 'id', p: null })).toBe('PRIMARY');
    expect(of({ i: 'nullable', c: 'word', p: null }, { i: 'u', c: 'ID', p: null })).toBe('u');
    expect(of({ i: 'prefix', c: 'id', p: '3' })).toBeUndefined();
    expect(of({ i: 'expression', c: null, p: null })).toBeUndefined();
    expect(of({ i: 'both', c: 'id', p: null }, { i: 'both', c: 'word', p: null })).toBeUndefined();
  });
});
