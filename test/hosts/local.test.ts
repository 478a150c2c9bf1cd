import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openHost } from '../../src/hosts/open.js';
import { hostSuite } from './suite.js';

hostSuite('local', (limits) => openHost({ kind: 'local', sudo: false, ...limits }));

describe('files of this machine', () => {
  const base = mkdtempSync(path.join(tmpdir(), 'lockstep-local-'));
  const host = openHost({ kind: 'local', sudo: false, paths: [], programs: [], services: {} });
  const { signal } = new AbortController();
  afterAll(() => rmSync(base, { recursive: true }));

  it('are read wherever they are, for Lockstep may read them anyway', async () => {
    mkdirSync(path.join(base, 'a'));
    writeFileSync(path.join(base, 'a/cert.pem'), 'x');
    symlinkSync('a/cert.pem', path.join(base, 'link'));
    expect((await host.read(path.join(base, 'link'), { signal })).toString()).toBe('x');
    await expect(host.write(path.join(base, 'a/cert.pem'), Buffer.from('y'), { signal })).rejects.toMatchObject({
      code: 'not-allowed',
    });
  });

  it('are files: a device that a server names holds nobody up', async () => {
    for (const device of ['/dev/zero', '/proc/self']) {
      await expect(host.read(device, { signal }), device).rejects.toMatchObject({ code: 'not-a-file' });
    }
    expect((await host.read('/proc/version', { signal })).length).toBeGreaterThan(0);
  });
});
