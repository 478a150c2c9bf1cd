import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostLimits } from '../../src/hosts/allowed.js';
import { runProgram } from '../../src/hosts/launcher.js';
import { LocalLauncher } from '../../src/hosts/local-launcher.js';
import { openHost } from '../../src/hosts/open.js';
import { codes, write } from '../../src/hosts/scripts.js';
import { hostSuite } from './suite.js';

hostSuite('command', (limits) => openHost({ kind: 'command', command: ['env'], ...limits }));

const { signal } = new AbortController();
const base = mkdtempSync(path.join(tmpdir(), 'lockstep-command-'));
const limits: HostLimits = { paths: [base], programs: ['/bin/sh'], services: {} };
afterAll(() => rmSync(base, { recursive: true }));

describe('what lies in between', () => {
  it('must hand on words as they are, or nothing is done', async () => {
    const joining = openHost({ kind: 'command', command: ['sh', '-c', 'eval "$*"', 'x'], ...limits });
    const file = path.join(base, '$(touch injected)');
    for (const work of [
      joining.write(file, Buffer.from('x'), { signal }),
      joining.run(['/bin/sh', '-c', ':'], { signal }),
    ]) {
      await expect(work).rejects.toMatchObject({ code: 'host-unreachable' });
    }
    expect(readdirSync(base)).toEqual([]);
  });

  it('must hand on bytes as they are', async () => {
    const host = openHost({ kind: 'command', command: ['sh', '-c', 'tr -d "\\r" | "$@"', 'x'], ...limits });
    await expect(host.write(path.join(base, 'x'), Buffer.from('x'), { signal })).rejects.toThrow(
      /does not arrive there/,
    );
    expect(readdirSync(base)).toEqual([]);
  });

  it('says why it leads nowhere, also when it did before', async () => {
    const absent = openHost({ kind: 'command', command: ['/no/such/docker', 'exec'], ...limits });
    await expect(absent.stat(base, { signal })).rejects.toMatchObject({
      code: 'host-unreachable',
      message: expect.stringMatching(/^\/no\/such\/docker exec cannot be reached: .*cannot be started/) as string,
    });
    const door = path.join(base, 'door');
    const script = 'if [ -e "$0" ]; then exec "$@"; else echo "No such container: db1" >&2; exit 1; fi';
    const host = openHost({ kind: 'command', command: ['sh', '-c', script, door], ...limits });
    const closed = { code: 'host-unreachable', message: expect.stringMatching(/No such container: db1$/) as string };
    await expect(host.stat(door, { signal })).rejects.toMatchObject(closed);
    writeFileSync(door, '');
    expect((await host.stat(door, { signal }))?.kind).toBe('file');
    expect((await host.run(['/bin/sh', '-c', 'exit 1'], { signal })).code).toBe(1);
    rmSync(door);
    await expect(host.stat(door, { signal })).rejects.toMatchObject(closed);
    await expect(host.run(['/bin/sh', '-c', 'exit 1'], { signal })).rejects.toMatchObject(closed);
  });
});

it('puts nothing in place that did not arrive whole: a death in the middle of the content', async () => {
  const file = path.join(base, 'half');
  writeFileSync(file, 'old');
  const argv = ['sh', '-c', write, 'lockstep', file, '10', '', '', '', 'yes', 'token'];
  const launcher = new LocalLauncher('local');
  for (const stdin of ['', 'half', 'more than was announced']) {
    expect((await runProgram(launcher, argv, { signal, stdin: Buffer.from(stdin) })).code).toBe(codes.short);
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(base)).toEqual(['half']);
  }
  rmSync(file);
});

describe.skipIf(process.getuid?.() !== 0)('without the rights', () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
  const host = openHost({ kind: 'command', command: nobody, ...limits });
  const [closed, open] = ['closed', 'open'].map((name) => path.join(base, name));
  const denied = { code: 'permission-denied' };

  beforeAll(() => {
    chmodSync(base, 0o755);
    for (const directory of [closed, open]) {
      mkdirSync(directory ?? '');
      writeFileSync(path.join(directory ?? '', 'file'), 'x', { mode: 0o600 });
    }
    chmodSync(closed ?? '', 0o700);
  });

  it('takes what it may not see for unknown, never for absent', async () => {
    await expect(host.stat(`${closed}/file`, { signal })).rejects.toMatchObject(denied);
    await expect(host.stat(`${closed}/none`, { signal })).rejects.toMatchObject(denied);
    await expect(host.remove(`${closed}/none`, { signal })).rejects.toMatchObject(denied);
    expect(await host.stat(`${open}/none`, { signal })).toBeUndefined();
  });

  it('is refused, and leaves everything as it was', async () => {
    const file = `${open}/file`;
    await expect(host.read(file, { signal })).rejects.toMatchObject(denied);
    await expect(host.write(file, Buffer.from('y'), { signal })).rejects.toMatchObject(denied);
    await expect(host.remove(file, { signal })).rejects.toMatchObject(denied);
    await expect(host.makeDirectory(`${open}/new`, { signal, mode: 0o700 })).rejects.toMatchObject(denied);
    await expect(host.symlink(`${open}/new`, 'file', { signal })).rejects.toMatchObject(denied);
    chmodSync(open ?? '', 0o777);
    await expect(host.write(`${open}/file`, Buffer.from('y'), { signal })).rejects.toMatchObject(denied);
    expect(readdirSync(open ?? '')).toEqual(['file']);
    expect(readFileSync(file, 'utf8')).toBe('x');
  });
});
