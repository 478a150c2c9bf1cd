import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../src/config/load.js';
import { rotationSeen } from '../src/rotation-seen.js';
import { outsidersOf, relyingOf, sharingOf } from '../src/outsiders.js';
import { createAuthority } from '../src/pki/authority.js';
import { folderWith } from './config/files.js';

const text = `version: 1
defaults:
  accounts: { monitor: { user: look, password_env: LOOK } }
  tls: { ca_file: ca.pem }
authorities: { old: { directory: old }, new: { directory: new }, gone: { directory: gone } }
clusters:
  moving:
    server_tls: { authority: new, replaces: old, directory: /t, applications: { shop: { ca_file: /nowhere/ca.pem }, reports: {} } }
    servers: { db1: { address: a } }
  staying:
    server_tls: { authority: old, directory: /t }
    servers: { db1: { address: b } }
  moved:
    server_tls: { authority: new, directory: /t }
    servers: { db1: { address: c } }
  elsewhere:
    server_tls: { authority: gone, replaces: old, directory: /t }
    tls: { ca_file: other.pem }
    servers: { db1: { address: d } }
  plain:
    tls: { mode: disabled }
    servers: { db1: { address: e } }
`;

it('knows who checks certificates besides the servers, whom they trust, and whom others still need', async () => {
  const folder = folderWith({ 'lockstep.yml': text });
  const make = (name: string) => createAuthority({ directory: path.join(folder, name), commonName: name, keyType: 'p256' }); // prettier-ignore
  const [old] = [await make('old'), await make('new')];
  writeFileSync(path.join(folder, 'ca.pem'), old.authorityPem);
  const config = await loadConfig(path.join(folder, 'lockstep.yml'));
  const cluster = (name: string) => {
    const found = config.clusters.find((one) => one.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  };
  const signal = AbortSignal.timeout(10_000);
  expect(outsidersOf(cluster('moving')).map(({ name }) => name)).toEqual(['lockstep', 'shop', 'reports']);
  expect(outsidersOf(cluster('plain'))).toEqual([]);
  expect(sharingOf(config, cluster('moving'))).toBe('staying');
  expect([sharingOf(config, cluster('staying')), sharingOf(config, cluster('elsewhere'))]).toEqual([undefined, undefined]); // prettier-ignore
  const relying = ['moving', 'moved', 'staying', 'elsewhere', 'plain'].map((name) => relyingOf(config, cluster(name)));
  expect(relying).toEqual(['moved', 'moving', 'moving', undefined, undefined]);
  const seen = await rotationSeen(config, cluster('moving'), signal);
  expect([seen?.to.name, seen?.to.keyed, seen?.from?.name]).toEqual(['new', true, 'old']);
  expect(seen?.outsiders).toMatchObject([
    { name: 'lockstep', trusted: [{ subject: 'CN=old' }], sharedWith: 'staying', reliedOnBy: 'moved' },
    { name: 'shop', file: '/nowhere/ca.pem', trusted: undefined, sharedWith: undefined, reliedOnBy: undefined },
    { name: 'reports', file: undefined },
  ]);
  expect(await rotationSeen(config, cluster('elsewhere'), signal)).toBeUndefined();
  mkdirSync(path.join(folder, 'gone'));
  expect(await rotationSeen(config, cluster('plain'), signal)).toBeUndefined();
});
