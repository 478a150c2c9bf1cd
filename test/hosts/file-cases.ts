import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import { previousOf } from '../../src/hosts/host.js';
import { command } from '../../src/sandbox/command.js';
import { fillDisk, mountDisk } from '../../src/sandbox/disk.js';
import type { Stage } from './stage.js';

/** What every kind of host does to files. */
export function fileCases(stage: Stage): void {
  const { at, allowed, outside, signal } = stage;
  const isRoot = process.getuid?.() === 0;
  const names = [
    'plain.pem',
    ' blank before, and after ',
    'quote\'and"quote',
    '-rf',
    '$(touch injected)`id`;&|<>*?[a]!#~%\\',
    'line\nfeed\ttab\r',
    'größe-鍵-🔑',
    'x'.repeat(200),
  ];
  const contents = [
    Buffer.alloc(0),
    Buffer.from('text\n'),
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    Buffer.from('\0\0\r\n\u0004'),
    randomBytes(300_000),
  ];

  it.each(stage.lean ? [names.slice(1, 7).join('')] : names)('writes, looks at and reads %j', async (name) => {
    for (const content of stage.lean || name === names[0] ? contents : contents.slice(2, 4)) {
      await stage.host.write(at(name), content, { signal });
      expect((await stage.host.read(at(name), { signal })).equals(content)).toBe(true);
      expect(readFileSync(at(name)).equals(content)).toBe(true);
    }
    const { uid, gid, size } = lstatSync(at(name));
    expect(await stage.host.stat(at(name), { signal })).toEqual({
      kind: 'file',
      mode: 0o600,
      size,
      uid,
      gid,
      target: undefined,
    });
    await stage.host.remove(at(name), { signal });
    await stage.host.remove(at(name), { signal });
    expect(readdirSync(allowed)).toEqual([]);
  });

  it('says what stands there: a directory, a link as it is written, something else, nothing', async () => {
    mkdirSync(at('dir'), { mode: 0o750 });
    symlinkSync('dir/../nowhere\n', at('link'));
    const kinds = await Promise.all(
      ['dir', 'link', 'none', 'dir/none', 'none/none'].map((name) => stage.host.stat(at(name), { signal })),
    );
    expect(kinds.map((facts) => [facts?.kind, facts?.target])).toEqual([
      ['directory', undefined],
      ['symlink', 'dir/../nowhere\n'],
      [undefined, undefined],
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(kinds[0]?.mode).toBe(0o750);
    await stage.host.remove(at('link'), { signal });
    await stage.host.remove(at('dir'), { signal });
  });

  it('keeps mode and owner of what it replaces, and gives those that it is told', async ({ skip }) => {
    const file = at('owned');
    await stage.host.write(file, Buffer.from('1'), { signal, mode: 0o644 });
    chmodSync(file, 0o640);
    await stage.host.write(file, Buffer.from('2'), { signal });
    expect(lstatSync(file).mode & 0o7777).toBe(0o640);
    await stage.host.write(file, Buffer.from('2'), { signal, mode: 0o400 });
    expect(lstatSync(file).mode & 0o7777).toBe(0o400);
    expect(readFileSync(file, 'utf8')).toBe('2');
    if (!isRoot) skip('giving files away takes root');
    chownSync(file, 1, 2);
    await stage.host.write(file, Buffer.from('3'), { signal });
    expect(lstatSync(file)).toMatchObject({ uid: 1, gid: 2 });
    await stage.host.write(file, Buffer.from('4'), { signal, owner: 'nobody', group: '3' });
    expect(lstatSync(file)).toMatchObject({ uid: 65534, gid: 3 });
    await stage.host.write(file, Buffer.from('4'), { signal, owner: '0' });
    expect(lstatSync(file)).toMatchObject({ uid: 0, gid: 3 });
    await expect(stage.host.write(file, Buffer.from('5'), { signal, owner: 'no-such-user' })).rejects.toThrow(
      LockstepError,
    );
    expect(readFileSync(file, 'utf8')).toBe('4');
    await stage.host.remove(file, { signal });
    expect(readdirSync(allowed)).toEqual([]);
  });

  it('keeps what it replaces, once and for as long as it is told nothing new, and gives it back', async () => {
    const file = at('undone');
    const write = (text: string, mode?: number) =>
      stage.host.write(file, Buffer.from(text), {
        signal,
        keepPrevious: true,
        ...(mode === undefined ? {} : { mode }),
      });
    await expect(stage.host.restorePrevious(file, { signal })).rejects.toMatchObject({ code: 'file-missing' });
    writeFileSync(previousOf(file), 'of an earlier run');
    await write('first', 0o640);
    expect(readdirSync(allowed)).toEqual(['undone']);
    await write('second', 0o600);
    await write('second', 0o600);
    await write('second', 0o644);
    expect(readFileSync(previousOf(file), 'utf8')).toBe('first');
    // As after a death between keeping and replacing: both names are one file.
    await write('third');
    rmSync(previousOf(file));
    await stage.host.restorePrevious(file, { signal }).catch(() => undefined);
    await write('fourth');
    expect(readFileSync(previousOf(file), 'utf8')).toBe('third');
    chmodSync(previousOf(file), 0o640);
    await stage.host.restorePrevious(file, { signal });
    expect(readFileSync(file, 'utf8')).toBe('third');
    expect(lstatSync(file).mode & 0o7777).toBe(0o640);
    await stage.host.remove(file, { signal });
    expect(readdirSync(allowed)).toEqual([]);
  });

  it('refuses to write or read what is no file, and what is too large', async () => {
    mkdirSync(at('dir'));
    writeFileSync(at('real'), 'real');
    symlinkSync('real', at('link'));
    for (const name of ['dir', 'link']) {
      await expect(stage.host.write(at(name), Buffer.from('x'), { signal })).rejects.toMatchObject({
        code: 'not-a-file',
      });
    }
    expect((await stage.host.read(at('link'), { signal })).toString()).toBe('real');
    await expect(stage.host.read(at('dir'), { signal })).rejects.toMatchObject({ code: 'not-a-file' });
    await expect(stage.host.read(at('real'), { signal, maxBytes: 3 })).rejects.toMatchObject({
      code: 'file-too-large',
    });
    expect(await stage.host.read(at('real'), { signal, maxBytes: 4 })).toHaveLength(4);
    await expect(stage.host.read(at('none'), { signal })).rejects.toMatchObject({ code: 'file-missing' });
    await expect(stage.host.write(at('none/x'), Buffer.from('x'), { signal })).rejects.toMatchObject({
      code: 'file-missing',
      message: expect.stringContaining(at('none')) as string,
    });
    const fifo = await stage.host.run(['/bin/sh', '-c', 'mkfifo "$1"', 'x', at('fifo')], { signal });
    expect(fifo.code).toBe(0);
    await expect(stage.host.read(at('fifo'), { signal })).rejects.toMatchObject({ code: 'not-a-file' });
    for (const name of ['dir', 'link', 'real', 'fifo']) await stage.host.remove(at(name), { signal });
  });

  it('never shows half a file', async () => {
    const file = at('whole');
    const texts = ['a', 'b'].map((letter) => letter.repeat(700_000));
    writeFileSync(file, texts[1] ?? '');
    const state = { over: false };
    const writing = (async () => {
      for (let round = 0; round < 10; round += 1)
        await stage.host.write(file, Buffer.from(texts[round % 2] ?? ''), { signal });
    })().finally(() => (state.over = true));
    let looks = 0;
    while (!state.over) {
      const seen = readFileSync(file, 'utf8');
      expect(texts.includes(seen)).toBe(true);
      looks += 1;
      await new Promise((next) => setImmediate(next));
    }
    await writing;
    expect(looks).toBeGreaterThan(10);
    expect(readdirSync(allowed)).toEqual(['whole']);
    await stage.host.remove(file, { signal });
  });

  it('gives up a write when it is told, and then all or nothing is there', async () => {
    const file = at('given-up');
    const old = Buffer.from('old');
    const content = randomBytes(8_000_000);
    writeFileSync(file, old);
    for (const milliseconds of [1, 5, 20, 60]) {
      const ending = AbortSignal.timeout(milliseconds);
      await stage.host
        .write(file, content, { signal: ending })
        .catch((error: unknown) => expect(error).toBe(ending.reason));
      const seen = readFileSync(file);
      expect(seen.equals(old) || seen.equals(content)).toBe(true);
    }
    await stage.host.write(file, old, { signal });
    expect(readFileSync(file).equals(old)).toBe(true);
    rmSync(file);
  });

  it('makes directories, swaps links, and removes trees without following links out of them', async () => {
    const dir = at('made');
    expect(await stage.host.makeDirectory(dir, { signal, mode: 0o2750 })).toBe(true);
    expect(lstatSync(dir).mode & 0o7777).toBe(0o2750);
    expect(await stage.host.makeDirectory(dir, { signal, mode: 0o700 })).toBe(false);
    expect(lstatSync(dir).mode & 0o7777).toBe(0o700);
    await expect(stage.host.makeDirectory(at('none/made'), { signal, mode: 0o700 })).rejects.toMatchObject({
      code: 'file-missing',
    });
    await stage.host.symlink(at('current'), 'made', { signal });
    await stage.host.symlink(at('current'), at('made/next one'), { signal });
    expect(readlinkSync(at('current'))).toBe(at('made/next one'));
    await expect(stage.host.symlink(dir, 'x', { signal })).rejects.toMatchObject({ code: 'file-exists' });
    writeFileSync(at('plain'), 'whole');
    await expect(stage.host.symlink(at('plain'), 'x', { signal })).rejects.toMatchObject({ code: 'file-exists' });
    await stage.host.symlink(at('plain'), 'x', { signal, overFile: true });
    expect(readlinkSync(at('plain'))).toBe('x');
    await expect(stage.host.symlink(dir, 'x', { signal, overFile: true })).rejects.toMatchObject({
      code: 'file-exists',
    });
    await stage.host.remove(at('plain'), { signal });
    await expect(stage.host.makeDirectory(at('current'), { signal, mode: 0o700 })).rejects.toMatchObject({
      code: 'file-exists',
    });
    mkdirSync(path.join(dir, 'inner'));
    symlinkSync(outside, path.join(dir, 'inner/out'));
    writeFileSync(path.join(dir, 'inner/-f'), '');
    await expect(stage.host.remove(dir, { signal })).rejects.toMatchObject({ code: 'directory-not-empty' });
    await stage.host.remove(dir, { signal, recursive: true });
    await stage.host.remove(at('current'), { signal });
    expect(readdirSync(allowed)).toEqual([]);
    expect(readdirSync(outside)).toEqual(['kept']);
  });

  it('lists a directory, and copies a file within the host', async () => {
    const { host } = stage;
    await host.makeDirectory(at('listed'), { signal, mode: 0o700 });
    await host.write(at('listed/one file'), Buffer.from('content'), { signal, mode: 0o600 });
    await host.copy(at('listed/one file'), at('listed/.other'), { signal, mode: 0o640 });
    await host.copy(at('listed/one file'), at('listed/.other'), { signal, mode: 0o640 });
    expect(await host.list(at('listed'), { signal })).toEqual(['.other', 'one file']);
    expect(await host.list(at('not there'), { signal })).toEqual([]);
    expect(await host.stat(at('listed/.other'), { signal })).toMatchObject({ mode: 0o640, size: 7 });
    expect((await host.read(at('listed/.other'), { signal })).toString()).toBe('content');
    await expect(host.copy(at('none'), at('listed/x'), { signal, mode: 0o600 })).rejects.toMatchObject({
      code: 'file-missing',
    });
    await expect(host.copy(at('listed/one file'), at('listed'), { signal, mode: 0o600 })).rejects.toMatchObject({
      code: 'not-a-file',
    });
    await host.remove(at('listed'), { signal, recursive: true });
  });

  it('gives another name, and never copies', async ({ skip }) => {
    const { host } = stage;
    mkdirSync(at('one'));
    writeFileSync(at('one/inner'), 'content');
    const { ino } = lstatSync(at('one'));
    await host.move(at('one'), at('an other'), { signal });
    expect(lstatSync(at('an other')).ino).toBe(ino);
    await expect(host.move(at('none'), at('x'), { signal })).rejects.toMatchObject({ code: 'file-missing' });
    writeFileSync(at('taken'), '');
    await expect(host.move(at('an other'), at('taken'), { signal })).rejects.toMatchObject({ code: 'file-exists' });
    await host.remove(at('taken'), { signal });
    if (!isRoot) skip('mounting takes root');
    await mountDisk(at('disk'), 1).catch(() => skip('nothing can be mounted here'));
    try {
      mkdirSync(at('disk/sub'));
      mkdirSync(at('bound there'));
      await command('mount', ['--bind', at('an other'), at('bound there')]);
      // SFTP has no word for it.
      const elsewhere = { code: expect.stringMatching(/^(other-file-system|host-failed)$/) as string };
      for (const [from, to] of [
        ['an other', 'disk/x'],
        ['an other/inner', 'disk/x'],
        ['disk/sub', 'x'],
        ['disk', 'x'],
        ['bound there', 'x'],
        ['bound there/inner', 'x'],
      ] as const)
        await expect(host.move(at(from), at(to), { signal }), from).rejects.toMatchObject(elsewhere);
      expect(readdirSync(at('disk'))).toEqual(['sub']);
      expect(readdirSync(at('an other'))).toEqual(['inner']);
    } finally {
      for (const name of ['bound there', 'disk']) await command('umount', ['--lazy', at(name)]);
    }
    for (const name of ['an other', 'bound there', 'disk']) await host.remove(at(name), { signal, recursive: true });
    expect(readdirSync(allowed)).toEqual([]);
  });

  it('tells what can have another name beside its own', async ({ skip }) => {
    const { host } = stage;
    const movable = (name: string) => host.movable(at(name), { signal });
    for (const name of ['dir', 'bound', 'with \\ blank']) mkdirSync(at(name));
    for (const name of ['dir/file', 'dir/bound']) writeFileSync(at(name), '');
    symlinkSync('nowhere', at('link'));
    for (const name of ['dir', 'dir/file', 'link']) expect([name, await movable(name)]).toEqual([name, true]);
    for (const name of ['none', 'none/none']) expect([name, await movable(name)]).toEqual([name, undefined]);
    // It is itself what is allowed.
    expect(await host.movable(allowed, { signal })).toBe(false);
    if (!isRoot) skip('mounting takes root');
    await mountDisk(at('disk'), 1).catch(() => skip('nothing can be mounted here'));
    try {
      for (const name of ['disk/sub', 'disk/as large']) mkdirSync(at(name));
      await mountDisk(at('disk/as large'), 1);
      for (const [from, to] of [
        ['dir', 'bound'],
        ['dir', 'with \\ blank'],
        ['dir/file', 'dir/bound'],
      ] as const)
        // prettier-ignore
        await command('mount', ['--bind', at(from), at(to)]);
      for (const name of ['disk/sub', 'bound/file', 'dir']) expect([name, await movable(name)]).toEqual([name, true]);
      for (const name of ['disk', 'disk/as large', 'bound', 'with \\ blank', 'dir/bound'])
        expect([name, await movable(name)]).toEqual([name, false]);
    } finally {
      for (const name of ['dir/bound', 'bound', 'with \\ blank', 'disk/as large', 'disk']) await command('umount', ['--lazy', at(name)]); // prettier-ignore
    }
    for (const name of ['dir', 'bound', 'with \\ blank', 'disk'])
      await host.remove(at(name), { signal, recursive: true });
    await host.remove(at('link'), { signal });
    expect(readdirSync(allowed)).toEqual([]);
  });

  it('tells the room that is left', async () => {
    const { free, total } = await stage.host.space(allowed, { signal });
    expect(free).toBeGreaterThan(0);
    expect(total).toBeGreaterThan(free);
    await expect(stage.host.space(at('none'), { signal })).rejects.toMatchObject({ code: 'file-missing' });
  });

  it('leaves the old file on a full disk', async ({ skip }) => {
    const disk = at('disk');
    await mountDisk(disk, 4).catch((failure: unknown) => {
      if (failure instanceof LockstepError && failure.code === 'sandbox-needs-root') skip(failure.message);
      throw failure;
    });
    try {
      const file = path.join(disk, 'file');
      writeFileSync(file, 'old');
      const makeRoom = await fillDisk(disk);
      const content = randomBytes(500_000);
      await expect(stage.host.write(file, content, { signal, keepPrevious: true })).rejects.toMatchObject({
        code: 'disk-full',
      });
      expect(readFileSync(file, 'utf8')).toBe('old');
      await makeRoom();
      await expect.poll(() => readdirSync(disk)).toEqual(['file']);
      await stage.host.write(file, content, { signal });
      expect(readFileSync(file).equals(content)).toBe(true);
    } finally {
      await stage.host.run(['/bin/sh', '-c', 'umount "$1" && rmdir "$1"', 'x', disk], { signal });
    }
  });
}
