import { deadline } from '../base/deadline.js';
import { exchange, type Answer } from '../base/exchange.js';
import type { Labels } from '../base/matcher.js';
import { accepted } from './delivery.js';
import { alertsOf, silencesOf, type ListedAlert, type Silence, type SilenceMatcher } from './alertmanager-answers.js';
import type { AlertmanagerSettings } from './settings.js';
import { tlsOf } from './tls-files.js';

/** A whole site's silences, those of the last five days included. Bytes. */
const largest = 16 * 1024 * 1024;
/** For one peer, milliseconds: one that hangs must not use up the time of the others. */
const peerWithin = 3_000;

/** What is sent to make a silence, or to change the one with that `id`. */
export interface SilenceWish {
  readonly id: string | undefined;
  readonly matchers: readonly SilenceMatcher[];
  /** Milliseconds since the Unix epoch, on the peer's clock. */
  readonly startsAt: number;
  readonly endsAt: number;
  readonly createdBy: string;
  readonly comment: string;
}

/** One Alertmanager, by its API version 2. Every method throws a LockstepError that does not tell its address. */
export class AlertmanagerPeer {
  readonly #settings: AlertmanagerSettings;
  readonly #url: string;

  constructor(settings: AlertmanagerSettings, url: string) {
    this.#settings = settings;
    this.#url = url;
  }

  /**
   * Silences, ended ones too.
   * @param having only those with an equal matcher for each of these labels
   * @returns `now`: the peer's own clock
   */
  async silences(
    signal: AbortSignal,
    having: Labels = {},
  ): Promise<{ readonly silences: readonly Silence[]; readonly now: number }> {
    const answer = await this.#ask('GET', `/api/v2/silences${filterOf(having)}`, undefined, signal);
    const date = Date.parse(answer.headers.date ?? '');
    return { silences: silencesOf(answer.text), now: Number.isNaN(date) ? Date.now() : date };
  }

  /** The alerts that fire with these labels, silenced and inhibited ones too. */
  async alerts(labels: Labels, signal: AbortSignal): Promise<readonly ListedAlert[]> {
    return alertsOf((await this.#ask('GET', `/api/v2/alerts${filterOf(labels)}`, undefined, signal)).text);
  }

  async silence({ id, startsAt, endsAt, ...wish }: SilenceWish, signal: AbortSignal): Promise<void> {
    const times = { startsAt: new Date(startsAt).toISOString(), endsAt: new Date(endsAt).toISOString() };
    const body = JSON.stringify({ ...wish, ...times, ...(id === undefined ? {} : { id }) });
    await this.#ask('POST', '/api/v2/silences', body, signal);
  }

  async expire(id: string, signal: AbortSignal): Promise<void> {
    await this.#ask('DELETE', `/api/v2/silence/${encodeURIComponent(id)}`, undefined, signal);
  }

  async #ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    const limit = deadline(peerWithin, signal);
    try {
      const sent = body === undefined ? {} : { 'content-type': 'application/json' };
      const headers = { ...sent, ...(await this.#authorization()), accept: 'application/json' };
      const tls = await tlsOf(this.#settings.tls);
      const answer = await exchange({ method, url: this.#url + path, headers, body, tls, signal: limit.signal, limit: largest }); // prettier-ignore
      accepted(answer);
      return answer;
    } finally {
      limit.clear();
    }
  }

  async #authorization(): Promise<Readonly<Record<string, string>>> {
    const { token, user } = this.#settings;
    if (token !== undefined) return { authorization: `Bearer ${(await token()).reveal()}` };
    if (user === undefined) return {};
    const pair = `${user.name}:${(await user.password()).reveal()}`;
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  }
}

export function peersOf(settings: AlertmanagerSettings): readonly AlertmanagerPeer[] {
  return settings.urls.map((url) => new AlertmanagerPeer(settings, url));
}

/** Equal matchers for every label, as the query parameter `filter` takes them. */
function filterOf(labels: Labels): string {
  const query = new URLSearchParams(
    Object.entries(labels).map(([name, value]): [string, string] => ['filter', `${name}=${quoted(value)}`]),
  );
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
