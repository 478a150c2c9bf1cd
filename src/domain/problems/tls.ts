import { found, ofEachServer, type Check } from './check.js';

const off = ofEachServer(({ name }, { tls }) =>
  tls === undefined || tls.haveSsl === 'YES'
    ? []
    : [found('tls-off', name, `${name} offers no TLS: ${sayOff(tls.haveSsl, tls.haveSslSource)}`)],
);

/** Quiet when every account must use TLS by itself; with the accounts unreadable, require_secure_transport decides. */
const notRequired = ofEachServer(({ name }, { tls, accounts }) => {
  if (tls?.haveSsl !== 'YES' || tls.required === true) return [];
  if (accounts === undefined)
    return tls.required === false
      ? [
          found(
            'tls-not-required',
            name,
            `${name} does not require TLS: require_secure_transport is off, and its accounts could not be read`,
          ),
        ]
      : [];
  if (accounts.withoutTls === 0) return [];
  const count = accounts.withoutTls === 1 ? '1 account' : `${accounts.withoutTls} accounts`;
  return [found('tls-not-required', name, `${count} of ${name} may log in over the network without TLS`)];
});

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
