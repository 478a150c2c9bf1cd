import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { makeKey, verified } from '../../src/actors/certificates/host-keys.js';
import { opensslProgram } from '../../src/domain/certificate-action.js';
import type { Host } from '../../src/hosts/host.js';
import { openHost } from '../../src/hosts/open.js';
import { createAuthority } from '../../src/pki/authority.js';
import { issue } from '../../src/pki/issue.js';

const base = mkdtempSync(path.join(tmpdir(), 'lockstep-host-keys-'));
const certificate = path.join(base, 'cert.pem');
const key = path.join(base, 'key.pem');
const verdict = { ca: 'nobody', purpose: 'sslserver', expects: undefined } as const;

beforeEach(() => {
  for (const name of readdirSync(base)) rmSync(path.join(base, name), { recursive: true });
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

/** What `openssl verify -help` of 1.1.1 lists, of what could be meant here; `-no-CAstore` and `-CAstore` are of 3.0. */
const knownToOld = ['-trusted', '-untrusted', '-CAfile', '-CApath', '-no-CAfile', '-no-CApath', '-purpose', '-verify_hostname', '-verify_ip']; // prettier-ignore

describe('a certificate that is tried on its host', () => {
  const signal = AbortSignal.timeout(60_000);

  it('is accepted by those whom its peer trusts, and by nobody whom the machine trusts besides', async () => {
    const make = (name: string) => createAuthority({ directory: path.join(base, name), commonName: name, keyType: 'p256' }); // prettier-ignore
    const [own, foreign] = [await make('own'), await make('foreign')];
    const { chainPem } = await issue(own, { commonName: 'db1', use: 'server', names: ['db1'], keyType: 'p256' });
    writeFileSync(certificate, chainPem);
    const words: string[] = [];
    const plain = hostWith();
    // The authority is among those that come with the machine, in the file and in the directory by the hash of its name.
    const file = path.join(base, 'own/ca.pem');
    const hash = execFileSync(opensslProgram, ['x509', '-noout', '-hash', '-in', file], { encoding: 'utf8' }).trim();
    copyFileSync(file, path.join(base, `${hash}.0`));
    const environment = { SSL_CERT_FILE: file, SSL_CERT_DIR: base };
    const host = hostWith((argv, options) => {
      words.push(...argv.filter((word) => word.startsWith('-')));
      return plain.run(argv, { ...options, environment });
    });
    const by = (ca: string, expects?: string) => verified(host, certificate, { ca, purpose: 'sslserver', expects }, signal); // prettier-ignore
    await by(own.authorityPem, 'db1');
    await by(foreign.authorityPem + own.authorityPem);
    await expect(by(own.authorityPem, 'db2')).rejects.toMatchObject({ code: 'certificate-refused' });
    await expect(by(foreign.authorityPem)).rejects.toMatchObject({ code: 'certificate-refused', message: 'unable to get local issuer certificate' }); // prettier-ignore
    expect(words.filter((word) => !knownToOld.includes(word))).toEqual([]);
  });
});

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
