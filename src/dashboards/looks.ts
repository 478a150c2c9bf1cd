import {
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { found } from '../domain/problems/check.js';
import { defaultThresholds, problemNames, type ProblemName } from '../domain/problems.js';
import { secondsPerDay } from './query.js';

/** Names that Grafana resolves in its light and dark themes alike. */
export type Colour = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'purple' | 'text' | 'transparent';

export interface Look {
  readonly text: string;
  readonly colour: Colour;
}

/** One colour from each limit upward; the first holds below all of them. */
export type Steps = readonly [Colour, ...(readonly [from: number, colour: Colour])[]];

export const neutral: Steps = ['text'];
/** For counts of what should not be. */
export const noneIsGood: Steps = ['green', [1, 'red']];
export const noneIsBest: Steps = ['green', [1, 'orange']];
/** Seconds. Orange where Lockstep calls it a problem, red at five times that. */
export const lagSteps: Steps = ['green', [defaultThresholds.lag, 'orange'], [5 * defaultThresholds.lag, 'red']];
export const lagInWords = `orange from ${defaultThresholds.lag} s, red from ${5 * defaultThresholds.lag} s`;
/** Days before an expiry from which it is critical, and those at which Lockstep calls it a problem. */
export const expiryDays = {
  critical: 7,
  warning: defaultThresholds.certificate / secondsPerDay,
  authority: defaultThresholds.authority / secondsPerDay,
} as const;
/** Seconds that are left. */
export const expirySteps: Steps = [
  'red',
  [expiryDays.critical * secondsPerDay, 'orange'],
  [expiryDays.warning * secondsPerDay, 'green'],
];
export const expiryInWords = `orange below ${expiryDays.warning} days, red below ${expiryDays.critical} and once it has expired`;

export function thresholds([base, ...steps]: Steps): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: base }, ...steps.map(([value, color]) => ({ value, color }))]);
}

/** Words and colours for values, in the order in which they are given. */
export function mappings(looks: Readonly<Record<string, Look>>): ValueMapping[] {
  const options = Object.entries(looks).map(([value, { text, colour }], index) => [
    value,
    { text, color: colour, index },
  ]);
  return [{ type: MappingType.ValueToText, options: Object.fromEntries(options) as Record<string, object> }];
}

/** Problems in the colour of their severity. */
export function problemLooks(): Readonly<Record<string, Look>> {
  return Object.fromEntries(
    problemNames.map((name) => [name, { text: name, colour: isCritical(name) ? 'red' : 'orange' } satisfies Look]),
  );
}

export function isCritical(name: ProblemName): boolean {
  return found(name, undefined, '').severity === 'critical';
}
