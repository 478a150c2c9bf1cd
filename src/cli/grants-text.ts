import type { Column, Release } from '../dialects/capabilities.js';
import { createAccount, type Requirement } from '../dialects/grant-statements.js';
import { grantsFor } from '../dialects/grants.js';
import { operateGrants, replicationGrants } from '../dialects/operate-grants.js';
import type { HeartbeatTable } from '../dialects/question.js';
import { quoteIdentifier } from '../dialects/quote.js';
import type { ProcedureName } from '../domain/procedure-names.js';

/** For whom and what accounts are to be made. */
export interface Wanted {
  readonly monitor: { readonly user: string; readonly require: Requirement };
  readonly operate: { readonly user: string; readonly require: Requirement };
  readonly replication: { readonly user: string; readonly require: Requirement };
  readonly procedures: readonly ProcedureName[];
  /** See QuestionOptions. */
  readonly registered: boolean;
  readonly heartbeat: HeartbeatTable | undefined;
}

/** One dialect, as far as grants depend on it. */
export interface Spoken {
  readonly column: Column;
  readonly performanceSchema: boolean;
}

/** The statements of one version, for programs. */
export interface AccountGrants {
  readonly monitor: readonly string[];
  readonly operate: readonly string[];
  readonly replication: readonly string[];
  /** What the monitor account needs besides, once there is a heartbeat table. */
  readonly heartbeat: readonly string[];
}

export function accountGrants({ column, performanceSchema }: Spoken, wanted: Wanted): AccountGrants {
  const { monitor, operate, replication, procedures, registered, heartbeat } = wanted;
  const looking = (table?: HeartbeatTable) =>
    grantsFor(column, monitor, { performanceSchema }, { registered, ...(table && { heartbeatTable: table }) });
  return {
    monitor: [createAccount(monitor, monitor.require), ...looking()],
    operate: [createAccount(operate, operate.require), ...operateGrants(column, operate, procedures)],
    replication: [createAccount(replication, replication.require), ...replicationGrants(replication)],
    heartbeat: looking(heartbeat).filter((grant) => !looking().includes(grant)),
  };
}

/** SQL that a client can run, but for the passwords: what is said beside it is comment. */
export function grantLines(title: string, grants: AccountGrants, wanted: Wanted): readonly string[] {
  const table = wanted.heartbeat;
  return [
    `-- ${title}`,
    '',
    `-- looks, and changes nothing`,
    ...grants.monitor.map(ended),
    ...(table === undefined
      ? []
      : [
          `-- once ${quoteIdentifier(table.schema)}.${quoteIdentifier(table.table)} is there:`,
          ...grants.heartbeat.map((grant) => `-- ${ended(grant)}`),
        ]),
    '',
    `-- acts: ${wanted.procedures.join(', ')}`,
    ...grants.operate.map(ended),
    '',
    `-- what replicas log in with`,
    ...grants.replication.map(ended),
  ];
}

/** `MariaDB 10.11.19, dialect column mariadb-10.11` */
export function dialectWords(column: Column, version: string): string {
  const proof = column.proof === 'live' ? '' : ', from documents';
  return `${{ mariadb: 'MariaDB', mysql: 'MySQL' }[column.flavour]} ${version}, dialect column ${column.name}${proof}`;
}

/** `10.11` is the newest 10.11 there may be. undefined for what is no version. */
export function releaseNamed(text: string): Release | undefined {
  const [, major, minor = '999', patch = '999'] = /^(\d{1,3})(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?$/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function ended(statement: string): string {
  return `${statement};`;
}
