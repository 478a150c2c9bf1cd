import { parseMatcher, type Labels, type Matcher } from '../base/matcher.js';
import type { PolicyConfig } from '../config/automation.js';
import type { Config } from '../config/config.js';
import { procedureNames, type ProcedureName } from '../domain/procedure-names.js';
import type { ClusterName, ServerName } from '../domain/snapshot.js';
import type { ProcedureSummary } from '../engine/automation.js';
import type { ParameterSpec } from '../engine/procedure.js';
import type { Mode, RunLimits } from '../engine/run.js';

/** All that a decision about an alert may choose from: what the configuration names, made ready once. */
export interface Ground {
  /** In the order of the configuration; the built-in one comes last. */
  readonly policies: readonly Policy[];
  readonly clusters: ReadonlyMap<ClusterName, ReadonlySet<ServerName>>;
  readonly procedures: ReadonlyMap<string, Choice>;
}

export interface Policy {
  matches(labels: Labels): boolean;
  /** The name of a procedure; undefined for none. */
  run(labels: Labels): string | undefined;
  readonly mode: Mode;
  readonly limits: Partial<RunLimits>;
  /** Parameters that the configuration fixes. */
  readonly fixed: ReadonlyMap<string, string>;
  /** From which label a parameter takes its value, where it is not the label of the same name. */
  readonly labels: ReadonlyMap<string, string>;
}

/** A procedure as policies choose it. */
export interface Choice {
  readonly name: ProcedureName;
  /** `cluster` first. */
  readonly parameters: readonly (ParameterSpec | typeof clusterParameter)[];
}

/** Every procedure has it, before its own. */
export const clusterParameter = { name: 'cluster', kind: 'cluster', required: true } as const;

/** @throws LockstepError `matcher-invalid`, which the configuration's checks keep from happening */
export function groundOf(
  { clusters, automation }: Pick<Config, 'clusters' | 'automation'>,
  procedures: readonly Pick<ProcedureSummary, 'name' | 'parameters'>[],
): Ground {
  return {
    policies: [...(automation?.policies ?? []).map(policyOf), shipped],
    clusters: new Map(clusters.map(({ name, servers }) => [name, new Set(servers.map((server) => server.name))])),
    procedures: new Map(
      procedureNames.flatMap((name) => {
        const procedure = procedures.find((one) => one.name === name);
        return procedure ? [[name, { name, parameters: [clusterParameter, ...procedure.parameters] }]] : [];
      }),
    ),
  };
}

/** What holds for alerts that no configured policy matches: those of our own rules are planned, and nothing acts. */
const shipped: Policy = {
  matches: (labels) => (labels['procedure'] ?? '') !== '',
  run: (labels) => labels['procedure'],
  mode: 'plan',
  limits: {},
  fixed: new Map(),
  labels: new Map(),
};

function policyOf(policy: PolicyConfig): Policy {
  const matchers: readonly Matcher[] = policy.match.map(parseMatcher);
  const { cooldownSeconds, waitAtMostSeconds, window } = policy;
  return {
    matches: (labels) => matchers.every((matcher) => matcher.matches(labels)),
    run: () => policy.run,
    mode: policy.mode,
    limits: {
      ...(waitAtMostSeconds === undefined ? {} : { waitAtMost: waitAtMostSeconds }),
      ...(cooldownSeconds === undefined ? {} : { cooldown: cooldownSeconds }),
      ...(window === undefined ? {} : { window }),
    },
    fixed: new Map(Object.entries(policy.parameters)),
    labels: new Map(Object.entries(policy.labels)),
  };
}
