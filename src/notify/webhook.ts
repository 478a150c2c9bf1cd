import { createHmac } from 'node:crypto';
import { exchange } from '../base/exchange.js';
import type { Secret } from '../base/secret.js';
import type { PlanView } from '../engine/automation.js';
import { accepted, type Delivery } from './delivery.js';
import type { Notice } from './notice.js';
import { careFor, type Happened, type Receiver } from './receiver.js';
import type { WebhookSettings } from './settings.js';
import { tlsOf } from './tls-files.js';

/**
 * Posts JSON to an address. Headers beside it: `X-Lockstep-Delivery`, the same at every try of one notice, and, with a
 * signing key, `X-Lockstep-Signature: t=SECONDS,v1=HEX` ({@link signatureOf}).
 */
export function webhook(settings: WebhookSettings): Receiver {
  return {
    kind: 'webhook',
    take: ({ notice, plan }: Happened): Delivery | undefined =>
      notice === undefined || !settings.on.includes(notice.kind)
        ? undefined
        : {
            what: notice.kind,
            run: notice.run.id,
            ...careFor(notice),
            send: async (signal) => post(settings, notice, await plan(), signal),
          },
  };
}

/** The JSON that is posted. Fields are only ever added. */
export function webhookBody(notice: Notice, plan: PlanView | undefined): string {
  const { id, kind, at, title, sentence, next, head, run } = notice;
  return JSON.stringify({
    version: 1,
    id,
    event: kind,
    at: new Date(at).toISOString(),
    title,
    sentence,
    next,
    head,
    run,
    plan: plan === undefined ? null : { digest: plan.digest ?? null, observed: plan.observed, remarks: plan.remarks, text: plan.text }, // prettier-ignore
  });
}

/**
 * HMAC-SHA256 of `SECONDS.BODY` with the key, as `t=SECONDS,v1=HEX`. A receiver makes the same over the bytes that it got, compares
 * without telling how far they agree, and refuses a `t` that is more than five minutes off, so that nothing old can be sent again.
 * @param at milliseconds since the Unix epoch
 */
export function signatureOf(key: Secret, at: number, body: string): string {
  const seconds = Math.floor(at / 1000);
  return `t=${seconds},v1=${createHmac('sha256', key.reveal()).update(`${seconds}.${body}`).digest('hex')}`;
}

async function post(
  { url, signingKey, tls }: WebhookSettings,
  notice: Notice,
  plan: PlanView | undefined,
  signal: AbortSignal,
): Promise<void> {
  const body = webhookBody(notice, plan);
  const key = await signingKey?.();
  const signed = key === undefined ? {} : { 'x-lockstep-signature': signatureOf(key, Date.now(), body) };
  const headers = { 'content-type': 'application/json', 'user-agent': 'lockstep', 'x-lockstep-delivery': notice.id, ...signed }; // prettier-ignore
  accepted(
    await exchange({
      method: 'POST',
      url: (await url()).reveal(),
      headers,
      body,
      tls: await tlsOf(tls),
      signal,
    }),
  );
}
