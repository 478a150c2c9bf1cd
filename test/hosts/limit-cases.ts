import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Stage } from './stage.js';

/** What no kind of host does, whatever it is asked for. */
export function limitCases(stage: Stage): void {
  const { at, allowed, outside, signal } = stage;
  const base = path.dirname(allowed);

  it('touches nothing outside of what is allowed', async () => {
    symlinkSync(outside, at('way-out'));
    symlinkSync('../outside/kept', at('link-out'));
    mkdirSync(`${allowed}-beside`);
    const refused = { code: 'not-allowed' };
    const kept = path.join(outside, 'kept');
    const paths = [
      kept,
      at('way-out/kept'),
      `${allowed}-beside/x`,
      `${allowed}/../outside/kept`,
      'allowed/x',
      base,
      '/',
    ];
    paths.push(`${allowed}/`, `${allowed}//x`, at('x\0y'), at('\ud800'), '');
    for (const one of paths) {
      const tries = [
        () => stage.host.write(one, Buffer.from('x'), { signal }),
        () => stage.host.stat(one, { signal }),
        () => stage.host.remove(one, { signal, recursive: true }),
        () => stage.host.makeDirectory(one, { signal, mode: 0o777 }),
        () => stage.host.symlink(one, at('x'), { signal }),
        () => stage.host.restorePrevious(one, { signal }),
        () => stage.host.space(one, { signal }),
      ];
      for (const attempt of tries) await expect(attempt(), one).rejects.toMatchObject(refused);
    }
    await expect(stage.host.remove(allowed, { signal, recursive: true })).rejects.toMatchObject(refused);
    for (const target of [outside, '../outside', '/', 'x/../../outside']) {
      await expect(stage.host.symlink(at('made'), target, { signal })).rejects.toMatchObject(refused);
    }
    const touch = at('touched');
    for (const argv of [['touch', touch], ['/usr/bin/touch', touch], ['/bin/../bin/sh', '-c', `touch ${touch}`], []]) {
      await expect(stage.host.run(argv, { signal })).rejects.toMatchObject(refused);
    }
    await expect(stage.host.run(['/bin/sh', '-c', ':', 'a\0b'], { signal })).rejects.toMatchObject(refused);
    for (const service of ['other', 'constructor', 'good; touch x']) {
      await expect(stage.host.restart(service, { signal })).rejects.toMatchObject(refused);
    }
    expect(readdirSync(outside)).toEqual(['kept']);
    expect(readFileSync(kept, 'utf8')).toBe('kept');
    expect(readdirSync(`${allowed}-beside`)).toEqual([]);
    expect(readdirSync(allowed).sort()).toEqual(['link-out', 'way-out']);
    for (const name of ['link-out', 'way-out']) await stage.host.remove(at(name), { signal });
  });

  it('is reached', async () => {
    await stage.host.reach({ signal });
    await expect(stage.host.reach({ signal: AbortSignal.abort(new Error('over')) })).rejects.toThrow('over');
  });

  it('does nothing for a signal that is over', async () => {
    const over = AbortSignal.abort(new Error('over'));
    await expect(stage.host.write(at('x'), Buffer.from('x'), { signal: over })).rejects.toThrow('over');
    await expect(stage.host.run(['/bin/sh', '-c', `touch ${at('x')}`], { signal: over })).rejects.toThrow('over');
    await expect(stage.host.restart('good', { signal: over })).rejects.toThrow('over');
    expect(readdirSync(allowed)).toEqual([]);
  });
}
