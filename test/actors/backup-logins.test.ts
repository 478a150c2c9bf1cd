import { expect, it } from 'vitest';
import { readBack, writtenDown } from '../../src/actors/copy/backup-logins.js';

it('reads the sessions of a backup as they were written down, and nothing else', () => {
  const sessions = [
    { id: 41, host: '127.0.0.2:43210' },
    { id: 4_294_967_296, host: 'db1.example:1024' },
  ];
  expect(readBack(writtenDown(sessions))).toEqual(sessions);
  expect(readBack(writtenDown([]))).toEqual([]);
  // What stands there until the backup has logged in.
  expect(readBack('[mariabackup]\nuser="lockstep"\npassword="# session 7 h:1"\n')).toEqual([]);
});
