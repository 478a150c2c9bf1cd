import { coversHost } from '../../domain/certificate-name.js';
import { containsGtidSet } from '../../domain/gtid-mysql.js';
import { membersOf } from '../../domain/members.js';
import type { Scene } from '../../domain/scene.js';
import { topologyOf } from '../../domain/topology.js';
import type { Refusal } from '../../engine/procedure.js';
import { errorWords } from '../standing.js';
import { fetchesAgain, type Subject } from './subject.js';

type Check = (subject: Subject, scene: Scene) => Refusal | undefined;

/** What forbids to touch the channel, in the order in which a person would mend it. */
export function refusalsFor(subject: Subject, scene: Scene): readonly Refusal[] {
  return checks.flatMap((check) => check(subject, scene) ?? []);
}

const sourceUnseen: Check = ({ source, words, sourceWords }) => {
  if (source === undefined)
    return {
      reason: 'source-not-configured',
      why: `${words} reads from ${sourceWords}, which is none of the cluster's servers`,
      remedy: 'Lockstep must see both ends: add that server to the cluster.',
    };
  // A certificate that does not verify is said below, and keeps every login out.
  if (source.facts !== undefined || source.login?.handshake?.verification?.verified === false) return undefined;
  return {
    reason: 'source-unreachable',
    why: `${sourceWords} cannot be asked: ${source.failure?.message ?? 'no answer'}`,
    remedy: 'Both ends must be seen, before and afterwards. Bring it back first.',
  };
};

const sourceTlsOff: Check = ({ source, sourceWords }) => {
  const offered = source?.login?.handshake?.tlsOffered;
  const haveSsl = source?.facts?.tls?.haveSsl;
  if (offered !== false && (haveSsl === undefined || haveSsl === 'YES')) return undefined;
  return {
    reason: 'source-tls-off',
    why: `${sourceWords} offers no TLS`,
    remedy: 'Turn TLS on there first, with a certificate: docs/runbooks/TlsOff.md.',
  };
};

const sourceCertificate: Check = ({ source, tls, channel, sourceWords, rehearsal }) => {
  const handshake = source?.login?.handshake;
  const verification = handshake?.verification;
  if (verification?.verified === false)
    return {
      reason: 'source-certificate',
      why: `the certificate of ${sourceWords} does not verify (${verification.reason}): ${verification.message}`,
      remedy: 'Put a good one there first: docs/runbooks/CertificateNotVerifying.md.',
    };
  const [leaf] = handshake?.chain ?? [];
  const { host } = channel.source;
  if (leaf !== undefined && tls?.verify !== false && coversHost(leaf.names, host) === false)
    return {
      reason: 'source-name',
      why: `the certificate of ${sourceWords} is for ${leaf.names.join(', ')}, and the channel reads from "${host}"`,
      remedy: 'Issue one that holds this name too: docs/runbooks/CertificateWrongName.md.',
    };
  if (leaf === undefined && rehearsal === 'partial' && handshake?.tlsOffered !== false && source?.facts !== undefined)
    return {
      reason: 'source-certificate-unseen',
      why: `Lockstep itself logs in to ${sourceWords} without TLS, so nothing shows that its certificate is good`,
      remedy: 'Configure `hosts`, so that the login can be rehearsed, or take `tls: { mode: disabled }` out.',
    };
  return undefined;
};

const noAuthority: Check = ({ tls, words, replica }) =>
  tls === undefined
    ? {
        reason: 'no-authority',
        why: `neither ${words} nor the configuration names a file of the authority to trust`,
        remedy: `Write \`replication_tls: { ca_file: …, cert_file: …, key_file: … }\` for ${replica.name}.`,
      }
    : undefined;

const noClientCertificate: Check = ({ tls, source, channel, site, words, replica }) => {
  const own = source?.facts?.accounts?.listed?.filter(({ user }) => user === channel.source.user) ?? [];
  const demanded =
    own.length > 0
      ? own.every(({ requires }) => requires === 'x509' || requires === 'specified')
      : site.accounts.replication?.require === 'x509' && site.accounts.replication.user === channel.source.user;
  if (tls === undefined || tls.certFile !== undefined || !demanded) return undefined;
  return {
    reason: 'no-client-certificate',
    why: `"${channel.source.user}" is let in with a certificate alone, and nothing names one for ${words}`,
    remedy: `Write \`replication_tls: { ca_file: …, cert_file: …, key_file: … }\` for ${replica.name}.`,
  };
};

