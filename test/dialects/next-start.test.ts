import { describe, expect, it } from 'vitest';
import { nextStartOf, printedSettings } from '../../src/dialects/next-start.js';

/** The end of what `mariadbd --verbose --help` prints, shortened. */
const printed = `  -W, --log-warnings[=#] Log some not critical warnings.

Variables (--variable-name=value)
and boolean options {FALSE|TRUE}                              Value (after reading options)
------------------------------------------------------------ -------------
allow-suspicious-udfs                                        FALSE
general-log                                                  FALSE
innodb-buffer-pool-size                                      104857600
init-connect                                                 (No default value)
long-query-time                                              2
max-connections                                              77
optimizer-switch                                             index_merge=on,mrr=off
slow-query-log                                               TRUE
sql-mode                                                     STRICT_TRANS_TABLES,NO_ZERO_DATE

To see what values a running server is using, type
'mysqladmin variables' instead of 'mysqld --verbose --help'.
`;

const row = (name: string, value: string, persisted: string | null = null) => ({ name, value, persisted });
const next = (...rows: readonly ReturnType<typeof row>[]) => nextStartOf(rows, printed);

describe('the next start of a server', () => {
  it('is read from the table at the end of what its program prints, and nowhere else', () => {
    const table = printedSettings(printed);
    expect(table.get('max_connections')).toBe('77');
    expect(table.get('init_connect')).toBe('(No default value)');
    expect([...table.keys()]).not.toContain('To');
    expect(table.size).toBe(9);
    expect(printedSettings('Usage: mariadbd [OPTIONS]\n').size).toBe(0);
  });

  it('changes what is in force and would be otherwise', () => {
    expect(
      next(row('max_connections', '171'), row('slow_query_log', 'OFF'), row('init_connect', 'SET @a = 1')),
    ).toEqual({
      surely: ['max_connections', 'slow_query_log', 'init_connect'],
      perhaps: [],
    });
  });

  it('keeps what it would be set to anyway, however that is written', () => {
    const same = [
      row('max_connections', '77'),
      row('long_query_time', '2.000000'),
      row('general_log', 'OFF'),
      row('slow_query_log', '1'),
      row('init_connect', ''),
      row('sql_mode', 'NO_ZERO_DATE,STRICT_TRANS_TABLES'),
    ];
    expect(next(...same)).toEqual({ surely: [], perhaps: [] });
  });

  it('is not known of what the table does not name, or rounds only later', () => {
    expect(next(row('gtid_strict_mode', 'ON'), row('innodb_buffer_pool_size', '134217728'))).toEqual({
      surely: [],
      perhaps: ['gtid_strict_mode', 'innodb_buffer_pool_size'],
    });
    expect(next(row('innodb_buffer_pool_size', '104857600'))).toEqual({ surely: [], perhaps: [] });
  });

  it('takes what is persisted before what the table says', () => {
    expect(next(row('max_connections', '171', '171'), row('long_query_time', '2.000000', '7'))).toEqual({
      surely: ['long_query_time'],
      perhaps: [],
    });
  });

  it('is not known at all where nothing was printed', () => {
    expect(nextStartOf([row('max_connections', '171')], '')).toBeUndefined();
  });
});
