import { describe, expect, it } from 'vitest';
import { readFurther, relayReadingFrom, type RelayEvent } from '../../src/domain/relay-log.js';

/** `Gtid 671 BEGIN GTID 0-1-3` */
function reading(...events: readonly string[]) {
  const start = relayReadingFrom({ file: 'bin.000001', position: 629 });
  const { whole, transaction } = events.map(parsed).reduce((now, event) => readFurther(now, event, 'relay'), start);
  return [`${whole.file} ${whole.position}`, transaction];
}

function parsed(line: string): RelayEvent {
  const [, type = '', end, info = ''] = /^(\S+) (\d+) ?(.*)$/.exec(line) ?? [];
  return { type, end: Number(end), info };
}

const mariadb = ['Gtid 671 BEGIN GTID 0-1-3', 'Annotate_rows 700 INSERT INTO t VALUES (1)', 'Table_map 740 table_id: 19 (app.t)', 'Write_rows_v1 780 table_id: 19']; // prettier-ignore
const mysql = ["Anonymous_Gtid 700 SET @@SESSION.GTID_NEXT= 'ANONYMOUS'", 'Query 771 BEGIN', 'Table_map 800 table_id: 109 (app.t)', 'Write_rows 900 table_id: 109']; // prettier-ignore

describe('what a relay log holds behind its applier', () => {
  it.each<[string, readonly string[], string, string]>([
    ['nothing', [], 'bin.000001 629', 'none'],
    ['half a transaction of MariaDB', mariadb, 'bin.000001 629', 'open'],
    ['a whole one', [...mariadb, 'Xid 811 COMMIT /* xid=35 */'], 'bin.000001 811', 'none'],
    ['half a transaction of MySQL', mysql, 'bin.000001 629', 'open'],
    ['a whole one of MySQL', [...mysql, 'Xid 931 COMMIT /* xid=35 */'], 'bin.000001 931', 'none'],
    ['a GTID alone', mysql.slice(0, 1), 'bin.000001 629', 'announced'],
    ['a statement that stands alone', ['Gtid 671 GTID 0-1-3', 'Query 750 use `app`; CREATE TABLE t (id INT)'], 'bin.000001 750', 'none'], // prettier-ignore
    ['one that stands alone on MySQL', ["Gtid 700 SET @@SESSION.GTID_NEXT= 'a:1'", 'Query 790 use `a``b`; DROP TABLE t /* xid=9 */'], 'bin.000001 790', 'none'], // prettier-ignore
    ['statements within one', [...mariadb.slice(0, 1), 'Query 700 use `app`; UPDATE t SET n = 1', 'Intvar 720 INSERT_ID=3', 'Query 800 SAVEPOINT a', 'Query 820 ROLLBACK TO a'], 'bin.000001 629', 'open'], // prettier-ignore
    ['a transaction without InnoDB', [...mariadb, 'Query 850 COMMIT'], 'bin.000001 850', 'none'],
    ['one that was rolled back', [...mariadb, 'Query 850 use `app`; ROLLBACK'], 'bin.000001 850', 'none'],
    ['a compressed transaction', ["Gtid 700 SET @@SESSION.GTID_NEXT= 'a:1'", "Transaction_payload 900 compression='ZSTD'"], 'bin.000001 900', 'none'], // prettier-ignore
    ['a prepared XA transaction', ["Gtid 700 SET @@SESSION.GTID_NEXT= 'a:1'", "Query 760 XA START X'61',X'',1", 'Write_rows 800 t', "Query 850 XA END X'61',X'',1", "XA_prepare 890 XA PREPARE X'61',X'',1"], 'bin.000001 890', 'none'], // prettier-ignore
    ['an XA transaction on MariaDB', ["Gtid 671 XA START X'61',X'',1 GTID 0-1-9", 'Write_rows_v1 780 t'], 'bin.000001 629', 'open'], // prettier-ignore
    ['the beginning of a relay log', ['Format_desc 256 Server ver', 'Rotate 0 bin.000001;pos=629', 'Format_desc 0 Server ver'], 'bin.000001 629', 'none'], // prettier-ignore
    ['half of one over the end of a relay log', [...mariadb, 'Rotate 0 relay.000003;pos=4', 'Format_desc 256 Server ver', 'Write_rows_v1 990 table_id: 19'], 'bin.000001 629', 'open'], // prettier-ignore
    ['the source’s next log', [...mariadb, 'Xid 811 COMMIT', 'Rotate 860 bin.000002;pos=4', 'Gtid_list 300 []', ...mariadb], 'bin.000002 4', 'open'], // prettier-ignore
    ['one whose beginning came again', [...mariadb, ...mariadb, 'Xid 811 COMMIT'], 'bin.000001 811', 'none'],
  ])('is %s', (_, events, whole, transaction) => {
    expect(reading(...events)).toEqual([whole, transaction]);
  });
});
