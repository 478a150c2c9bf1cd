import { mostAccountsListed } from '../../../domain/account-match.js';
import { coversHost } from '../../../domain/certificate-name.js';
import { channelText } from '../../../domain/problems/check.js';
import { spell } from '../../../domain/spell.js';
import { futureLinks } from '../subject.js';
import { objection, type Check } from './check.js';

/** Certificates that end sooner are renewed first, seconds. */
const leastLife = 86_400;

const plaintext: Check = ({ to, others }) =>
  [to, ...others]
    .filter(({ channel, relation }) => !channel.tls.enabled || relation.tls.negotiated === false)
    .map(({ relation }) =>
      objection(
        'plaintext-channel',
        `${channelText(relation)} replicates without TLS`,
        `Run secure-channel for ${channelText(relation)} first.`,
      ),
    );

const offered: Check = ({ to }) =>
  to.server.login?.handshake?.tlsOffered === false || (to.facts.tls !== undefined && to.facts.tls.haveSsl !== 'YES')
    ? [objection('tls-off', `${to.name} offers no TLS`, 'Turn it on there first: docs/runbooks/TlsOff.md.')]
    : [];

const certificate: Check = ({ to }) => {
  const verification = to.server.login?.handshake?.verification;
  return verification?.verified !== false
    ? []
    : [
        objection(
          'certificate',
          `the certificate of ${to.name} does not verify (${verification.reason}): ${verification.message}`,
          'Put a good one there first: docs/runbooks/CertificateNotVerifying.md.',
        ),
      ];
};

/** What its replicas and what applications call it. */
const names: Check = ({ to, old, site }) => {
  const [leaf] = to.server.login?.handshake?.chain ?? [];
  const [before] = old.server.login?.handshake?.chain ?? [];
  if (leaf === undefined) return [];
  const known = site.names.filter((name) => before !== undefined && coversHost(before.names, name) === true);
  return [to.server.address.host, ...known]
    .filter((name) => coversHost(leaf.names, name) === false)
    .map((name) =>
      objection(
        'certificate-name',
        `the certificate of ${to.name} is for ${leaf.names.join(', ')}, and it would be called "${name}"`,
        'Issue one that holds this name too: docs/runbooks/CertificateWrongName.md.',
      ),
    );
};

/** Of the new primary as a server, and of everybody who will log in there. */
const lifetimes: Check = (subject) => {
  const { to, old, others } = subject;
  const now = to.server.at / 1000;
  const used = [
    ...to.server.certificates.filter(({ role }) => role === 'server').map((one) => ({ whose: to.name, one })),
    ...[old, ...others].flatMap(({ name, server }) =>
      server.certificates.filter(({ role }) => role !== 'server').map((one) => ({ whose: name, one })),
    ),
  ];
  return used
    .filter(({ one: { notAfter } }) => notAfter - now < leastLife)
    .map(({ whose, one: { role, notAfter } }) =>
      objection(
        'certificate-ends',
        `a certificate of ${whose} (${role}) ${notAfter < now ? 'has ended' : `ends in ${spell(Math.floor(notAfter - now))}`}`,
        'Renew it first: docs/runbooks/CertificateExpiringSoon.md.',
      ),
    );
};

const files: Check = (subject) =>
  futureLinks(subject).flatMap(({ replica, tls, user }) => {
    if (tls === undefined)
      return [
        objection(
          'no-authority',
          `neither ${replica.name} nor the configuration names a file of the authority that it is to trust`,
          `Write \`replication_tls: { ca_file: …, cert_file: …, key_file: … }\` for ${replica.name}.`,
        ),
      ];
    const { site } = subject;
    const demanded = site.accounts.replication?.require === 'x509' && site.accounts.replication.user === user;
    if (tls.certFile === undefined && demanded)
      return [
        objection(
          'no-client-certificate',
          `"${user}" is let in with a certificate alone, and nothing names one for ${replica.name}`,
          `Write \`replication_tls: { ca_file: …, cert_file: …, key_file: … }\` for ${replica.name}.`,
        ),
      ];
    if (!tls.verify && replica.column.flavour === 'mariadb')
      return [
        objection(
          'verify-off',
          `the configuration wants ${replica.name} not to verify the name of its source; MariaDB would then go on in plaintext, saying nothing, if that stopped offering TLS`,
          `Write \`verify: identity\` in the replication_tls of ${replica.name}.`,
        ),
      ];
    return [];
  });

const account: Check = ({ site, old, to, others }) => {
  const { replication } = site.accounts;
  if (replication === undefined)
    return [
      objection(
        'no-account',
        `${old.name} will have to log in to ${to.name}, and the configuration has no account for that`,
        'Write it under `accounts: { replication: … }`.',
      ),
    ];
  const listed = to.facts.accounts?.listed;
  if (listed === undefined || listed.length >= mostAccountsListed) return [];
  const needed = [...new Set([replication.user, ...others.map(({ channel }) => channel.source.user)])];
  return needed
    .filter((user) => !listed.some((one) => one.user === user))
    .map((user) =>
      objection(
        'account-missing',
        `${to.name} has no account "${user}", with which it would be followed`,
        'Accounts come by replication: make it on the primary. `lockstep grants` prints the statements.',
      ),
    );
};

const hosts: Check = (subject) =>
  subject.parameters['rehearsal'] !== 'full'
    ? []
    : futureLinks(subject)
        .filter(({ replica }) => replica.configured?.host === undefined)
        .map(({ replica }) =>
          objection(
            'no-host',
            `the certificate and the key of ${replica.name} cannot be read, so its login cannot be rehearsed`,
            `Configure \`hosts\` for ${replica.name}, or ask for \`rehearsal: partial\`.`,
          ),
        );

export const tlsChecks: readonly Check[] = [plaintext, offered, certificate, names, lifetimes, files, account, hosts];