/** MySQL with TLS on takes nothing else, verified or not; MariaDB only when it verifies. */
const verifyOff: Check = ({ tls, column, words, replica }) =>
  tls?.verify === false && column.flavour === 'mariadb'
    ? {
        reason: 'verify-off',
        why: `the configuration wants ${words} not to verify the name of its source; MariaDB would then go on in plaintext, saying nothing, if the source stopped offering TLS`,
        remedy: `Write \`verify: identity\` in the replication_tls of ${replica.name}.`,
      }
    : undefined;

const noRehearsal: Check = ({ rehearsal, configured, words, replica, site, channel }) => {
  if (rehearsal !== 'full') return undefined;
  if (configured?.host === undefined)
    return {
      reason: 'no-host',
      why: `the certificate and the key of ${words} cannot be read, so its login cannot be rehearsed`,
      remedy: `Configure \`hosts\` for ${replica.name}, or ask for \`rehearsal: partial\`.`,
    };
  const { replication } = site.accounts;
  if (replication?.user === channel.source.user) return undefined;
  const whose = replication === undefined ? 'no password' : `only the password of "${replication.user}"`;
  return {
    reason: 'no-account',
    why: `${words} logs in as "${channel.source.user}", and the configuration has ${whose}`,
    remedy: 'Write that account under `accounts: { replication: … }`, or ask for `rehearsal: partial`.',
  };
};

const applierFailed: Check = ({ channel, words }) =>
  channel.sql === 'stopped' && channel.sqlError !== undefined
    ? {
        reason: 'applier-failed',
        why: `the applier of ${words} stopped with ${errorWords(channel.sqlError, undefined)}`,
        remedy:
          'Mend that first (docs/runbooks/ReplicationStopped.md): the change would take the error away, not its cause.',
      }
    : undefined;

const channelsAlike: Check = ({ facts, channel, words }) => {
  const twin = facts.channels?.find(
    ({ name, source }) =>
      name !== channel.name && source.host === channel.source.host && source.port === channel.source.port,
  );
  return twin === undefined
    ? undefined
    : {
        reason: 'channels-alike',
        why: `${words} and its channel "${twin.name}" read from the same address, so their streams cannot be told apart`,
        remedy: 'Secure them by hand: docs/runbooks/ChannelWithoutTls.md.',
      };
};

const noPosition: Check = ({ channel, words }) =>
  channel.gtid.mode === 'off' && channel.executed.file === ''
    ? {
        reason: 'no-position',
        why: `${words} has never begun to apply, so where it would go on is not known`,
        remedy: 'Start it once, or set it up anew.',
      }
    : undefined;

/** What is thrown away with the relay log must still be there: unknown is no yes. What was never received must not be known to be gone. */
const logLost: Check = (subject, scene) => {
  const { relation, runs, words, sourceWords, channel } = subject;
  const again = fetchesAgain(subject);
  const held = again ? stillHeld(subject, scene) : !runs.io || relation.sourceLogAvailable !== false;
  if (held === true) return undefined;
  const from = channel.executed.file === '' ? '' : ` from ${channel.executed.file} on`;
  return {
    reason: 'place-lost',
    why:
      held === undefined
        ? `it is not known whether ${sourceWords} still has the binary log that ${words} has yet to apply`
        : `${sourceWords} no longer has the binary log that ${words} has yet to apply${from}`,
    remedy: again
      ? 'The change throws the relay log away: let it apply all that it received first.'
      : 'The replica must be rebuilt: docs/runbooks/SourceLogPurged.md.',
  };
};

function stillHeld({ channel, replica, source, relation }: Subject, scene: Scene): boolean | undefined {
  if (channel.gtid.mode === 'auto') {
    const members = membersOf(scene.snapshot, topologyOf(scene.snapshot));
    const [own, theirs] = [members.gtids(replica.name), members.gtids(relation.source)];
    if (own?.kind !== 'mysql' || theirs?.kind !== 'mysql') return undefined;
    return containsGtidSet(own.executed, theirs.purged);
  }
  const binlog = source?.facts?.binlog;
  const wanted = channel.executed.file;
  if (binlog?.current?.file === wanted) return true;
  if (binlog?.files === undefined || wanted === '') return undefined;
  return binlog.files.some(({ name }) => name === wanted);
}

const checks: readonly Check[] = [
  sourceUnseen,
  sourceTlsOff,
  sourceCertificate,
  noAuthority,
  noClientCertificate,
  verifyOff,
  noRehearsal,
  applierFailed,
  channelsAlike,
  noPosition,
  logLost,
];
