import { spell } from '../spell.js';
import { channelText, found, ofEachChannel, ofEachServer, type Check } from './check.js';

const purged = ofEachChannel((channel, relation) =>
  relation.sourceLogAvailable === false
    ? found(
        'source-log-purged',
        relation.server,
        `${relation.source ?? channel.source.host} no longer has the binary log that ${channelText(relation)} reads next (last read: ${channel.read.file === '' ? 'nothing' : channel.read.file})`,
        relation.channel,
      )
    : undefined,
);

const retentionShort = ofEachChannel((channel, relation, { thresholds }) => {
  const headroom = relation.retentionHeadroomSeconds;
  if (headroom === undefined || headroom >= thresholds.retentionHeadroom || relation.sourceLogAvailable === false)
    return undefined;
  return found(
    'retention-short',
    relation.server,
    `${relation.source ?? channel.source.host} may purge in ${spell(headroom)} what ${channelText(relation)} has yet to read; wanted is ${spell(thresholds.retentionHeadroom)}`,
    relation.channel,
  );
});

/** Only where others read from: a replica's own source side waits for nobody. */
const semiSync = ofEachServer(({ name }, { semiSync: facts }, { topology }) => {
  const source = facts?.source;
  const role = topology.roles[name];
  if (source?.enabled !== true || source.active || (role !== 'primary' && role !== 'intermediate')) return [];
  return [
    found(
      'semi-sync-degraded',
      name,
      `${name} commits without waiting for a replica: semi-synchronous replication is enabled but not active, with ${source.clients} semi-synchronous replicas connected`,
    ),
  ];
});

export const logChecks: readonly Check[] = [purged, retentionShort, semiSync];
