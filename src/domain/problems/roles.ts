import { returnedOf } from '../returned.js';
import { isWritable } from '../topology.js';
import { found, judgesWritable, ofEachServer, type Check } from './check.js';

/**
 * Nobody is the primary, or the primary is up and read-only. A primary that is down is `server-down` alone, and a cluster of
 * which nobody, or not everybody yet, was asked says nothing.
 */
const noPrimary: Check = (sight) => {
  const { snapshot, topology } = sight;
  const { servers } = snapshot;
  if (!judgesWritable(sight) || topology.writable.length > 0) return [];
  if (servers.some(({ facts, failure, login }) => facts === undefined && failure === undefined && login === undefined))
    return [];
  if (topology.primary !== undefined) {
    const primary = servers.find(({ name }) => name === topology.primary);
    return primary?.facts?.state === undefined
      ? []
      : [
          found(
            'no-primary',
            primary.name,
            `${primary.name} is the primary and is read-only: no server accepts writes`,
          ),
        ];
  }
  // A server of unknown state may be the primary.
  if (servers.every(({ facts }) => facts?.state === undefined)) return [];
  return [
    found(
      'no-primary',
      undefined,
      `no server of ${snapshot.cluster} that could be asked accepts writes, and none is the primary`,
    ),
  ];
};

/** Opened as it is, it would lose what only its replicas have, acknowledged writes among them. */
const primaryBehind: Check = (sight) => {
  const { snapshot, topology } = sight;
  if (!judgesWritable(sight) || topology.primary === undefined || topology.writable.length > 0) return [];
  const returned = returnedOf({ snapshot }, topology.primary);
  return returned === undefined
    ? []
    : [found('primary-behind', topology.primary, `${topology.primary} is the primary: ${returned.why}`)];
};

/** Writable servers that replicate from nobody: applications may write to each of them. */
const twoPrimaries: Check = (sight) => {
  if (!judgesWritable(sight)) return [];
  const heads = sight.snapshot.servers.filter((server) => isWritable(server) && server.facts?.channels?.length === 0);
  if (heads.length < 2) return [];
  const names = heads.map(({ name }) => name).join(' and ');
  return [found('two-primaries', undefined, `${names} accept writes and replicate from nobody`)];
};

const writableReplica = ofEachServer((server, { channels }, sight) => {
  if (!judgesWritable(sight) || !isWritable(server) || sight.topology.primary === server.name) return [];
  if (channels === undefined || channels.length === 0) return [];
  const sources = channels.map(({ source }) => `${source.host}:${source.port}`).join(', ');
  return [found('writable-replica', server.name, `${server.name} replicates from ${sources} and accepts writes`)];
});

/** A server that should follow the primary and follows nobody; a second writable one is `two-primaries` instead. */
const replicaMissing = ofEachServer((server, _facts, sight) => {
  const { topology } = sight;
  if (!judgesWritable(sight) || topology.primary === undefined || isWritable(server)) return [];
  if (topology.roles[server.name] !== 'standalone') return [];
  return [
    found(
      'replica-missing',
      server.name,
      `${server.name} replicates from nobody, though ${topology.primary} is the primary`,
    ),
  ];
});

const bootsWritable = ofEachServer((server, { state }, sight) =>
  judgesWritable(sight) && state?.bootReadOnly === false
    ? [
        found(
          'boots-writable',
          server.name,
          `${server.name} would accept writes after a restart: read_only is off in its settings on disk`,
        ),
      ]
    : [],
);

export const roleChecks: readonly Check[] = [
  noPrimary,
  primaryBehind,
  twoPrimaries,
  writableReplica,
  replicaMissing,
  bootsWritable,
];
