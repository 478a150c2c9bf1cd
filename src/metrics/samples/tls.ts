import type { AccountFacts, TlsFacts } from '../../domain/snapshot.js';
import type { ServerSink } from '../families.js';

/** Protocol versions that are always told of, so that a weak one that is refused is a 0 and not a gap. */
const protocols = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
const requirements = ['nothing', 'ssl', 'x509', 'specified'] as const;

export function tls(sink: ServerSink, facts: TlsFacts): void {
  sink.states('mysql_have_ssl', 'state', facts.haveSsl, { source: facts.haveSslSource });
  sink.add('mysql_tls_required', facts.required);
  for (const version of new Set([...protocols, ...facts.versions]))
    sink.add('mysql_tls_version_accepted', facts.versions.includes(version), { version });
  if (facts.session !== undefined) sink.info('mysql_tls_session_info', facts.session);
  for (const { version, cipher, count } of facts.sessions ?? [])
    sink.add('mysql_tls_sessions', count, { version, cipher });
}

export function accounts(sink: ServerSink, facts: AccountFacts): void {
  sink.add('mysql_accounts_without_tls', facts.withoutTls);
  for (const requires of requirements) {
    const count = facts.streaming.filter((account) => account.requires === requires).length;
    sink.add('mysql_replication_accounts', count, { requires });
  }
}
