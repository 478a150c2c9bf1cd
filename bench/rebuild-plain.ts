import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { quoteAccount, quoteText } from '../src/dialects/quote.js';
import { QueryError } from '../src/mysql/session.js';
import { command } from '../src/sandbox/command.js';
import { until } from '../src/sandbox/until.js';
import { slow, streams, type Stage } from './rebuild-stage.js';

/** ER_RESTART_SERVER_FAILED: nobody stands by to start it. */
const noSupervisor = 3707;

/**
 * What operators copy with by hand: each gives the GTID position of the copy, or '' where it is set already.
 * @param there the shell line that runs another on its machine
 */
export async function byBackup(
  { donor, target, programs }: Stage,
  signal: AbortSignal,
  there: (line: string) => string = (line) => line,
): Promise<string> {
  const fresh = `${target.dataDirectory}.fresh`;
  const backup = programs['mariadb-backup'] ?? '';
  await command('mkdir', [fresh]);
  const out = `'${backup}' --no-defaults --user=root --socket='${donor.socketPath}' --backup --stream=xbstream --datadir='${donor.dataDirectory}' --target-dir=/tmp`; // prettier-ignore
  await shell(`${there(out)} | ${there(`'${programs['mbstream'] ?? ''}' -x -C '${fresh}'`)}`, signal);
  await command(backup, ['--no-defaults', '--prepare', `--target-dir=${fresh}`], { signal });
  await target.stop();
  await rm(target.dataDirectory, { recursive: true });
  await command('mv', [fresh, target.dataDirectory]);
  await target.start(signal);
  const said = await readFile(path.join(target.dataDirectory, 'xtrabackup_binlog_info'), 'utf8');
  return said.trim().split('\t')[2] ?? '';
}

export async function byMariadbDump({ donor, target, programs }: Stage, signal: AbortSignal): Promise<string> {
  await shell(
    `'${programs['mariadb-dump'] ?? ''}' --no-defaults --user=root --socket='${donor.socketPath}' --single-transaction --master-data=1 --gtid --routines --events --all-databases | '${programs['mariadb'] ?? ''}' --no-defaults --user=root --socket='${target.socketPath}' --init-command='SET sql_log_bin = 0'`,
    signal,
  );
  return '';
}

/** GTIDs of what is loaded come with it, and nothing of it is logged again. */
export async function byMysqldump({ donor, target, programs }: Stage, signal: AbortSignal): Promise<string> {
  await shell(
    `'${programs['mysqldump'] ?? ''}' --no-defaults --user=root --socket='${donor.socketPath}' --single-transaction --set-gtid-purged=ON --routines --events --flush-privileges --all-databases | '${programs['mysql'] ?? ''}' --no-defaults --user=root --socket='${target.socketPath}'`,
    signal,
  );
  return '';
}

/** Into the data of the target itself, which it drops first; then it wants to be started again. */
export async function byClone({ cluster, donor, target }: Stage, signal: AbortSignal): Promise<string> {
  const { user, password } = cluster.accounts.operate;
  const { host, port } = donor.address;
  await target.sql(`SET GLOBAL clone_valid_donor_list = ${quoteText(`${host}:${port}`)}`);
  const statement = `CLONE INSTANCE FROM ${quoteAccount({ user, host })}:${port} IDENTIFIED BY ${quoteText(password.reveal())} REQUIRE SSL`;
  await target.sql(statement, slow).catch((cause: unknown) => {
    if (!(cause instanceof QueryError) || cause.errno !== noSupervisor) throw cause;
  });
  await until('the target to end', () => Promise.resolve(!target.running), { within: 60_000, signal });
  await target.start(signal);
  return '';
}

/** Its files lie on the disk in between. */
export async function byMydumper({ donor, target, programs, directory }: Stage, signal: AbortSignal): Promise<string> {
  const files = path.join(directory, 'dumped');
  try {
    await command(programs['mydumper'] ?? '', ['--user=root', `--socket=${donor.socketPath}`, '--database=wiki', '--trx-consistency-only', `--threads=${streams}`, `--outputdir=${files}`], { signal }); // prettier-ignore
    await command(programs['myloader'] ?? '', ['--user=root', `--socket=${target.socketPath}`, `--threads=${streams}`, `--directory=${files}`], { signal }); // prettier-ignore
    const said = await readFile(path.join(files, 'metadata'), 'utf8');
    return /GTID:\s*(\S*)/.exec(said)?.[1] ?? '';
  } finally {
    await rm(files, { recursive: true, force: true });
  }
}

function shell(line: string, signal: AbortSignal): Promise<string> {
  return command('bash', ['-o', 'pipefail', '-c', line], { signal });
}
