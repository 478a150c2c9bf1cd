import type { ServerFacts, ServerName } from '../snapshot.js';
import { found, ofEachServer, type Check } from './check.js';

const off = ofEachServer(({ name }, { tls }) =>
  tls === undefined || tls.haveSsl === 'YES'
    ? []
    : [found('tls-off', name, `${name} offers no TLS: ${sayOff(tls.haveSsl, tls.haveSslSource)}`)],
);

const notRequired = ofEachServer((server, facts) => {
  const message = letsPlaintextIn(server.name, facts);
  return message === undefined ? [] : [found('tls-not-required', server.name, message)];
});

/**
 * How a server that offers TLS lets plaintext in all the same, as a sentence. undefined when every account must use TLS
 * by itself, or the server refuses plaintext; with the accounts unreadable, require_secure_transport decides.
 */
export function letsPlaintextIn(name: ServerName, { tls, accounts }: ServerFacts): string | undefined {
  if (tls?.haveSsl !== 'YES' || tls.required === true) return undefined;
  if (accounts === undefined)
    return tls.required === false
      ? `${name} does not require TLS: require_secure_transport is off, and its accounts could not be read`
      : undefined;
  if (accounts.withoutTls === 0) return undefined;
  const count = accounts.withoutTls === 1 ? '1 account' : `${accounts.withoutTls} accounts`;
  return `${count} of ${name} may log in over the network without TLS`;
}

const weakProtocol = ofEachServer(({ name }, { tls }) => {
  const accepted = (tls?.versions ?? []).filter(isWeak);
  const used = (tls?.sessions ?? []).filter(({ version, count }) => count > 0 && isWeak(version));
  if (accepted.length === 0 && used.length === 0) return [];
  const sessions = used.map(({ version, count }) => `${count} on ${version}`).join(', ');
  const what =
    accepted.length > 0 ? `${name} accepts ${accepted.join(' and ')}` : `${name} serves sessions of an old protocol`;
  return [found('tls-weak-protocol', name, used.length > 0 ? `${what} (sessions: ${sessions})` : what)];
});

export const tlsChecks: readonly Check[] = [off, notRequired, weakProtocol];

/** All before TLS 1.2; '' is plaintext, which is another matter. */
function isWeak(version: string): boolean {
  return /^(?:SSLv\d.*|TLSv1(?:\.[01])?)$/i.test(version.trim());
}

function sayOff(haveSsl: string, source: string): string {
  return source === 'have_ssl' ? `have_ssl is ${haveSsl}` : `tls_channel_status says Enabled=No`;
}
