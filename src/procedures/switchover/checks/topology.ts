import type { Parameters, Scene } from '../../../domain/scene.js';
import { isWritable } from '../../../domain/topology.js';
import { given, viewOf } from '../../view.js';
import { objection, type Check, type Objection } from './check.js';

/** Before there is anything to look at: whether the picture is one in which the primary can be changed at all. */
export function pictureObjections(scene: Scene, parameters: Parameters): readonly Objection[] {
  const view = viewOf(scene);
  const { topology } = view;
  const [to, from] = [given(parameters, 'to'), given(parameters, 'from')];
  if (topology.kind !== 'async')
    return [
      objection('topology', `the topology is ${topology.kind}, where servers change their roles by other means`, 'Use those.'), // prettier-ignore
    ];
  const heads = scene.snapshot.servers.filter((one) => isWritable(one) && one.facts?.channels?.length === 0);
  if (heads.length > 1)
    return [
      {
        ...objection(
          'two-primaries',
          `${heads.map(({ name }) => name).join(' and ')} accept writes and replicate from nobody: which of them is right is a decision`,
          'Decide which one stays, and close the other by hand: docs/runbooks/TwoPrimaries.md.',
        ),
        human: true,
      },
    ];
  const hidden = scene.snapshot.servers.filter(({ facts }) => facts?.state === undefined || facts.channels === undefined); // prettier-ignore
  const unseen = hidden.map(({ name, failure }) =>
    objection(
      'server-unseen',
      `${name} cannot be asked: ${failure?.message ?? 'its state was not told'}`,
      'Whoever is not seen cannot be made to follow. Bring it back, or take it out of the configuration.',
    ),
  );
  const { primary } = topology;
  if (primary === undefined || unseen.length > 0) return unseen;
  if (from !== '' && from !== primary)
    return [objection('not-primary', `the primary is ${primary}, not ${from}`, 'Look again, and ask anew.')];
  const links = topology.links.filter(({ replica, source }) => replica === to && source === primary);
  if (links.length === 0 && to !== primary && view.server(to) !== undefined)
    return [
      objection(
        'not-a-replica',
        `${to} does not replicate from ${primary} itself`,
        `Let it read from ${primary} first, or choose a server that does: only of such a one it can be waited for that it has everything.`,
      ),
    ];
  return [];
}

const primaryClosed: Check = ({ old }) =>
  isWritable(old.server)
    ? []
    : [
        objection(
          'primary-closed',
          `${old.name} accepts no writes`,
          'Find out who closed it, and open it first: docs/runbooks/NoPrimary.md.',
        ),
      ];

const primaryReplicates: Check = ({ old }) =>
  old.facts.channels?.length === 0
    ? []
    : [
        objection(
          'primary-replicates',
          `${old.name} itself replicates from ${(old.facts.channels ?? []).map(({ source }) => `${source.host}:${source.port}`).join(', ')}`,
          'What comes from outside would have to move to the new primary: end that replication first.',
        ),
      ];

const writable: Check = ({ to, others }) =>
  [to, ...others]
    .filter(({ server }) => isWritable(server))
    .map(({ name }) =>
      objection(
        name === to.name ? 'candidate-writable' : 'replica-writable',
        `${name} accepts writes although it is a replica`,
        `Run fence-writable-replica for ${name} first: docs/runbooks/WritableReplica.md.`,
      ),
    );

const twoChannels: Check = ({ to, others, old }) => {
  const names = [to, ...others].map(({ name }) => name);
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  return twice.map((name) =>
    objection(
      'two-channels',
      `${name} reads from ${old.name} over more than one channel`,
      'Leave it one: which of them carries what, nobody here can tell.',
    ),
  );
};

const serverIds: Check = ({ old, to, others }) => {
  const all = [old, to, ...others];
  const clash = all.find((one) => all.some((other) => other.name !== one.name && other.facts.identity.serverId === one.facts.identity.serverId)); // prettier-ignore
  if (clash === undefined) return [];
  const id = clash.facts.identity.serverId;
  return [
    objection(
      'server-id-clash',
      `more than one server has the server_id ${id}`,
      'Give each its own: docs/runbooks/ServerIdClash.md.',
    ),
  ];
};

const flavours: Check = ({ old, to, others }) =>
  [to, ...others]
    .filter(({ column }) => column.flavour !== old.column.flavour)
    .map(({ name, facts }) =>
      objection(
        'flavour-mixed',
        `${name} runs ${facts.identity.version}, and ${old.name} ${old.facts.identity.version}: GTIDs of the two do not go together`,
        'Move between MySQL and MariaDB by hand.',
      ),
    );

export const topologyChecks: readonly Check[] = [
  primaryClosed,
  primaryReplicates,
  writable,
  twoChannels,
  serverIds,
  flavours,
];
