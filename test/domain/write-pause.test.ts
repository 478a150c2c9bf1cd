import { describe, expect, it } from 'vitest';
import { columnFor } from '../../src/dialects/capabilities.js';
import { lastSignOfLife, pauseIn } from '../../src/domain/write-pause.js';
import { deadPrimary } from '../procedures/dead.js';
import { lookedAt, withChannel } from './build.js';

describe('a pause of writes', () => {
  const began = { 'paused-at': '1000', 'promoted-at': '1061' };

  it.each([
    ['until the new primary was open', began, 0.061, undefined],
    ['until all announcers had told it', { ...began, announced: '', 'announced-at': '1080' }, 0.061, 0.08],
    ['until the last had told it when asked again', { ...began, announced: 'x failed', 'announced-at': '1080', told: '', 'told-at': '9000' }, 0.061, 8], // prettier-ignore
    ['and not until one failed', { ...began, announced: 'x failed', 'announced-at': '1080', told: 'x failed', 'told-at': '9000' }, 0.061, undefined], // prettier-ignore
    ['as far as moments were noted', { ...began, 'promoted-at': undefined, announced: '', 'announced-at': '1080' }, undefined, 0.08], // prettier-ignore
    ['of an older Lockstep', { announced: '', frozen: '0-1-7' }, undefined, undefined],
    ['never while a clock was set back', { 'paused-at': '1000', 'promoted-at': '900' }, undefined, undefined],
  ])('%s', (_, notes, promoted, announced) => {
    expect(pauseIn(JSON.parse(JSON.stringify(notes)) as Record<string, string>)).toEqual({ promoted, announced });
  });
});

describe.each([
  columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
])('the last sign of life on $name', (column) => {
  const dead = deadPrimary(column);

  it('is what anybody heard last: Lockstep, or a replica', () => {
    expect(lastSignOfLife(dead, 'db1')).toBe(lookedAt - 12_000);
    const later = { ...dead, snapshot: withChannel(dead.snapshot, 'db3', { receivedAt: lookedAt - 11_500 }) };
    expect(lastSignOfLife(later, 'db1')).toBe(lookedAt - 11_500);
  });

  it('is not known where nobody has heard of it', () => {
    const deaf = ['db2', 'db3'].reduce((all, name) => withChannel(all, name, { receivedAt: undefined }), dead.snapshot);
    expect(lastSignOfLife({ ...dead, snapshot: deaf }, 'db1')).toBe(lookedAt - 12_000);
    expect(lastSignOfLife({ snapshot: deaf, site: dead.site }, 'db1')).toBeUndefined();
  });
});
