/** The share of its life after which a certificate is renewed when nothing else is configured. */
export const renewalFraction = 2 / 3;
/** The share of its life by which its renewal may come sooner, so that certificates made together are not renewed together. */
export const renewalJitter = 1 / 20;

export interface RenewalRule {
  /** Seconds before its end. Default: as much as {@link renewalFraction} leaves. */
  readonly renewBeforeSeconds?: number | undefined;
}

export interface Renewal {
  /** From this moment on, seconds since the Unix epoch. */
  readonly at: number;
  readonly due: boolean;
  /** One plain sentence. */
  readonly reason: string;
}

/** Of a certificate, what decides when it is renewed. Times are seconds since the Unix epoch. */
export interface Renewable {
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * Whether a certificate is to be renewed now. The moment is the same whenever and wherever it is asked: its jitter comes
 * from the certificate itself. It never comes before half of the life is over: a rule that is longer than that would
 * renew for ever.
 * @param now seconds since the Unix epoch
 */
export function renewalDue(certificate: Renewable, rule: RenewalRule, now: number): Renewal {
  const { notBefore, notAfter } = certificate;
  const life = notAfter - notBefore;
  const before = rule.renewBeforeSeconds ?? life * (1 - renewalFraction);
  const at = Math.max(notBefore + life / 2, notAfter - before - life * renewalJitter * chance(certificate.fingerprint));
  const due = now >= at;
  const end = day(notAfter);
  if (now > notAfter) return { at, due, reason: `It ended at ${end}.` };
  return { at, due, reason: due ? `It ends at ${end}, and was due from ${day(at)}.` : `It is due at ${day(at)}.` };
}

/** 0 to 1, the same for the same certificate: its SHA-256 is as good as a die. */
function chance(fingerprint: string): number {
  return Number.parseInt(fingerprint.slice(0, 8), 16) / 0xff_ff_ff_ff;
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}
