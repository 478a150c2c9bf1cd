import type { AlertsOf } from './list.js';
import type { Subject } from './listed.js';
import type { Promql } from './promql.js';
import type { Values, WaitName } from './settings.js';

/** An alert as its subject's file writes it; name, labels, keep_firing_for and runbook come from the list. */
export interface Alert {
  readonly expr: Promql;
  /** How long it must hold; undefined: at once. */
  readonly for: WaitName | undefined;
  /** Few words, with the names; the same for as long as it fires. */
  readonly summary: string;
  /** One plain sentence, with the value. */
  readonly description: string;
}

/** A series that dashboards and trends read, named `level:metric:operations`. */
export interface Recording {
  readonly record: string;
  readonly expr: Promql;
}

/** What is told of one subject: recordings first, since the alerts below may read them. */
export interface SubjectRules<S extends Subject> {
  readonly recordings: readonly Recording[];
  readonly alerts: Readonly<Record<AlertsOf<S>, Alert>>;
}

export type BuildRules<S extends Subject> = (values: Values) => SubjectRules<S>;
