import { LockstepError } from '../base/errors.js';
import type { Labels } from '../base/matcher.js';

/** Of a silence, what Lockstep needs to know. */
export interface Silence {
  readonly id: string;
  /** `active`, `pending` or `expired`, by Alertmanager's clock. */
  readonly state: string;
  readonly matchers: readonly SilenceMatcher[];
  /** As Alertmanager writes it. */
  readonly startsAt: string;
  readonly createdBy: string;
  readonly comment: string;
}

export interface SilenceMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  /** Absent before Alertmanager 0.22: true. */
  readonly isEqual: boolean;
}

export interface ListedAlert {
  readonly labels: Labels;
  /** Ids of the silences over it. */
  readonly silencedBy: readonly string[];
}

/** @throws LockstepError `answer-malformed`: something else answered, a login page for instance */
export function silencesOf(text: string): readonly Silence[] {
  return listOf(text).map((given) => {
    const { id, status, matchers, startsAt, createdBy, comment } = recordOf(given);
    return {
      id: textOf(id),
      state: textOf(recordOf(status)['state']),
      matchers: arrayOf(matchers).map(matcherOf),
      startsAt: textOf(startsAt),
      createdBy: textOf(createdBy),
      comment: textOf(comment),
    };
  });
}

/** @throws LockstepError `answer-malformed` */
export function alertsOf(text: string): readonly ListedAlert[] {
  return listOf(text).map((given) => {
    const { labels, status } = recordOf(given);
    const all = Object.entries(recordOf(labels)).map(([name, value]) => [name, textOf(value)] as const);
    return {
      labels: Object.fromEntries(all),
      silencedBy: arrayOf(recordOf(status)['silencedBy'] ?? []).map(textOf),
    };
  });
}

function matcherOf(given: unknown): SilenceMatcher {
  const { name, value, isRegex, isEqual } = recordOf(given);
  return { name: textOf(name), value: textOf(value), isRegex: isRegex === true, isEqual: isEqual !== false };
}

function listOf(text: string): readonly unknown[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw malformed();
  }
  return arrayOf(parsed);
}

function arrayOf(given: unknown): readonly unknown[] {
  if (Array.isArray(given)) return given;
  throw malformed();
}

function recordOf(given: unknown): Readonly<Record<string, unknown>> {
  if (typeof given === 'object' && given !== null && !Array.isArray(given))
    return given as Readonly<Record<string, unknown>>;
  throw malformed();
}

function textOf(given: unknown): string {
  if (typeof given === 'string') return given;
  throw malformed();
}

function malformed(): LockstepError {
  return new LockstepError(
    'answer-malformed',
    'its answer is none of an Alertmanager',
    'Check the address; a proxy in between may have answered.',
  );
}
