import { LockstepError } from '../base/errors.js';
import { exchange, type TlsMaterial } from '../base/exchange.js';
import type { Secret } from '../base/secret.js';
import { signatureOf } from '../base/signature.js';
import type { AnnouncedServer, SiteAnnouncer } from '../domain/announcement.js';
import { serverAt } from './address.js';
import type { AnnouncedCluster, Announcer, Reading } from './announcer.js';

export interface WebhookSettings {
  readonly kind: 'webhook';
  /** May hold a secret: nothing ever shows it. */
  readonly url: () => Promise<Secret>;
  /** Where what is announced is asked for; undefined: nowhere. */
  readonly readUrl: (() => Promise<Secret>) | undefined;
  readonly signingKey: (() => Promise<Secret>) | undefined;
  /** How long it keeps clients waiting at most, seconds; undefined: it cannot. */
  readonly holdSeconds: number | undefined;
  readonly tls: () => Promise<TlsMaterial>;
}

/**
 * A receiver of JSON, one POST for each act: `{"version":1,"act","cluster","names","primary":{"name","host","port"},"at"}`,
 * with `hold_seconds` for a hold; fields are only ever added. Any answer of 2xx says that it is done. A read is a GET that is
 * answered with `{"address","holding"}`.
 */
export class Webhook implements Announcer {
  constructor(
    readonly site: SiteAnnouncer,
    readonly settings: WebhookSettings,
    readonly cluster: AnnouncedCluster,
  ) {}

  prepare(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    return this.#post('prepare', server, {}, signal);
  }

  async hold(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    const { holdSeconds } = this.settings;
    if (holdSeconds !== undefined) await this.#post('hold', server, { hold_seconds: holdSeconds }, signal);
  }

  announce(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    return this.#post('announce', server, {}, signal);
  }

  restore(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    return this.#post('restore', server, {}, signal);
  }

  async read(signal: AbortSignal): Promise<Reading | undefined> {
    const answer = await ask(this.settings, signal);
    if (answer === undefined) return undefined;
    const { address, holding = false } = answer;
    if (typeof address !== 'string' || address === '' || typeof holding !== 'boolean') throw webhookFailed(unclear);
    return { found: address, says: serverAt(this.cluster.servers, address), holding };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #post(act: string, server: AnnouncedServer, more: object, signal: AbortSignal): Promise<void> {
    return post(this.settings, this.cluster, act, { primary: toldOf(server), ...more }, signal);
  }
}

/** A server as the body tells it. */
export function toldOf({ name, address: { host, port } }: AnnouncedServer): object {
  return { name, host, port };
}

/** Tells the receiver of one act. @param about whom it is about @throws LockstepError `webhook-failed` */
export async function post(
  { url, signingKey, tls }: WebhookSettings,
  cluster: AnnouncedCluster,
  act: string,
  about: object,
  signal: AbortSignal,
): Promise<void> {
  const at = Date.now();
  const body = JSON.stringify({
    version: 1,
    act,
    cluster: cluster.name,
    names: cluster.names,
    ...about,
    at: new Date(at).toISOString(),
  });
  const key = await signingKey?.();
  const signed = key === undefined ? {} : { 'x-lockstep-signature': signatureOf(key, at, body) };
  const { status } = await exchange({
    method: 'POST',
    url: (await url()).reveal(),
    headers: { 'content-type': 'application/json', 'user-agent': 'lockstep', ...signed },
    body,
    tls: await tls(),
    signal,
  });
  if (status < 200 || status >= 300) throw webhookFailed(`it answered ${act} with status ${status}`);
}

/** What the receiver answers to a read; undefined: it is not asked. @throws LockstepError `webhook-failed` */
export async function ask(
  { readUrl, tls }: WebhookSettings,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (readUrl === undefined) return undefined;
  const url = (await readUrl()).reveal();
  const headers = { accept: 'application/json', 'user-agent': 'lockstep' };
  const { status, text } = await exchange({ method: 'GET', url, headers, tls: await tls(), signal });
  if (status !== 200) throw webhookFailed(`it was asked what it announces, and answered with status ${status}`);
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null) return answer as Readonly<Record<string, unknown>>;
  } catch {
    // No JSON at all is told in the same words.
  }
  throw webhookFailed(unclear);
}

export function webhookFailed(message: string): LockstepError {
  return new LockstepError('webhook-failed', message, "See the receiver's log.");
}

const unclear = 'it was asked what it announces, and did not answer as {"address": "192.0.2.1:3306", "holding": false}';
