import { exchange } from '../base/exchange.js';
import { signatureOf } from '../base/signature.js';
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
