import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { makeKey, verified } from '../../src/actors/certificates/host-keys.js';
import { opensslProgram } from '../../src/domain/certificate-action.js';
import type { Host } from '../../src/hosts/host.js';
import { openHost } from '../../src/hosts/open.js';

const base = mkdtempSync(path.join(tmpdir(), 'lockstep-host-keys-'));
const certificate = path.join(base, 'cert.pem');
const key = path.join(base, 'key.pem');
const verdict = { ca: 'nobody', purpose: 'sslserver', expects: undefined } as const;

beforeEach(() => {
  for (const name of readdirSync(base)) rmSync(path.join(base, name));
  writeFileSync(certificate, 'no certificate');
});
afterAll(() => rmSync(base, { recursive: true }));

/** This machine, on which `run` does something else. */
function hostWith(run?: Host['run']): Host {
  const host = openHost({ kind: 'local', sudo: false, paths: [base], programs: [opensslProgram], services: {} });
  if (run === undefined) return host;
  return new Proxy(host, {
    get: (target, name) => {
      if (name === 'run') return run;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('what a key is made with, and a certificate tried', () => {
  const { signal } = new AbortController();

  it('is gone when it went well, or openssl said no', async () => {
    await makeKey(hostWith(), key, { mode: 0o600, signal });
    await expect(verified(hostWith(), certificate, verdict, signal)).rejects.toMatchObject({ code: 'certificate-refused' }); // prettier-ignore
    expect(readdirSync(base).sort()).toEqual(['cert.pem', 'key.pem']);
  });

  it('is gone when the program was given up, or could not be reached', async () => {
    const met: string[] = [];
    const over = new AbortController();
    const run: Host['run'] = () => {
      met.push(...readdirSync(base).filter((name) => name !== 'cert.pem'));
      over.abort(new Error('its time is over'));
      return Promise.reject(over.signal.reason as Error);
    };
    await expect(verified(hostWith(run), certificate, verdict, over.signal)).rejects.toThrow('its time is over');
    const lost: Host['run'] = () => {
      met.push(...readdirSync(base).filter((name) => name !== 'cert.pem'));
      return Promise.reject(new Error('the way is lost'));
    };
    await expect(makeKey(hostWith(lost), key, { mode: 0o600, signal })).rejects.toThrow('the way is lost');
    // Hidden names: no generation takes them over from another.
    expect(met).toEqual(['.cert.pem.trusted', '.key.pem.new']);
    expect(readdirSync(base)).toEqual(['cert.pem']);
  });
});
