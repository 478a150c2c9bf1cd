import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import { alertsCommand, changesOf } from '../../src/cli/alerts.js';

afterEach(() => void vi.restoreAllMocks());

describe('--set', () => {
  it('reads durations, sizes, counts and texts', () => {
    expect(
      changesOf(['lag=2m', 'relay_log=20GiB', 'gtid_gap=5', 'job=mysql|mariadb', 'runbook_base=https://w/?a=b']),
    ).toEqual({
      lag: 120,
      relay_log: 20 * 2 ** 30,
      gtid_gap: 5,
      job: 'mysql|mariadb',
      runbook_base: 'https://w/?a=b',
    });
  });

  it('refuses a name that there is not, and lists those that there are', () => {
    const failure = caught(() => changesOf(['lagg=2m']));
    expect(failure.code).toBe('unknown-setting');
    expect(failure.message).toContain('"lagg"');
    expect(failure.remedy).toContain('lag, far_behind, gtid_gap');
  });

  it.each([
    ['lag=60', /"60".*"lag"/, /duration.*lag=1m/],
    ['lag', /"lag" has no value/, /duration/],
    ['gtid_gap=many', /"many"/, /whole number/],
    ['relay_log=1GB', /"1GB"/, /GiB.*relay_log=10GiB/],
  ])('refuses %s', (given, message, remedy) => {
    const failure = caught(() => changesOf([given]));
    expect(failure.code).toBe('wrong-setting');
    expect(failure.message).toMatch(message);
    expect(failure.remedy).toMatch(remedy);
  });
});

describe('lockstep alerts', () => {
  it('writes a file for each subject, with what was set', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'lockstep-alerts-'));
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      const output = path.join(folder, 'rules');
      await alertsCommand().parseAsync(['--set', 'stopped=3m', '--set', 'lag=5m', '--output', output], {
        from: 'user',
      });
      expect((await readdir(output)).sort()).toEqual(
        ['automation', 'certificates', 'exporter', 'replication', 'tls', 'topology'].map((name) => `${name}.rules.yml`),
      );
      expect(await readFile(path.join(output, 'replication.rules.yml'), 'utf8')).toContain('the limit is 5m');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('prints all of them without --output', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await alertsCommand().parseAsync([], { from: 'user' });
    const text = write.mock.calls.map(([chunk]) => String(chunk)).join('');
    expect(text.match(/^groups:$/gm)).toHaveLength(1);
    expect(text.match(/^ {2}- name: /gm)).toHaveLength(6);
  });
});

function caught(work: () => unknown): LockstepError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof LockstepError) return thrown;
  }
  throw new Error('nothing was refused');
}
