import type { Problem } from '../problems.js';
import type { Failure, ServerSnapshot } from '../snapshot.js';
import { found, ofEachRelation, ofEachServer, type Check } from './check.js';

const serverDown: Check = ({ snapshot }) =>
  snapshot.servers.flatMap((server) => {
    // Neither facts nor a failure: nobody has asked yet, and nothing is known, good or bad.
    const failure = failureOf(server);
    if (server.facts !== undefined || failure === undefined) return [];
    return found(
      'server-down',
      server.name,
      `${server.name} could not be asked (${failure.reason}): ${failure.message}`,
    );
  });

const idClash = ofEachServer((server, facts, { snapshot }) => {
  const id = facts.identity.serverId;
  const others = snapshot.servers.filter((other) => other !== server && other.facts?.identity.serverId === id);
  if (others.length === 0) return [];
  const names = others.map(({ name }) => name).join(', ');
  return [found('server-id-clash', server.name, `${server.name} has server id ${id}, and so has ${names}`)];
});

/** Two replicas with one id push each other off the source; while it happens both are registered. */
const registeredTwice = ofEachServer((server, facts) => {
  const ids = (facts.streams?.registered ?? []).map(({ serverId }) => serverId);
  const twice = [...new Set(ids.filter((id, place) => ids.indexOf(id) !== place))];
  return twice.map((id): Problem => {
    const times = ids.filter((one) => one === id).length;
    return found(
      'server-id-clash',
      server.name,
      `${times} replicas with server id ${id} stream the binary log of ${server.name}`,
    );
  });
});

const unknownReplica = ofEachRelation(({ unknownReplicas }, { name }) => {
  if (unknownReplicas === undefined || unknownReplicas === 0) return undefined;
  return found(
    'unknown-replica',
    name,
    unknownReplicas === 1
      ? `1 stream of the binary log of ${name} belongs to no configured server`
      : `${unknownReplicas} streams of the binary log of ${name} belong to no configured server`,
  );
});

const clockOffset = ofEachServer(({ name }, { state }, { thresholds }) => {
  const offset = state?.clockOffsetSeconds;
  if (offset === undefined || Math.abs(offset) <= thresholds.clockOffset) return [];
  const direction = offset > 0 ? 'ahead of' : 'behind';
  return [
    found(
      'clock-offset',
      name,
      `the clock of ${name} is ${Math.abs(offset).toFixed(1)} s ${direction} ours, more than ${thresholds.clockOffset} s`,
    ),
  ];
});

export const serverChecks: readonly Check[] = [serverDown, idClash, registeredTwice, unknownReplica, clockOffset];

/** The look's own failure says more than the login's, which may be older. */
function failureOf({ failure, login }: ServerSnapshot): Failure | undefined {
  return failure ?? login?.failure;
}
