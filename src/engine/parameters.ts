import { parseDuration } from '../base/duration.js';
import { LockstepError } from '../base/errors.js';
import type { Parameters } from '../domain/scene.js';
import type { ParameterSpec, Procedure } from './procedure.js';

/** What the configuration names: nothing else can be a parameter. */
export interface KnownCluster {
  readonly name: string;
  readonly servers: readonly string[];
}

/** Names of applications, a comma between them; '' is none. */
export const namesForm = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,62}(?:,(?!$)|$)){0,100}$/;
/** A channel's name as servers allow it. */
const channelForm = /^[^\p{Cc}]{0,64}$/u;

/**
 * The parameters with their defaults, in the order of the procedure's list.
 * @throws LockstepError `parameters-invalid` for an unknown cluster, server or choice, a missing or an unknown parameter
 */
export function checkedParameters(
  procedure: Procedure,
  given: Parameters,
  clusters: readonly KnownCluster[],
): Parameters {
  const cluster = clusters.find(({ name }) => name === given.cluster);
  if (cluster === undefined)
    throw invalid(`there is no cluster "${given.cluster}"`, `Known: ${clusters.map(({ name }) => name).join(', ')}.`);
  const known = new Set(['cluster', ...procedure.parameters.map(({ name }) => name)]);
  const unknown = Object.keys(given).find((name) => !known.has(name));
  if (unknown !== undefined)
    throw invalid(`${procedure.name} has no parameter "${unknown}"`, `It has ${[...known].join(', ')}.`);
  const values = procedure.parameters.flatMap((spec): [string, string][] => {
    const value = Object.hasOwn(given, spec.name) ? given[spec.name] : spec.default;
    if (value === undefined) {
      if (!spec.required) return [];
      throw invalid(`${procedure.name} needs the parameter "${spec.name}": ${spec.help}`, `Give --${spec.name}.`);
    }
    check(spec, value, cluster);
    return [[spec.name, value]];
  });
  return { cluster: cluster.name, ...Object.fromEntries(values) };
}

function check(spec: ParameterSpec, value: string, cluster: KnownCluster): void {
  switch (spec.kind) {
    case 'server':
      if (cluster.servers.includes(value)) return;
      throw invalid(`cluster "${cluster.name}" has no server "${value}"`, `It has ${cluster.servers.join(', ')}.`);
    case 'choice':
      if (spec.values?.includes(value) === true) return;
      throw invalid(`"${value}" is none of ${spec.name}'s values`, `Known: ${spec.values?.join(', ') ?? ''}.`);
    case 'duration':
      if (parseDuration(value) !== undefined) return;
      throw invalid(`"${value}" is no duration`, 'Give one with its unit, such as 10s, 5m or 7d.');
    case 'names':
      // Whether they are known, the procedure says.
      if (namesForm.test(value)) return;
      throw invalid(`"${value.slice(0, 80)}" is no list of names`, 'Give them with commas between them: shop,reports.');
    case 'channel':
      // Whether the server has it is seen when it is looked at.
      if (channelForm.test(value)) return;
      throw invalid(`"${value.slice(0, 80)}" is no name of a channel`, 'Channels have at most 64 characters.');
  }
}

function invalid(message: string, remedy: string): LockstepError {
  return new LockstepError('parameters-invalid', message, remedy);
}
