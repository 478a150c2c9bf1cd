import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ownCertificateAction } from '../src/actors/certificates/own.js';
import { Secret } from '../src/base/secret.js';
import { certificateReachOf } from '../src/certificate-reach.js';
import type { ClusterConfig, Config } from '../src/config/config.js';
import { loadConfig } from '../src/config/load.js';
import type { OwnAct } from '../src/domain/own-certificate-action.js';
import { ownPlaceOf } from '../src/domain/own-certificate.js';
import type { Notes } from '../src/engine/procedure.js';
import { ownCertificateSeen } from '../src/own-certificate-seen.js';
import { createAuthority } from '../src/pki/authority.js';
import { issue } from '../src/pki/issue.js';
import { targetOf } from '../src/target-of.js';
import { folderWith } from './config/files.js';

const text = `version: 1
defaults:
  accounts: { monitor: { user: look, password_env: LOOK } }
  tls: { cert_file: own/client.pem, key_file: own/client.key }
authorities: { old: { directory: old }, new: { directory: new }, gone: { directory: gone } }
clusters:
  foreign:
    servers: { db1: { address: a } }
  vanished:
    server_tls: { authority: gone, directory: /t }
    servers: { db1: { address: b } }
  moving:
    server_tls: { authority: new, replaces: old, directory: /t }
    servers: { db1: { address: c }, db2: { address: d } }
  staying:
    server_tls: { authority: old, directory: /t }
    servers: { db1: { address: e } }
  apart:
    tls: { cert_file: own/client.pem, key_file: keys/client.key }
    servers: { db1: { address: f } }
  without:
    tls: { mode: disabled }
    servers: { db1: { address: g } }
`;

const signal = AbortSignal.timeout(60_000);

async function stage() {
  const folder = folderWith({ 'lockstep.yml': text, 'own/x': '', 'keys/x': '' });
  const make = (name: string) => createAuthority({ directory: path.join(folder, name), commonName: name, keyType: 'p256' }); // prettier-ignore
  const old = await make('old');
  await make('new');
  const file = (...names: readonly string[]) => path.join(folder, ...names);
  const { chainPem, keyPem } = await issue(old, { commonName: 'lockstep', use: 'client', names: [], keyType: 'p256' });
  writeFileSync(file('own/client.pem'), chainPem);
  writeFileSync(file('own/client.key'), keyPem.reveal(), { mode: 0o600 });
  const config = await loadConfig(file('lockstep.yml'));
  return { file, config };
}

function named(config: Config, name: string): ClusterConfig {
  const found = config.clusters.find((one) => one.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

it('knows what Lockstep presents where, who keeps it, and whether its files are its own', async () => {
  const { file, config } = await stage();
  const seen = (name = 'moving') => ownCertificateSeen(config, named(config, name));
  expect(await seen('without')).toBeUndefined();
  const first = await seen();
  expect(first).toMatchObject({ certFile: file('own/client.pem'), certificate: { subject: 'CN=lockstep', issuer: 'CN=old' }, keptBy: 'moving' }); // prettier-ignore
  expect(first).not.toHaveProperty('fixed');
  expect(first?.presentedTo).toEqual([
    { cluster: 'foreign', servers: ['db1'], authorities: [] },
    { cluster: 'vanished', servers: ['db1'], authorities: ['gone'] },
    { cluster: 'moving', servers: ['db1', 'db2'], authorities: ['new', 'old'] },
    { cluster: 'staying', servers: ['db1'], authorities: ['old'] },
    { cluster: 'apart', servers: ['db1'], authorities: [] },
  ]);
  expect((await seen('apart'))?.fixed).toContain('two directories');
  renameSync(file('own/client.pem'), file('own/elsewhere.pem'));
  expect(await seen()).toMatchObject({ certificate: undefined, fixed: expect.stringContaining('cannot be looked at') as string }); // prettier-ignore
  symlinkSync('elsewhere.pem', file('own/client.pem'));
  expect(await seen()).toMatchObject({ certificate: { subject: 'CN=lockstep' }, fixed: expect.stringContaining('did not make') as string }); // prettier-ignore
  const { below } = ownPlaceOf(file('own/client.pem'), file('own/client.key'));
  expect(below).toBe('client.pem.lockstep');
});

it('gives every login a pair of one generation, while generations take turns', async () => {
  const { file, config } = await stage();
  const cluster = named(config, 'moving');
  const place = ownPlaceOf(file('own/client.pem'), file('own/client.key'));
  const reach = certificateReachOf(
    () => config,
    () => cluster,
    () => Promise.reject(new Error('nobody is logged in to')),
  );
  const act = (one: OwnAct, notes: Notes = {}) =>
    ownCertificateAction({ kind: 'own-certificate', ...one }, reach, notes, signal);
  const leaf = { certificate: 'client.pem', key: 'client.key', use: 'client', authority: 'old', commonName: 'lockstep', names: [], lifetime: 86_400, noteAs: 'new' } as const; // prettier-ignore
  const before = ['client.pem', 'client.key'].map((name) => readFileSync(file('own', name)));
  const notes = await act({ act: 'stage', place, leaf, noteAs: { next: 'next', previous: 'previous' } });
  expect(['client.pem', 'client.key'].map((name) => readFileSync(file('own', name)))).toEqual(before);

  const [server] = cluster.servers;
  if (server === undefined) throw new Error('no server');
  let over = false;
  const met = new Set<string>();
  const reading = async () => {
    while (!over) {
      const { tls } = await targetOf(cluster, server, cluster.accounts.monitor);
      const certificate = new X509Certificate(String(tls?.cert));
      if (!(tls?.key instanceof Secret)) throw new Error('no key');
      expect(certificate.checkPrivateKey(createPrivateKey(tls.key.reveal()))).toBe(true);
      met.add(certificate.fingerprint256);
    }
  };
  const readers = Promise.allSettled([reading(), reading(), reading()]);
  for (let turn = 0; turn < 40; turn += 1) {
    const [generation, other] = turn % 2 === 0 ? ['next', 'previous'] : ['previous', 'next'];
    await act({ act: 'place', place, generation: { note: generation }, over: { note: other } }, notes);
  }
  over = true;
  expect((await readers).filter(({ status }) => status === 'rejected')).toEqual([]);
  expect(met.size).toBe(2);
  // The last turn was back to what was there before.
  expect(['client.pem', 'client.key'].map((name) => readFileSync(file('own', name)))).toEqual(before);
  await act({ act: 'discard', place, noteAs: 'gone' });
  expect(readdirSync(file('own', place.below)).sort()).toEqual(['a', 'current']);
  expect(await ownCertificateSeen(config, cluster)).not.toHaveProperty('fixed');
});
