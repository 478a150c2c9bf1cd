import type { Labels } from '../base/matcher.js';
import type { ClusterName, ServerName } from '../domain/snapshot.js';
import type { RunRequest } from '../engine/run.js';
import type { Choice, Ground, Policy } from './ground.js';
import { quoted, type Rejection } from './rejection.js';

/** What an alert leads to. */
export type Decision =
  | ({ readonly kind: 'request' } & Required<Pick<RunRequest, 'procedure' | 'parameters' | 'mode' | 'limits'>>)
  /** No policy matches. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'rejected'; readonly rejection: Rejection; readonly why: string }
  /** Which channels there are can only be known by looking, and they have not been seen. */
  | { readonly kind: 'unseen'; readonly cluster: ClusterName; readonly server: ServerName | undefined };

/** The names of the channels of each server of a cluster; a server that was not seen is not in it. */
export type Channels = ReadonlyMap<ServerName, ReadonlySet<string>>;

/** undefined for a cluster that was not looked at. */
export type SeenChannels = (cluster: ClusterName) => Channels | undefined;

/**
 * The first policy that matches decides. A label only ever chooses, by being exactly equal, among the clusters,
 * servers, channels, procedures and words that are known anyway: what comes out holds no text of an alert.
 */
export function decide(labels: Labels, ground: Ground, channels: SeenChannels): Decision {
  const policy = ground.policies.find((one) => one.matches(labels));
  const choice = policy && ground.procedures.get(policy.run(labels) ?? '');
  if (policy === undefined || choice === undefined) return { kind: 'ignored' };
  const parameters: Record<string, string> = {};
  for (const spec of choice.parameters) {
    const value = valueOf(spec, policy, labels);
    if (value === undefined && spec.required) {
      const why = `${quoted(choice.name)} needs ${quoted(spec.name)}, and neither the policy nor a label gives it`;
      return { kind: 'rejected', rejection: 'parameter-missing', why };
    }
    if (value === undefined) continue;
    const known = knownValue(spec, value, parameters, ground, channels);
    if (typeof known !== 'string') return known;
    parameters[spec.name] = known;
  }
  const { cluster = '', ...others } = parameters;
  return {
    kind: 'request',
    procedure: choice.name,
    parameters: { cluster, ...others },
    mode: policy.mode,
    limits: policy.limits,
  };
}

type Spec = Choice['parameters'][number];

/** A label that is absent is the same as an empty one, to Alertmanager too: of a channel it names the default one. */
function valueOf(spec: Spec, policy: Policy, labels: Labels): string | undefined {
  const fixed = policy.fixed.get(spec.name);
  if (fixed !== undefined) return fixed;
  // Nothing that is configured could be chosen by a label: a length of time, and what people acknowledge, are the configuration's to say.
  if (spec.kind === 'duration' || spec.kind === 'names') return undefined;
  const label = policy.labels.get(spec.name) ?? spec.name;
  const value = Object.hasOwn(labels, label) ? (labels[label] ?? '') : '';
  if (value !== '') return value;
  return spec.kind === 'channel' && spec.required ? '' : undefined;
}

/** The known thing that the value names, or why there is none. */
function knownValue(
  spec: Spec,
  value: string,
  before: Readonly<Record<string, string>>,
  ground: Ground,
  channels: SeenChannels,
): string | Decision {
  const { cluster = '', server } = before;
  switch (spec.kind) {
    case 'cluster':
      return ground.clusters.has(value) ? value : unknown('cluster', value, 'the configuration');
    case 'server':
      return ground.clusters.get(cluster)?.has(value) ? value : unknown('server', value, `cluster ${quoted(cluster)}`);
    case 'channel': {
      if (value === '') return value;
      const seen = channels(cluster);
      const names = server === undefined ? [...(seen?.values() ?? [])] : [seen?.get(server)];
      if (names.some((each) => each?.has(value))) return value;
      if (seen === undefined || names.includes(undefined)) return { kind: 'unseen', cluster, server };
      return unknown(
        'channel',
        value,
        server === undefined ? `cluster ${quoted(cluster)}` : `server ${quoted(server)}`,
      );
    }
    case 'choice':
      return spec.values?.includes(value)
        ? value
        : {
            kind: 'rejected',
            rejection: 'parameter-invalid',
            why: `${quoted(value)} is none of ${(spec.values ?? []).join(', ')}, which ${quoted(spec.name)} may be`,
          };
    case 'duration':
    case 'names':
      return value;
  }
}

function unknown(what: 'cluster' | 'server' | 'channel', value: string, where: string): Decision {
  return { kind: 'rejected', rejection: `unknown-${what}`, why: `${where} has no ${what} ${quoted(value)}` };
}
