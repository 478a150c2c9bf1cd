import type { Look, Steps } from './looks.js';

/**
 * Error numbers on which replication threads stop, in the words of their messages; 0 is no error. From
 * `mysqld_error.h` and `errmsg.h`. 1950 is MariaDB's, those above 10000 are MySQL's.
 */
export const errnos: Readonly<Record<string, Look>> = {
  0: { text: 'none', colour: 'green' },
  1032: error(1032, 'row not found'),
  1045: error(1045, 'access denied'),
  1049: error(1049, 'unknown database'),
  1050: error(1050, 'table exists'),
  1062: error(1062, 'duplicate key'),
  1129: error(1129, 'host is blocked'),
  1146: error(1146, 'no such table'),
  1205: error(1205, 'lock wait timeout'),
  1213: error(1213, 'deadlock'),
  1236: error(1236, 'source cannot send its log'),
  1593: error(1593, 'fatal, as for equal server ids'),
  1594: error(1594, 'relay log unreadable'),
  1595: error(1595, 'relay log not writable'),
  1677: error(1677, 'column types differ'),
  1872: error(1872, 'its stored position is unreadable'),
  1950: error(1950, 'GTID out of order'),
  2003: error(2003, 'cannot connect'),
  2005: error(2005, 'unknown host'),
  2013: error(2013, 'connection lost'),
  2026: error(2026, 'TLS failed'),
  13114: error(13114, 'source cannot send its log'),
  13117: error(13117, 'fatal, as for equal server ids'),
  13121: error(13121, 'relay log unreadable'),
  13122: error(13122, 'relay log not writable'),
  13146: error(13146, 'column types differ'),
};

/** A number that is not among them is an error too. */
export const anyIsBad: Steps = ['green', [1, 'red']];

function error(errno: number, meaning: string): Look {
  return { text: `${errno} ${meaning}`, colour: 'red' };
}
