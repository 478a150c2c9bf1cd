import { parseMatcher } from './base/matcher.js';
import type { PolicyConfig } from './config/automation.js';
import type { ClusterConfig, Config } from './config/config.js';
import { readYaml, type Path } from './config/document.js';
import { parseDuration } from './base/duration.js';
import { ConfigError, sorted } from './config/fault.js';
import { nearest } from './config/nearest.js';
import type { ProcedureSummary } from './engine/automation.js';
import { namesForm } from './engine/parameters.js';
import type { ParameterSpec } from './engine/procedure.js';

type Known = Pick<ProcedureSummary, 'name' | 'parameters'>;

/** One thing that is wrong with a policy, and where. */
export interface PolicyFault {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly remedy: string | undefined;
}

/**
 * What the configuration's own checks cannot see: whether policies ask for procedures that there are, with parameters
 * that those have.
 * @throws ConfigError with every fault at once
 */
export async function checkPolicies(config: Config, procedures: readonly Known[]): Promise<void> {
  const faults = policyFaults(config, procedures);
  if (faults.length === 0) return;
  const main = await readYaml(config.file);
  throw new ConfigError(
    sorted(
      faults.map(({ path, at, message, remedy }) => main.fault(path, at, message, remedy)),
      [config.file],
    ),
  );
}

export function policyFaults(
  { automation, clusters }: Pick<Config, 'automation' | 'clusters'>,
  procedures: readonly Known[],
): readonly PolicyFault[] {
  return (automation?.policies ?? []).flatMap((policy, index) => {
    const path: Path = ['policies', index];
    const procedure = procedures.find(({ name }) => name === policy.run);
    if (procedure === undefined)
      return [
        fault([...path, 'run'], 'value', `this version does not have the procedure ${JSON.stringify(policy.run)}`),
      ];
    const specs: readonly Spec[] = [{ name: 'cluster', kind: 'cluster' }, ...procedure.parameters];
    return [
      ...unknownNames([...path, 'with'], policy.run, policy.parameters, specs),
      ...unknownNames([...path, 'labels'], policy.run, policy.labels, specs),
      ...specs.flatMap((spec) => [
        ...wrongValue([...path, 'with', spec.name], spec, policy, clusters),
        ...onlyFixed([...path, 'labels', spec.name], spec, policy),
      ]),
    ];
  });
}

/** What runs may start in a cluster with nobody asked, a line for each policy. */
export function actingAlone(
  { automation }: Pick<Config, 'automation'>,
  cluster: Pick<ClusterConfig, 'name'>,
): readonly string[] {
  return (automation?.policies ?? [])
    .filter((policy) => policy.mode === 'auto' && mayConcern(policy, cluster.name))
    .map(({ run, match, window }) => `${run} on ${match.join(', ')}${window === undefined ? '' : `, in the window ${window}`}`); // prettier-ignore
}

/** Whether an alert that this policy matches may name this cluster. */
function mayConcern({ match, parameters, labels }: PolicyConfig, cluster: string): boolean {
  const fixed = parameters['cluster'];
  if (fixed !== undefined) return fixed === cluster;
  const label = labels['cluster'] ?? 'cluster';
  return match
    .map(parseMatcher)
    .filter((matcher) => matcher.label === label)
    .every((matcher) => matcher.matches({ [label]: cluster }));
}

type Spec = Pick<ParameterSpec, 'name' | 'values'> & { readonly kind: ParameterSpec['kind'] | 'cluster' };

function unknownNames(
  path: Path,
  procedure: string,
  given: Readonly<Record<string, string>>,
  specs: readonly Spec[],
): readonly PolicyFault[] {
  const known = specs.map(({ name }) => name);
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const close = nearest(name, known);
      const remedy = close === undefined ? `It has ${known.join(', ')}` : `Did you mean ${JSON.stringify(close)}?`;
      return fault([...path, name], 'key', `${procedure} has no parameter ${JSON.stringify(name)}`, remedy);
    });
}

function wrongValue(
  path: Path,
  spec: Spec,
  { parameters }: PolicyConfig,
  clusters: readonly ClusterConfig[],
): readonly PolicyFault[] {
  const value = parameters[spec.name];
  if (value === undefined) return [];
  const expected = expectation(spec, value, parameters['cluster'], clusters);
  return expected === undefined ? [] : [fault(path, 'value', `given ${JSON.stringify(value)}, expected ${expected}`)];
}

/** What the value should be; undefined when it is that. */
function expectation(
  { kind, values = [] }: Spec,
  value: string,
  cluster: string | undefined,
  clusters: readonly ClusterConfig[],
): string | undefined {
  const oneOf = (words: readonly string[]) => (words.includes(value) ? undefined : `one of ${words.join(', ')}`);
  switch (kind) {
    case 'cluster':
      return oneOf(clusters.map(({ name }) => name));
    case 'server': {
      const here = clusters.filter(({ name }) => cluster === undefined || name === cluster);
      return oneOf([...new Set(here.flatMap(({ servers }) => servers.map(({ name }) => name)))]);
    }
    case 'choice':
      return oneOf(values);
    case 'duration':
      return parseDuration(value) === undefined ? 'a duration with its unit, such as 10s, 5m or 30d' : undefined;
    case 'names':
      return namesForm.test(value) ? undefined : 'names with commas between them, such as shop,reports';
    case 'channel':
      return /^[^\p{Cc}]{1,64}$/u.test(value) ? undefined : 'the name of a channel, at most 64 characters';
  }
}

function onlyFixed(path: Path, { name, kind }: Spec, { labels }: PolicyConfig): readonly PolicyFault[] {
  if ((kind !== 'duration' && kind !== 'names') || labels[name] === undefined) return [];
  const [what, example] = kind === 'duration' ? ['a length of time', '7d'] : ['for people to say', 'shop'];
  const message = `a label only chooses among what is known, and ${JSON.stringify(name)} is ${what}`;
  return [fault(path, 'key', message, `Fix it: \`with: { ${name}: ${example} }\``)];
}

function fault(path: Path, at: 'key' | 'value', message: string, remedy?: string): PolicyFault {
  return { path, at, message, remedy };
}
