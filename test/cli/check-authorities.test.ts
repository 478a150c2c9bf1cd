import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkedAuthorities } from '../../src/cli/check-authorities.js';
import { loadConfig } from '../../src/config/load.js';
import { createAuthority, importAuthority } from '../../src/pki/authority.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-authorities-'));
const at = (...names: string[]) => path.join(folder, ...names);
const config = () => loadConfig(at('lockstep.yml'));
const day = 86_400_000;

async function check(now?: number) {
  const found = await checkedAuthorities(await config(), now);
  return Object.fromEntries(found.map((one) => [one.name, one]));
}

beforeAll(async () => {
  const wish = { commonName: 'Databases', keyType: 'p256' } as const;
  writeFileSync(at('pass'), 'a word\n', { mode: 0o600 });
  writeFileSync(at('other'), 'another word\n', { mode: 0o600 });
  await Promise.all([
    createAuthority({ ...wish, directory: at('good') }),
    createAuthority({ ...wish, directory: at('locked'), passphraseFile: at('pass') }),
    createAuthority({ ...wish, directory: at('open') }),
    createAuthority({ ...wish, directory: at('exposed') }),
    createAuthority({ ...wish, directory: at('mixed') }),
    createAuthority({ ...wish, directory: at('old'), notBefore: new Date(Date.now() - 400 * day), days: 300 }),
  ]);
  await importAuthority({ directory: at('elsewhere'), certificatePem: readFileSync(at('good', 'ca.pem'), 'utf8'), keyPem: undefined }); // prettier-ignore
  chmodSync(at('open'), 0o755);
  chmodSync(at('exposed', 'ca.key'), 0o644);
  writeFileSync(at('mixed', 'ca.key'), readFileSync(at('good', 'ca.key')), { mode: 0o600 });
  const names = ['good', 'open', 'exposed', 'mixed', 'old', 'elsewhere', 'none'];
  writeFileSync(
    at('lockstep.yml'),
    `version: 1
defaults: { accounts: { monitor: { user: look, password_env: LOOK } } }
authorities:
  locked: { directory: locked, passphrase_file: pass }
  wrong-word: { directory: ./locked/../locked2, passphrase_file: other }
  no-word: { directory: locked3, passphrase_file: nowhere }
${names.map((name) => `  ${name}: { directory: ${name} }`).join('\n')}
clusters:
  shop: { servers: { db1: { address: h } }, server_tls: { authority: good, directory: /t } }
`,
  );
  for (const copy of ['locked2', 'locked3'])
    await importAuthority({
      directory: at(copy),
      certificatePem: readFileSync(at('locked', 'ca.pem'), 'utf8'),
      keyPem: undefined,
    }).then(() => writeFileSync(at(copy, 'ca.key'), readFileSync(at('locked', 'ca.key')), { mode: 0o600 }));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('opens each as issuing would, and says plainly what is wrong', async () => {
  const found = await check();
  const faults = (name: string) => found[name]?.faults.join(' ') ?? '';
  expect(found['good']).toMatchObject({ subject: 'CN=Databases', issues: true, faults: [] });
  expect(found['locked']).toMatchObject({ issues: true, faults: [] });
  expect(found['elsewhere']).toMatchObject({ subject: 'CN=Databases', issues: false, faults: [] });
  expect(faults('open')).toMatch(/is open to other users \(mode 755\): chmod 700/);
  expect(faults('exposed')).toMatch(/ca\.key, is open to others than its owner.*chmod 600/);
  expect(faults('mixed')).toMatch(/does not belong to its certificate/);
  expect(faults('old')).toMatch(/It ended on .*everything by it is refused/);
  expect(faults('none')).toMatch(/holds no authority.*lockstep pki init/);
  expect(faults('wrong-word')).toMatch(/passphrase/);
  expect(faults('no-word')).toMatch(/nowhere/);
});

it('says half a year before that one ends', async () => {
  const soon = await check(Date.now() + 3500 * day);
  expect(soon['good']?.faults.join()).toMatch(/It ends on .*no certificate by it outlives it/);
  expect(soon['good']?.subject).toBe('CN=Databases');
});
