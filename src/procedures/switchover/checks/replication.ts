import { containsGtidSet, parseGtidSet } from '../../../domain/gtid-mysql.js';
import { parseMariadbGtids } from '../../../domain/gtid-mariadb.js';
import { channelText } from '../../../domain/problems/check.js';
import { knownError } from '../../../domain/replication-errors.js';
import { spell } from '../../../domain/spell.js';
import { errorWords } from '../../standing.js';
import { byGtid } from '../subject.js';
import { objection, type Check } from './check.js';

const replicating: Check = ({ to, others }) =>
  [to, ...others].flatMap((replica) => {
    const { channel, relation, column } = replica;
    if (channel.io === 'running' && channel.sql === 'running') return [];
    const error = channel.sqlError ?? channel.ioError;
    const why = error === undefined ? '' : `: ${errorWords(error, knownError(column.flavour, error.errno))}`;
    return [
      objection(
        'not-replicating',
        `${channelText(relation)} does not replicate (receiver ${channel.io}, applier ${channel.sql})${why}`,
        'Let it run first: restart-replication, docs/runbooks/ReplicationStopped.md. One that is stopped on purpose would be started.',
      ),
    ];
  });

const silent: Check = ({ to, others, old }) =>
  [to, ...others]
    .filter(({ channel }) => channel.silent === true)
    .map(({ relation }) =>
      objection(
        'silent',
        `${channelText(relation)} has heard nothing from ${old.name} for longer than two heartbeat periods`,
        `Look whether ${old.name} is frozen, or the way to it: docs/runbooks/LagUnknown.md.`,
      ),
    );

/** The candidate must be near; the others may follow from further behind. */
const lagging: Check = ({ to, site }) => {
  const { lagSeconds } = to.channel;
  if (to.channel.delaySeconds > 0 || to.channel.io !== 'running' || to.channel.sql !== 'running') return [];
  if (lagSeconds !== undefined && lagSeconds <= site.lagThreshold) return [];
  return [
    objection(
      'lagging',
      lagSeconds === undefined
        ? `how far ${to.name} is behind is not known`
        : `${to.name} is ${spell(lagSeconds)} behind, and allowed are ${spell(site.lagThreshold)}`,
      'Wait until it has caught up: docs/runbooks/ReplicationLagging.md.',
    ),
  ];
};

const delayed: Check = ({ to }) =>
  to.channel.delaySeconds === 0
    ? []
    : [
        objection(
          'delayed',
          `${to.name} stays ${spell(to.channel.delaySeconds)} behind on purpose`,
          'Choose another server, or end its delay first.',
        ),
      ];

const filtered: Check = ({ to }) =>
  to.channel.filtered === true
    ? [
        objection(
          'filtered',
          `${to.name} leaves out a part of what it replicates`,
          'A primary must have everything: choose another server, or rebuild it without filters.',
        ),
      ]
    : [];

const errant: Check = ({ to, others, view }) =>
  [to, ...others].flatMap(({ name }) => {
    const relation = view.serverRelation(name);
    const count = relation?.errantTransactions ?? 0;
    if (relation === undefined || count === 0 || relation.errantUnsettled) return [];
    return [
      objection(
        'errant-transactions',
        `${name} has ${count} transaction${count === 1 ? '' : 's'} that its source never had (${relation.errantSet.slice(0, 300)})`,
        'Nobody else would ever get them, and others might stop at them: docs/runbooks/ErrantTransactions.md.',
      ),
    ];
  });

/** What the old primary once got by replication and did not log, it could not name as its place any more. */
const domains: Check = ({ old, to }) => {
  const { gtid } = old.facts;
  if (gtid?.kind !== 'mariadb' || !byGtid(to)) return [];
  const [logged, applied] = [read(gtid.binlogPos), read(gtid.slavePos)];
  const lost = [...applied.keys()].filter((domain) => !logged.has(domain));
  return lost.length === 0
    ? []
    : [
        objection(
          'domain-unlogged',
          `${old.name} once applied domain ${lost.join(', ')} without logging it, and would ask for all of it again`,
          `Take it out of gtid_slave_pos of ${old.name}, if nobody needs it: SET GLOBAL gtid_slave_pos.`,
        ),
      ];
};

const purged: Check = ({ old, to, others }) => {
  const { gtid } = to.facts;
  if (gtid?.kind !== 'mysql' || !byGtid(to)) return [];
  const gone = parseGtidSet(gtid.purged);
  return [old, ...others].flatMap(({ name, facts }) => {
    const own = facts.gtid;
    if (own?.kind !== 'mysql' || containsGtidSet(parseGtidSet(own.executed), gone)) return [];
    return [
      objection(
        'logs-purged',
        `${to.name} no longer has the logs that ${name} would need`,
        `Wait until ${name} has caught up, or choose another server.`,
      ),
    ];
  });
};

function read(text: string): ReturnType<typeof parseMariadbGtids> {
  try {
    return parseMariadbGtids(text);
  } catch {
    return new Map();
  }
}

export const replicationChecks: readonly Check[] = [
  replicating,
  silent,
  lagging,
  delayed,
  filtered,
  errant,
  domains,
  purged,
];
