import { isNewerSeries } from '../../../domain/series.js';
import { restartChangesOf } from '../next-start.js';
import { byGtid } from '../subject.js';
import { objection, type Check } from './check.js';

const logs: Check = ({ to }) => [
  ...(to.facts.binlog?.enabled === false
    ? [objection('no-binary-log', `${to.name} writes no binary log, so nobody could follow it`, 'Turn log_bin on there, and restart it.')] // prettier-ignore
    : []),
  ...(to.facts.binlog?.enabled !== false && to.facts.state?.logsReplicaUpdates === false && byGtid(to)
    ? [
        objection(
          'no-binary-log',
          `${to.name} does not log what it applies, so nobody who is behind could follow it`,
          `Turn ${to.column.logUpdates} on there, and restart it.`,
        ),
      ]
    : []),
];

/** A replica may be newer than its source, and not older; of the old primary a person decides. */
const versions: Check = ({ to, others }) =>
  others
    .filter(({ facts }) => isNewerSeries(to.facts.identity, facts.identity))
    .map(({ name, facts }) =>
      objection(
        'version-newer',
        `${to.name} runs ${to.facts.identity.version}, newer than ${name} (${facts.identity.version}), which would follow it`,
        `Upgrade ${name} first.`,
      ),
    );

const durability: Check = ({ old, to }) => {
  const [before, after] = [old.facts.state, to.facts.state];
  if (before === undefined || after === undefined) return [];
  const weaker = [
    ...(before.syncBinlog === 1 && after.syncBinlog !== 1 ? [`sync_binlog = ${after.syncBinlog}`] : []),
    ...(before.flushAtCommit === 1 && after.flushAtCommit !== undefined && after.flushAtCommit !== 1
      ? [`innodb_flush_log_at_trx_commit = ${after.flushAtCommit}`]
      : []),
  ];
  return weaker.length === 0
    ? []
    : [
        objection(
          'durability-weaker',
          `${to.name} has ${weaker.join(' and ')}: a crash of its machine would lose what it acknowledged, and on ${old.name} it would not`,
          'Set it to 1 there: docs/runbooks/DurabilityRelaxed.md.',
        ),
      ];
};

const boots: Check = ({ old, to, others }) =>
  [old, to, ...others]
    .filter(({ facts }) => facts.state?.bootReadOnly === false)
    .map(({ name }) =>
      objection(
        'boots-writable',
        `${name} would accept writes after a restart, whoever is the primary then`,
        'Write read_only = ON into its option file, on every server: docs/runbooks/BootsWritable.md.',
      ),
    );

/** What it was measured and chosen with is not what it would run with after the next restart. */
const unsaved: Check = (subject) => {
  const { to } = subject;
  const names = restartChangesOf(subject)?.surely ?? [];
  return names.length === 0
    ? []
    : [
        objection(
          'settings-unsaved',
          `a restart of ${to.name} would change ${names.join(', ')}: something else is ${to.column.persists ? 'persisted or configured' : 'configured'} than is in force`,
          `Write what is in force on ${to.name} into its option file${to.column.persists ? ' (or SET PERSIST)' : ''}, or put into force what a restart would take.`,
        ),
      ];
};

const connections: Check = ({ old, to }) => {
  const [used, limit] = [old.facts.activity?.connections.used, to.facts.activity?.connections.limit];
  if (used === undefined || limit === undefined || limit > used) return [];
  return [
    objection(
      'connections',
      `${old.name} has ${used} sessions now, and ${to.name} takes at most ${limit}`,
      `Raise max_connections on ${to.name}.`,
    ),
  ];
};

const semiSync: Check = ({ old, to, others }) => {
  const before = old.facts.semiSync?.source;
  if (before?.enabled !== true) return [];
  const after = to.facts.semiSync?.source;
  if (after === undefined)
    return [
      objection(
        'semi-sync-missing',
        `${old.name} waits for a replica at each commit, and ${to.name} has no plugin to do that`,
        `Install it on ${to.name}: INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'.`,
      ),
    ];
  if (after.waitPoint !== before.waitPoint || after.timeoutSeconds !== before.timeoutSeconds)
    return [
      objection(
        'semi-sync-differs',
        `${to.name} would wait for replicas in another way than ${old.name} (${after.waitPoint ?? '?'}, ${after.timeoutSeconds ?? '?'} s instead of ${before.waitPoint ?? '?'}, ${before.timeoutSeconds ?? '?'} s)`,
        'Give both the same wait point and the same timeout.',
      ),
    ];
  const answers =
    others.some(({ facts }) => facts.semiSync?.replica?.enabled === true) ||
    (old.facts.semiSync?.replica !== undefined && to.facts.semiSync?.replica?.enabled === true);
  return answers
    ? []
    : [
        objection(
          'semi-sync-alone',
          `nobody who would follow ${to.name} acknowledges commits, so each would wait for its timeout`,
          'Turn the replica’s side of semi-synchronous replication on where it is off.',
        ),
      ];
};

export const settingsChecks: readonly Check[] = [logs, versions, durability, boots, unsaved, connections, semiSync];
