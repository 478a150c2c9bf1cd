import type { SemiSyncFacts } from '../domain/snapshot.js';
import type { Column, SemiSyncNames } from './capabilities.js';
import type { Answers, Question, Row } from './question.js';
import { isOn, named, number, optionalNumber } from './values.js';

/** MariaDB has no count: one replica is enough. */
const waitNames = {
  rpl_semi_sync_master: {
    count: 'rpl_semi_sync_master_wait_for_slave_count',
    without: 'rpl_semi_sync_master_wait_no_slave',
  },
  rpl_semi_sync_source: {
    count: 'rpl_semi_sync_source_wait_for_replica_count',
    without: 'rpl_semi_sync_source_wait_no_replica',
  },
} as const satisfies Record<SemiSyncNames['source'], unknown>;

export function semiSyncQuestions(column: Column, answers: Answers): Question[] {
  const settings: Question = {
    id: 'semi_sync_settings',
    collector: 'semi_sync',
    pace: 'slow',
    // SHOW VARIABLES leaves out what it does not know: MySQL has these only while the plugin is loaded.
    sql: show(
      'VARIABLES',
      column.semiSync.flatMap(({ source, replica }) => [
        `${source}_enabled`,
        `${source}_timeout`,
        `${source}_wait_point`,
        waitNames[source].count,
        waitNames[source].without,
        `${replica}_enabled`,
      ]),
    ),
    privileges: [],
  };
  const known = answers.semi_sync_settings;
  if (known === undefined || known.length === 0) return [settings];
  const variables = named(known);
  const inUse = column.semiSync.some(
    ({ source, replica }) => isOn(variables[`${source}_enabled`]) || isOn(variables[`${replica}_enabled`]),
  );
  const counters: Question = {
    id: 'semi_sync',
    collector: 'semi_sync',
    // While it is off nothing moves; SHOW STATUS is a third of what a look costs, so most servers are spared it.
    pace: inUse ? 'look' : 'slow',
    sql: show(
      'STATUS',
      column.semiSync.flatMap(({ source, replica }) => [
        `${source}_status`,
        `${source}_clients`,
        `${source}_yes_tx`,
        `${source}_no_tx`,
        `${source}_no_times`,
        `${replica}_status`,
      ]),
    ),
    privileges: [],
  };
  return [settings, counters];
}

function show(what: 'VARIABLES' | 'STATUS', names: readonly string[]): string {
  return `SHOW GLOBAL ${what} WHERE Variable_name IN (${names.map((name) => `'${name}'`).join(', ')})`;
}

/** undefined unless what the column asks was answered; a side whose plugin is not loaded is undefined within. */
export function semiSyncOf(column: Column, answers: Answers): SemiSyncFacts | undefined {
  if (answers.semi_sync_settings === undefined) return undefined;
  const variables = named(answers.semi_sync_settings);
  if (answers.semi_sync_settings.length > 0 && answers.semi_sync === undefined) return undefined;
  const status = named(answers.semi_sync ?? []);
  const source = column.semiSync.map((names) => names.source).find((name) => `${name}_enabled` in variables);
  const replica = column.semiSync.map((names) => names.replica).find((name) => `${name}_enabled` in variables);
  return {
    source: source === undefined ? undefined : sourceOf(source, variables, status),
    replica:
      replica === undefined
        ? undefined
        : {
            prefix: replica,
            enabled: isOn(variables[`${replica}_enabled`]),
            active: isOn(status[`${replica}_status`]),
          },
  };
}

function sourceOf(prefix: SemiSyncNames['source'], variables: Row, status: Row): NonNullable<SemiSyncFacts['source']> {
  const timeout = optionalNumber(variables, `${prefix}_timeout`);
  return {
    prefix,
    enabled: isOn(variables[`${prefix}_enabled`]),
    active: isOn(variables[`${prefix}_enabled`]) && isOn(status[`${prefix}_status`]),
    waitPoint: waitPointOf(variables[`${prefix}_wait_point`]),
    timeoutSeconds: timeout === undefined ? undefined : timeout / 1000,
    waitsFor: optionalNumber(variables, waitNames[prefix].count) ?? 1,
    waitsWithout: withoutOf(variables[waitNames[prefix].without]),
    clients: number(status, `${prefix}_clients`),
    protectedTransactions: number(status, `${prefix}_yes_tx`),
    unprotectedTransactions: number(status, `${prefix}_no_tx`),
    degradations: number(status, `${prefix}_no_times`),
  };
}

function withoutOf(word: string | null | undefined): boolean | undefined {
  return word === undefined || word === null ? undefined : isOn(word);
}

function waitPointOf(word: string | null | undefined): 'after-sync' | 'after-commit' | undefined {
  switch (word?.toUpperCase() ?? '') {
    case 'AFTER_SYNC':
      return 'after-sync';
    case 'AFTER_COMMIT':
      return 'after-commit';
    default:
      return undefined;
  }
}
