import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import { Secret } from '../../src/base/secret.js';
import type { Stage } from './stage.js';
import { word } from './words.js';

/** How every kind of host runs programs. */
export function programCases(stage: Stage): void {
  const { at, allowed, signal } = stage;

  it('hands on every word and every byte as it is', async () => {
    const words = fc.array(word, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(words, fc.uint8Array({ maxLength: 100 }), async (given, bytes) => {
        const stdin = Buffer.from(bytes);
        const script = 'printf "%s\\0" "$@"; od -An -v -tx1 | tr -d " \\n" >&2';
        const { code, stdout, stderr } = await stage.host.run(['/bin/sh', '-c', script, 'x', ...given], {
          signal,
          stdin,
        });
        const printed = given.length === 0 ? '\0' : given.map((one) => `${one}\0`).join('');
        expect([code, stdout, stderr]).toEqual([0, printed, stdin.toString('hex')]);
      }),
      { numRuns: stage.lean ? 4 : 12 },
    );
  });

  it('hands out the streams of a program, so that one prints what another reads', async () => {
    const from = await stage.host.start(['/bin/sh', '-c', 'head -c 300000 /dev/zero; echo end'], { signal });
    const to = await stage.host.start(['/bin/sh', '-c', 'wc -c'], { signal });
    const said: Buffer[] = [];
    to.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    from.stdin.end();
    from.stdout.pipe(to.stdin);
    from.stderr.resume();
    to.stderr.resume();
    expect(await Promise.all([from.ended, to.ended])).toEqual([0, 0]);
    expect(Buffer.concat(said).toString().trim()).toBe('300004');
    await expect(stage.host.start(['/bin/ls'], { signal })).rejects.toMatchObject({ code: 'not-allowed' });
  });

  it('runs a program: its code, its output up to the limit, its environment', async () => {
    const sh = (script: string, more: object = {}) => stage.host.run(['/bin/sh', '-c', script], { signal, ...more });
    expect(await sh('echo out; echo err >&2; exit 5')).toEqual({
      code: 5,
      stdout: 'out\n',
      stderr: 'err\n',
      cut: false,
    });
    expect((await sh('kill -9 $$')).code).not.toBe(0);
    const long = await sh('head -c 300000 /dev/zero | tr "\\0" x; echo done >&2', { maxOutput: 1000 });
    expect(long).toEqual({ code: 0, stdout: 'x'.repeat(1000), stderr: 'done\n', cut: true });
    const environment = { LOCKSTEP_WORD: "it's $HOME" };
    expect((await sh('printf %s "$LOCKSTEP_WORD:$LC_ALL"', { environment })).stdout).toBe("it's $HOME:C");
    await expect(sh(':', { environment: { 'A;touch': 'x' } })).rejects.toMatchObject({ code: 'not-allowed' });
    // What stays behind with the output open holds nobody up.
    const { stdout } = await sh('sleep 30 & echo $!');
    process.kill(Number(stdout));
  });

  // Root is not served so by OpenSSH.
  if (stage.ends)
    it('asks a program to end when it is told to give up', async () => {
      const ending = new AbortController();
      const marker = at('marker');
      const running = stage.host.run(
        [
          '/bin/sh',
          '-c',
          `trap 'touch ${marker}; exit' TERM HUP; echo x > ${marker}1; for round in $(seq 400); do sleep 0.05; done`,
        ],
        {
          signal: ending.signal,
        },
      );
      await expect.poll(() => readdirSync(allowed), { timeout: 5000 }).toEqual(['marker1']);
      ending.abort(new Error('enough'));
      await expect(running).rejects.toThrow('enough');
      await expect.poll(() => readdirSync(allowed).sort(), { timeout: 5000 }).toEqual(['marker', 'marker1']);
      for (const name of ['marker', 'marker1']) await stage.host.remove(at(name), { signal });
    });

  it('says that a program is missing, and restarts services', async () => {
    const missing = await stage.host.run(['/usr/bin/no-such-program'], { signal }).catch((error: unknown) => error);
    expect(missing instanceof LockstepError ? missing.code : (missing as { code: number }).code).toSatisfy((code) =>
      ['program-missing', 127].includes(code as never),
    );
    await stage.host.restart('good', { signal });
    await stage.host.remove(at('restarted'), { signal });
    await expect(stage.host.restart('bad', { signal })).rejects.toMatchObject({
      code: 'restart-failed',
      message: expect.stringMatching(/ended with 3: broken$/) as string,
    });
  });

  it('shows a secret in no command, no environment and no error', async () => {
    const word = `secret-${randomBytes(16).toString('hex')}`;
    const secret = new Secret(word);
    const everybody =
      'cat > /dev/null; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2> /dev/null | tr "\\0" "\\n"; echo end';
    const { stdout } = await stage.host.run(['/bin/sh', '-c', everybody], {
      signal,
      stdin: secret,
      maxOutput: 50_000_000,
    });
    expect(stdout).toMatch(/end\n$/);
    expect(stdout).not.toContain(word);
    const state = { over: false };
    const large = new Secret(word.repeat(20_000));
    const writing = stage.host.write(at('key'), large, { signal }).then(() => (state.over = true));
    const seen: string[] = [];
    while (!state.over) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) seen.push(wordsOf(pid));
      await new Promise((next) => setImmediate(next));
    }
    await writing;
    expect(seen.length).toBeGreaterThan(10);
    expect(seen.join('\n').includes(word)).toBe(false);
    await stage.host.remove(at('key'), { signal });
    const error: unknown = await stage.host
      .write(at('none/key'), secret, { signal })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LockstepError);
    expect(`${String(error)} ${JSON.stringify(error)} ${(error as Error).stack ?? ''}`).not.toContain(word);
  });
}

function wordsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
