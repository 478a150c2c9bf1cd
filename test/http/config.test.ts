import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { hashSync } from 'bcryptjs';
import { expect, it } from 'vitest';
import type { Config } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/fault.js';
import { loadConfig } from '../../src/config/load.js';
import { readSecret } from '../../src/config/secrets.js';
import type { ReloadOutcome } from '../../src/http/ports.js';
import type { HttpSettings } from '../../src/http/settings.js';
import { folderWith } from '../config/files.js';
import { ask, basic, problemOf } from './ask.js';
import { listen } from './listener.js';

/** How the composition root joins the two rooms: the shapes fit without conversion. */
function settingsOf(config: Config): HttpSettings {
  return {
    listen: config.listen,
    web: config.web,
    tokens: config.tokens.map(({ name, role, token }) => ({ name, role, read: () => readSecret(token) })),
    roles: config.roles,
    scrapeTimeoutSeconds: config.observe.timeoutSeconds,
  };
}

it('a configuration on disk is served, reloaded, and kept when the new one is wrong', async () => {
  const folder = folderWith({
    'lockstep.yml': `version: 1
listen: 127.0.0.1:0
web_config_file: web.yml
roles: { alice: operator }
clusters:
  shop: { servers: { db1: { address: db1 } }, accounts: { monitor: { user: m, password_env: M } } }
`,
    'web.yml': `basic_auth_users: { alice: ${hashSync('wonderland', 4)} }\n`,
  });
  const file = path.join(folder, 'lockstep.yml');
  const reload = async (): Promise<ReloadOutcome> => {
    try {
      http.reconfigure(settingsOf(await loadConfig(file)));
      return { reloaded: true };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const { message, remedy, faults } = error;
      return { reloaded: false, code: 'config-invalid', message, remedy, faults };
    }
  };
  const { url, http } = await listen(settingsOf(await loadConfig(file)), { reload });
  const post = (password: string) =>
    ask(`${url}/-/reload`, { method: 'POST', headers: { Authorization: basic('alice', password) } });

  writeFileSync(path.join(folder, 'web.yml'), `basic_auth_users: { alice: hunter2 }\nrate: 1\n`);
  const wrong = await post('wonderland');
  expect(problemOf(wrong)).toMatchObject({
    status: 422,
    faults: [
      { file: path.join(folder, 'web.yml'), line: 1, path: 'basic_auth_users.alice' },
      { file: path.join(folder, 'web.yml'), line: 2, path: 'rate' },
    ],
  });
  expect(wrong.text).not.toContain('hunter2');

  writeFileSync(path.join(folder, 'web.yml'), `basic_auth_users: { alice: ${hashSync('looking-glass', 4)} }\n`);
  expect((await post('wonderland')).status).toBe(200);
  expect((await post('wonderland')).status).toBe(401);
  expect((await post('looking-glass')).status).toBe(200);
});
