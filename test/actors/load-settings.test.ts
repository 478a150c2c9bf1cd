import { expect, it } from 'vitest';
import { closing, opening } from '../../src/actors/copy/dump/settings.js';

it('changes what keeps rows out, and gives it back: last what keeps everybody from changing anything', () => {
  const were = { local_infile: 'OFF', super_read_only: 'ON' };
  expect(opening(were)).toEqual(['SET GLOBAL super_read_only = OFF', 'SET GLOBAL local_infile = ON']);
  expect(closing(were)).toEqual({
    first: ['SET GLOBAL local_infile = OFF'],
    last: ['SET GLOBAL super_read_only = ON'],
  });
});

it('leaves alone what was as it must be, and what a server does not have', () => {
  expect(opening({ local_infile: 'ON', super_read_only: 'OFF' })).toEqual([]);
  expect(closing({ local_infile: 'ON' })).toEqual({ first: [], last: [] });
});

it('opens what was closed again by a restart, and gives back what there was before the first try', () => {
  const were = { local_infile: 'OFF' };
  expect(opening({ local_infile: 'ON' })).toEqual([]);
  expect(closing(were).first).toEqual(['SET GLOBAL local_infile = OFF']);
});
