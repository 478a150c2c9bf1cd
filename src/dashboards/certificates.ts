import { toCluster, toRunbook } from './links.js';
import { fact, secondsPerDay } from './query.js';
import type { CodedState } from './states.js';
import { filled, table } from './table.js';

/**
 * When each certificate expires, the soonest of what is served, what the status says and what the file holds: one
 * that was renewed on disk alone still expires for whoever connects.
 */
export const notAfter = `min by (cluster, server, role, channel) (${fact('mysql_certificate_not_after_timestamp_seconds', { keep: ['role', 'origin'] })})`;

/** The names of the variables that hold limits, in days. */
export const limits = { critical: 'critical_days', warning: 'warning_days', authority: 'authority_days' } as const;

/** A limit as seconds. */
export function seconds(limit: keyof typeof limits): string {
  return `$${limits[limit]} * ${secondsPerDay}`;
}

/** Every certificate with what is left of it, the least first, coloured by the limits of the board. */
export function certificates() {
  const row = (expr: string) => filled(expr, 'channel', '-');
  const judged = state();
  return table(
    {
      title: 'Certificates, soonest expiry first',
      description:
        'Every certificate by its role and where it was seen: served at the handshake, told by the status of the server, or read from its file. Where several share these, as in a bundle of authorities, the dates are the soonest and the names stay empty. State follows the limits chosen above, for authorities the limit of their own. Certificates of a server that is down stay.',
    },
    [
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'server', title: 'Server' },
      { label: 'role', title: 'Role' },
      { label: 'origin', title: 'Origin' },
      { label: 'channel', title: 'Channel' },
      { label: 'subject', title: 'Subject' },
      { label: 'issuer', title: 'Issuer' },
      { label: 'names', title: 'Names' },
    ],
    [
      { title: 'Time left', expr: row(left), unit: 's' },
      { title: 'State', expr: row(judged.expr), looks: judged.looks, link: toRunbook('CertificateExpiring') },
      { title: 'Expires', expr: row(`1000 * ${ends}`), unit: 'dateTimeAsIso' },
      { expr: row(single) },
    ],
    [{ by: 'Time left' }],
  );
}

const group = ['role', 'origin'] as const;
const byGroup = 'cluster, server, role, origin, channel';
const ends = fact('mysql_certificate_not_after_timestamp_seconds', { keep: group });
const left = `${ends} - time()`;

/** What a certificate says, where it is the only one under its labels. */
const single = `${fact('mysql_certificate_info', { keep: [...group, 'subject', 'issuer', 'names'] })} and on (${byGroup}) count by (${byGroup}) (${fact('mysql_certificate_info', { keep: [...group, 'fingerprint'] })}) == 1`;

/** How many limits it is past: 1 to renew, 2 to renew now, 3 expired; 4 and more where its time has not begun. */
function state(): CodedState {
  const of = (authority: boolean) => {
    const where = { role: authority ? 'ca' : { not: 'ca' } } as const;
    const rest = `(${fact('mysql_certificate_not_after_timestamp_seconds', { keep: group, where })} - time())`;
    const past = (limit: string) => `(${rest} < bool ${limit})`;
    return `${past('0')} + ${past(seconds('critical'))} + ${past(seconds(authority ? 'authority' : 'warning'))}`;
  };
  const begins = fact('mysql_certificate_not_before_timestamp_seconds', { keep: group });
  const early = `4 * ((${begins} > bool time()) or 0 * ${ends})`;
  const notYet = { text: 'not yet valid', colour: 'red' } as const;
  return {
    expr: `(${of(false)} or ${of(true)}) + ${early}`,
    looks: {
      0: { text: 'valid', colour: 'green' },
      1: { text: 'renew', colour: 'orange' },
      2: { text: 'renew now', colour: 'red' },
      3: { text: 'expired', colour: 'red' },
      4: notYet,
      5: notYet,
      6: notYet,
    },
  };
}
