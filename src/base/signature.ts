import { createHmac } from 'node:crypto';
import type { Secret } from './secret.js';

/**
 * HMAC-SHA256 of `SECONDS.BODY` with the key, as `t=SECONDS,v1=HEX`. A receiver makes the same over the bytes that it got, compares
 * without telling how far they agree, and refuses a `t` that is more than five minutes off, so that nothing old can be sent again.
 * @param at milliseconds since the Unix epoch
 */
export function signatureOf(key: Secret, at: number, body: string): string {
  const seconds = Math.floor(at / 1000);
  return `t=${seconds},v1=${createHmac('sha256', key.reveal()).update(`${seconds}.${body}`).digest('hex')}`;
}
