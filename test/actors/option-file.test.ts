import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { optionFile } from '../../src/actors/certificates/option-file.js';
import type { OptionFileAction } from '../../src/domain/certificate-action.js';
import type { Host } from '../../src/hosts/host.js';
import { openHost } from '../../src/hosts/open.js';

describe('an option file of Lockstep', () => {
  let directory: string;
  let host: Host;
  let file: string;
  const { signal } = new AbortController();
  const content = () => readFileSync(file, 'utf8');

  async function sent(act: OptionFileAction['act'], certificate = 'aa'): Promise<void> {
    const action: OptionFileAction = { kind: 'option-file', on: 'db2', act, file, lines: ['ssl'], mark: { note: 'certificate' }, noteAs: 'file' }; // prettier-ignore
    const notes = await optionFile(action, host, { certificate }, signal);
    expect(notes).toEqual({ file: act === 'put' ? 'written' : 'as before' });
  }

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'lockstep-options-'));
    file = path.join(directory, 'zz.cnf');
    host = openHost({ kind: 'local', sudo: false, paths: [directory], programs: [], services: {} });
  });
  afterEach(async () => {
    await host.close();
    rmSync(directory, { recursive: true });
  });

  it('is gone again where there was none, however often it was put there', async () => {
    await sent('put');
    // Whoever was killed after that has no note of it, and sends it again.
    await sent('put');
    expect(content()).toMatch(/^\[mysqld\]\nssl\n/m);
    await sent('take-back');
    expect(readdirSync(directory)).toEqual([]);
    await sent('take-back');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('gives back to the byte what was there, be it what another run had left', async () => {
    await sent('put', 'bb');
    const left = content();
    for (const before of ['[mysqld]\nskip_ssl\n', left]) {
      writeFileSync(file, before);
      await sent('put');
      await sent('put');
      expect(content()).not.toBe(before);
      await sent('take-back');
      expect(content()).toBe(before);
      await sent('take-back');
      expect(content()).toBe(before);
    }
  });

  it('leaves alone what somebody else wrote since', async () => {
    await sent('put');
    writeFileSync(file, '[mysqld]\n');
    await sent('take-back');
    expect(content()).toBe('[mysqld]\n');
  });
});
