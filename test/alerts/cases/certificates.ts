import { begins, humanized, minute, type Case } from '../case.js';

const keep = 5 * minute;
const day = 86_400;
/** Far away, and never reached by a test. */
const far = 1000 * day;
const client = { cluster: 'production', server: 'db2', role: 'client' };
const ofServer = { cluster: 'production', server: 'db2', role: 'server' };

const notAfter = 'mysql_certificate_not_after_timestamp_seconds';
const notBefore = 'mysql_certificate_not_before_timestamp_seconds';
/** What is left of such a certificate when the last moment of a fault has passed: the limit is never quite reached. */
const justShort = (limit: number) => limit + 24 * 3600;

export const certificateCases: readonly Case[] = [
  {
    alert: 'CertificateExpiring',
    after: 5 * minute,
    keep,
    series: {
      [`${notAfter}{role="server",origin="handshake"}`]: [far, 29 * day],
      [`${notAfter}{role="server",origin="file"}`]: [far, far],
    },
    short: { [`${notAfter}{role="server",origin="handshake"}`]: justShort(30 * day) },
    summary: 'The certificate of production/db2 expires soon',
    description: (at) => `The certificate of production/db2 expires in ${humanized(29 * day - at)}.`,
  },
  {
    alert: 'CertificateExpiring',
    when: 'of a server that is down',
    after: 5 * minute,
    keep,
    series: { mysql_up: [1, 0], [`${notAfter}{role="server",origin="handshake"}`]: [far, 29 * day] },
    summary: 'The certificate of production/db2 expires soon',
    description: (at) => `The certificate of production/db2 expires in ${humanized(29 * day - at)}.`,
  },
  {
    alert: 'CertificateExpiring',
    when: 'and expired: CertificateExpired',
    after: 'never',
    series: { [`${notAfter}{role="server",origin="handshake"}`]: [far, begins] },
  },
  {
    alert: 'CertificateExpiringSoon',
    when: 'of a server',
    after: 5 * minute,
    keep,
    labels: ofServer,
    series: { [`${notAfter}{role="server",origin="status"}`]: [far, 6 * day] },
    short: { [`${notAfter}{role="server",origin="status"}`]: justShort(7 * day) },
    summary: 'The server certificate of production/db2 is about to expire',
    description: (at) =>
      `The server certificate of production/db2 expires in ${humanized(6 * day - at)}: it should have been renewed by now.`,
  },
  {
    alert: 'CertificateExpiringSoon',
    when: 'of a channel',
    after: 5 * minute,
    keep,
    labels: { ...client, channel: 'audit' },
    series: { [`${notAfter}{role="client",origin="file",channel="audit"}`]: [far, 6 * day] },
    summary: 'The client certificate of production/db2 (channel audit) is about to expire',
    description: (at) =>
      `The client certificate of production/db2 (channel audit) expires in ${humanized(6 * day - at)}: it should have been renewed by now.`,
  },
  {
    alert: 'CertificateExpired',
    when: 'of a server that is down because of it',
    after: 0,
    keep,
    labels: ofServer,
    series: {
      mysql_up: [1, 0],
      'mysql_down{reason="tls-unverified"}': [0, 1],
      [`${notAfter}{role="server",origin="handshake"}`]: [far, begins],
      'mysql_certificate_verification{reason="expired"}': [0, 1],
    },
    short: {
      [`${notAfter}{role="server",origin="handshake"}`]: justShort(0),
      'mysql_certificate_verification{reason="expired"}': 0,
    },
    summary: 'The server certificate of production/db2 has expired',
    description: (at) => `The server certificate of production/db2 expired ${humanized(at - begins)} ago.`,
  },
  {
    alert: 'CertificateExpired',
    when: 'of a channel',
    after: 0,
    keep,
    labels: client,
    series: { [`${notAfter}{role="client",origin="file"}`]: [far, 600] },
    summary: 'The client certificate of production/db2 has expired',
    description: (at) => `The client certificate of production/db2 expired ${humanized(at - 600)} ago.`,
  },
  {
    alert: 'CertificateExpired',
    when: 'of an authority with no other beside it',
    after: 0,
    keep,
    labels: { ...client, role: 'ca' },
    series: {
      [`${notAfter}{role="ca",origin="file"}`]: [far, 600],
      'mysql_cluster_problem{problem="certificate-expired"}': ['_', 1],
    },
    // Another one of the bundle is valid: Lockstep names no problem.
    short: { 'mysql_cluster_problem{problem="certificate-expired"}': '_' },
    summary: 'The ca certificate of production/db2 has expired',
    description: (at) => `The ca certificate of production/db2 expired ${humanized(at - 600)} ago.`,
  },
  {
    alert: 'CertificateExpired',
    when: 'somewhere in the chain',
    after: 0,
    keep,
    labels: { ...client, role: 'chain' },
    series: {
      [`${notAfter}{role="server",origin="handshake"}`]: [far, far],
      'mysql_certificate_verification{reason="expired"}': [0, 1],
    },
    summary: 'The chain certificate of production/db2 has expired',
    description: 'production/db2 presents a chain in which a certificate has expired.',
  },
  {
    alert: 'ClientCertificateExpiring',
    after: 5 * minute,
    keep,
    series: { [`${notAfter}{role="client",origin="file"}`]: [far, 29 * day] },
    short: { [`${notAfter}{role="client",origin="file"}`]: justShort(30 * day) },
    summary: 'The client certificate of production/db2 expires soon',
    description: (at) =>
      `The client certificate that production/db2 logs in with expires in ${humanized(29 * day - at)}.`,
  },
  {
    alert: 'CaExpiring',
    after: 5 * minute,
    keep,
    series: { [`${notAfter}{role="ca",origin="file"}`]: [far, 179 * day] },
    short: { [`${notAfter}{role="ca",origin="file"}`]: justShort(180 * day) },
    summary: 'The authority of production/db2 expires, and must be rotated',
    description: (at) =>
      `A certificate authority of production/db2 expires in ${humanized(179 * day - at)}; a rotation takes up to 180d.`,
  },
  {
    alert: 'CaExpiring',
    when: 'and expired beside a valid one',
    after: 5 * minute,
    keep,
    series: { [`${notAfter}{role="ca",origin="file"}`]: [far, 600] },
    summary: 'The authority of production/db2 expires, and must be rotated',
    description: (at) => `A certificate authority of production/db2 has expired (${humanized(600 - at)} left).`,
  },
  {
    alert: 'CertificateNotYetValid',
    after: 0,
    keep,
    labels: ofServer,
    series: {
      [`${notBefore}{role="server",origin="handshake"}`]: [0, 10 * day],
      'mysql_certificate_verification{reason="not-yet-valid"}': [0, 1],
    },
    short: {
      [`${notBefore}{role="server",origin="handshake"}`]: begins,
      'mysql_certificate_verification{reason="not-yet-valid"}': 0,
    },
    summary: 'The server certificate of production/db2 is not valid yet',
    description: (at) => `The server certificate of production/db2 becomes valid only in ${humanized(10 * day - at)}.`,
  },
  {
    alert: 'CertificateNotYetValid',
    when: 'somewhere in the chain',
    after: 0,
    keep,
    labels: { ...ofServer, role: 'chain' },
    series: {
      [`${notBefore}{role="server",origin="handshake"}`]: [0, 0],
      'mysql_certificate_verification{reason="not-yet-valid"}': [0, 1],
    },
    summary: 'The chain certificate of production/db2 is not valid yet',
    description: 'production/db2 presents a chain in which a certificate is not valid yet.',
  },
  {
    alert: 'CertificateWrongName',
    after: 5 * minute,
    keep,
    series: { 'mysql_certificate_verification{reason="wrong-name"}': [0, 1], mysql_up: [1, 0] },
    summary: 'The certificate of production/db2 is for another name',
    description: 'The certificate that production/db2 presents is not for the name or address that it is reached by.',
  },
  {
    alert: 'CertificateNotVerifying',
    after: 5 * minute,
    series: {
      mysql_certificate_verified: [1, 0],
      'mysql_certificate_verification{reason="ok"}': [1, 0],
      'mysql_certificate_verification{reason="unknown-authority"}': [0, 1],
      'mysql_certificate_verification{reason="wrong-name"}': [0, 0],
    },
    short: { 'mysql_certificate_verification{reason="wrong-name"}': 1 },
    summary: 'The certificate of production/db2 does not verify',
    description: 'The certificate that production/db2 presents is not accepted: unknown-authority.',
  },
  {
    alert: 'CertificateDiffersFromFile',
    after: 5 * minute,
    keep,
    series: { mysql_certificate_served_equals_file: [1, 0] },
    summary: 'production/db2 serves another certificate than its file holds',
    description:
      'production/db2 serves another certificate than its file holds: the file was replaced and not loaded, and the next restart takes it.',
  },
  {
    alert: 'LockstepCertificateExpiring',
    after: 5 * minute,
    keep,
    labels: { cluster: 'production' },
    series: { lockstep_client_certificate_not_after_timestamp_seconds: [far, 29 * day] },
    short: { lockstep_client_certificate_not_after_timestamp_seconds: justShort(30 * day) },
    summary: 'The certificate with which Lockstep logs in to production expires',
    description: (at) =>
      `The client certificate with which Lockstep logs in to production expires in ${humanized(29 * day - at)}: lockstep run renew-certificate --cluster production.`,
  },
  {
    alert: 'LockstepCertificateExpiring',
    when: 'and expired',
    after: 5 * minute,
    keep,
    labels: { cluster: 'production' },
    series: { lockstep_client_certificate_not_after_timestamp_seconds: [far, begins] },
    summary: 'The certificate with which Lockstep logs in to production expires',
    description: (at) =>
      `The client certificate with which Lockstep logs in to production has expired (${humanized(begins - at)} left): servers that require it let Lockstep in no more.`,
  },
];
