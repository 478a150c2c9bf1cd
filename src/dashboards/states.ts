import { coded, fact, type Choice } from './query.js';
import type { Look, Steps } from './looks.js';

/** A query whose values stand for words, and the words. */
export interface CodedState {
  readonly expr: string;
  readonly looks: Readonly<Record<string, Look>>;
  /** For values that stand for themselves. */
  readonly steps?: Steps;
}

export function roles(choice: Choice<'mysql_server_role'> = {}): CodedState {
  const codes = { unknown: 1, standalone: 2, replica: 3, intermediate: 4, primary: 5 };
  return {
    expr: coded('mysql_server_role', codes, choice),
    looks: {
      5: { text: 'primary', colour: 'blue' },
      4: { text: 'intermediate', colour: 'purple' },
      3: { text: 'replica', colour: 'green' },
      2: { text: 'standalone', colour: 'yellow' },
      1: { text: 'unknown', colour: 'orange' },
    },
  };
}

/** The two threads of a channel in one word: 3 where it applies, plus 2 where it receives or 1 where it connects. */
export function threads(): CodedState {
  const receiving = `clamp_max(2 * ${fact('mysql_replica_io_running')} + ${fact('mysql_replica_io_connecting')}, 2)`;
  return {
    expr: `3 * ${fact('mysql_replica_sql_running')} + ${receiving}`,
    looks: {
      5: { text: 'running', colour: 'green' },
      4: { text: 'connecting', colour: 'orange' },
      3: { text: 'not receiving', colour: 'red' },
      2: { text: 'not applying', colour: 'red' },
      1: { text: 'connecting, not applying', colour: 'red' },
      0: { text: 'stopped', colour: 'red' },
    },
  };
}

/** MariaDB before 12 has no super_read_only: there read_only is all there is. */
export function readOnly(): CodedState {
  const plain = fact('mysql_read_only');
  return {
    expr: `${plain} + (${fact('mysql_super_read_only')} or 0 * ${plain})`,
    looks: {
      0: { text: 'writable', colour: 'blue' },
      1: { text: 'read_only', colour: 'green' },
      2: { text: 'super_read_only', colour: 'green' },
    },
  };
}

export function semiSync(): CodedState {
  const enabled = fact('mysql_semi_sync_source_enabled');
  return {
    expr: `${enabled} * (1 + (${fact('mysql_semi_sync_source_active')} or 0 * ${enabled}))`,
    looks: {
      2: { text: 'waits for a replica', colour: 'green' },
      1: { text: 'degraded to asynchronous', colour: 'red' },
      0: { text: 'asynchronous', colour: 'text' },
    },
  };
}

export function haveSsl(): CodedState {
  return {
    expr: coded('mysql_have_ssl', { NO: 1, DISABLED: 2, YES: 3 }),
    looks: {
      3: { text: 'YES', colour: 'green' },
      2: { text: 'DISABLED', colour: 'red' },
      1: { text: 'NO', colour: 'red' },
    },
  };
}

export function tlsProof(): CodedState {
  const codes = {
    none: 1,
    'source-requires': 2,
    'account-requires': 3,
    'replica-enforces': 4,
    observed: 5,
  };
  return {
    expr: coded('mysql_replica_tls_proof', codes),
    looks: {
      5: { text: 'seen by the source', colour: 'green' },
      4: { text: 'the replica enforces it', colour: 'green' },
      3: { text: 'the account requires it', colour: 'green' },
      2: { text: 'the source requires it', colour: 'green' },
      1: { text: 'nothing', colour: 'orange' },
    },
  };
}

/** 1 is good. */
export const yesIsGood = { 1: { text: 'yes', colour: 'green' }, 0: { text: 'no', colour: 'red' } } as const;
/** 1 is bad. */
export const noIsGood = { 1: { text: 'yes', colour: 'orange' }, 0: { text: 'no', colour: 'green' } } as const;
