import type { Config } from './config/config.js';
import { readSecret } from './config/secrets.js';
import type { HttpSettings } from './http/settings.js';

/** What the listener is told by the configuration. */
export function httpSettingsOf({ listen, web, tokens, roles, observe }: Config): HttpSettings {
  return {
    listen,
    web,
    tokens: tokens.map(({ name, role, token }) => ({ name, role, read: () => readSecret(token) })),
    roles,
    scrapeTimeoutSeconds: observe.timeoutSeconds,
  };
}
