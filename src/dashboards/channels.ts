import { lagBeyondDelay } from './lag-query.js';
import { lagSteps } from './looks.js';
import { fact } from './query.js';
import { noIsGood, threads, tlsProof, yesIsGood } from './states.js';
import { filled, table } from './table.js';

/** Every channel with where it reads from, how it stands, and how its stream is encrypted and verified. */
export function channels() {
  const row = (expr: string) => filled(expr, 'channel', 'default');
  const running = threads();
  const proof = tlsProof();
  return table(
    {
      title: 'Channels, with TLS and verification',
      description:
        'Lag is without a configured delay. Encrypted: whether the stream is encrypted now, and by what that is known. Verifies: whether the channel checks the certificate of its source. Plaintext possible: whether it would silently go on unencrypted if its source stopped offering TLS. An empty cell is not known.',
      nothing: 'No channels',
    },
    [
      { label: 'cluster', title: 'Cluster' },
      { label: 'server', title: 'Server' },
      { label: 'channel', title: 'Channel' },
      { label: 'source', title: 'Source' },
      { label: 'version', title: 'Protocol' },
      { label: 'cipher', title: 'Cipher' },
    ],
    [
      { title: 'Threads', expr: row(running.expr), looks: running.looks },
      { title: 'Lag', expr: row(lagBeyondDelay()), unit: 's', steps: lagSteps },
      { expr: filled(row(fact('mysql_replica_link_info', { keep: ['source'] })), 'source', 'not configured here') },
      { expr: row(fact('mysql_replica_tls_session_info', { keep: ['version', 'cipher'] })) },
      { title: 'TLS set', expr: row(fact('mysql_replica_tls_enabled')), looks: yesIsGood },
      { title: 'Encrypted', expr: row(fact('mysql_replica_tls_negotiated')), looks: yesIsGood },
      { title: 'Known by', expr: row(proof.expr), looks: proof.looks },
      { title: 'Verifies', expr: row(fact('mysql_replica_tls_verify')), looks: yesIsGood },
      { title: 'Plaintext possible', expr: row(fact('mysql_replica_tls_fallback_possible')), looks: noIsGood },
    ],
    [{ by: 'Cluster' }, { by: 'Server' }],
  );
}
