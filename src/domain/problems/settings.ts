import { found, ofEachServer, type Check } from './check.js';

/**
 * Asked of every server: each one is the primary or may become it. Without a binary log sync_binlog does nothing.
 * MariaDB's flush at commit 3 is stricter than 1.
 */
const durability = ofEachServer(({ name }, { state, binlog, identity }) => {
  if (state === undefined) return [];
  const { syncBinlog, flushAtCommit } = state;
  const relaxed = [
    ...(syncBinlog === 1 || binlog?.enabled === false ? [] : [`sync_binlog is ${syncBinlog}`]),
    ...(flushAtCommit === undefined || flushAtCommit === 1 || (flushAtCommit === 3 && identity.flavour === 'mariadb')
      ? []
      : [`innodb_flush_log_at_trx_commit is ${flushAtCommit}`]),
  ];
  if (relaxed.length === 0) return [];
  return [
    found('durability-relaxed', name, `${name} may lose committed transactions in a crash: ${relaxed.join(' and ')}`),
  ];
});

export const settingChecks: readonly Check[] = [durability];
