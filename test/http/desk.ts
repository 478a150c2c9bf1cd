import { systemClock } from '../../src/base/clock.js';
import { Secret } from '../../src/base/secret.js';
import type { Patience } from '../../src/http/http.js';
import type { HttpPorts } from '../../src/http/ports.js';
import type { HttpSettings } from '../../src/http/settings.js';
import { ask, send, type Answer } from './ask.js';
import { MemoryAutomation } from './automation.js';
import { checkDescribed } from './described.js';
import { listen } from './listener.js';

export const tokens: HttpSettings['tokens'] = (['operator', 'viewer', 'alertmanager'] as const).map((role) => ({
  name: `the-${role}`,
  role,
  read: () => Promise.resolve(new Secret(`word of the ${role}`.replaceAll(' ', '-'))),
}));

export const authorization = (role: string) => ({ Authorization: `Bearer word-of-the-${role}` });

export interface Asked {
  readonly as?: 'operator' | 'viewer' | 'alertmanager' | 'nobody';
  /** Sent as JSON; a text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A listener with the API over an automation in memory. Every answer is held against the description of the API. */
export async function openDesk(
  changed: Partial<HttpPorts> = {},
  settings: Partial<HttpSettings> = { tokens },
  automation = new MemoryAutomation(),
  patience?: Patience,
) {
  const ports = { automation: () => automation, ...changed };
  const { url, http } = await listen(settings, ports, systemClock, patience);
  async function call(method: string, path: string, asked: Asked = {}): Promise<Answer & { readonly json: Json }> {
    const { as = 'operator', body, headers } = asked;
    const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const options = {
      method,
      headers: {
        ...(as === 'nobody' ? {} : authorization(as)),
        ...(sent === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
    };
    const answer = await (sent === undefined ? ask(url + path, options) : send(url + path, sent, options));
    checkDescribed(method, path, answer);
    return { ...answer, json: answer.text === '' ? {} : (JSON.parse(answer.text) as Json) };
  }
  return { url, http, automation, call };
}

type Json = Record<string, unknown>;
