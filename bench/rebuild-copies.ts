import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { copy } from '../src/actors/copy/copy.js';
import { load } from '../src/actors/copy/load.js';
import { placesOf } from '../src/actors/copy/places.js';
import { swap } from '../src/actors/copy/swap.js';
import type { CopyAction } from '../src/domain/action.js';
import { openHost } from '../src/hosts/open.js';
import { command } from '../src/sandbox/command.js';
import type { Stage } from './rebuild-stage.js';

/** One way to copy the donor to the target: what operators do by hand, or what Lockstep does. */
export interface Copier {
  readonly title: string;
  readonly ours: boolean;
  readonly kind: 'files' | 'rows';
  /** @returns the GTID position of the copy, or '' where it is set already */
  copy(stage: Stage, signal: AbortSignal): Promise<string>;
}

const streams = 4;

export const copiers: readonly Copier[] = [
  {
    title: 'Lockstep, backup',
    ours: true,
    kind: 'files',
    copy: (stage, signal) => byLockstep('backup', stage, signal),
  },
  { title: 'mariadb-backup | mbstream', ours: false, kind: 'files', copy: byBackup },
  { title: 'Lockstep, dump', ours: true, kind: 'rows', copy: (stage, signal) => byLockstep('dump', stage, signal) },
  { title: 'mydumper, then myloader', ours: false, kind: 'rows', copy: byMydumper },
  { title: 'mariadb-dump | mariadb', ours: false, kind: 'rows', copy: byDump },
];

/** As the plan's steps do it, from the copy to the start of the server on it. */
async function byLockstep(method: 'backup' | 'dump', stage: Stage, signal: AbortSignal): Promise<string> {
  const { cluster, donor, target, programs } = stage;
  const { caFile, certFile, keyFile } = cluster.channelTls(donor);
  const [from, to] = [openHost(stage.hosts(donor.name)), openHost(stage.hosts(target.name))];
  const accounts = [cluster.accounts.operate.user, cluster.accounts.monitor.user];
  const action: CopyAction = {
    kind: 'copy',
    method,
    from: donor.name,
    on: target.name,
    address: donor.address,
    user: cluster.accounts.operate.user,
    tls: { caFile, certFile, keyFile },
    programs: { backup: programs['mariadb-backup'], prepare: programs['mariadb-backup'], stream: programs['mbstream'], server: stage.program(target.name, 'mysqld'), install: stage.program(target.name, 'mariadb-install-db') }, // prettier-ignore
    accounts,
    data: { from: '', on: '' },
    noteAs: '',
  };
  const ports = { target: (name: string) => stage.login(name), password: () => Promise.resolve(cluster.accounts.operate.password), from, to, progress: () => undefined }; // prettier-ignore
  const data = { from: donor.dataDirectory, on: target.dataDirectory };
  try {
    const made = await copy(action, ports, data, signal);
    await swap({ kind: 'swap', on: target.name, service: 'mysql', data: '', noteAs: '' }, to, await stage.login(target.name), data.on, signal); // prettier-ignore
    if (method === 'backup') {
      stage.told(made.cost ?? '');
      return made.position;
    }
    const loaded = await load({ kind: 'load', from: donor.name, on: target.name, accounts, stops: '', streams, restAbove: 3600, noteAs: '' }, ports, signal); // prettier-ignore
    stage.told(loaded.cost);
    return loaded.position;
  } finally {
    await Promise.all([from.close(), to.close()]);
    await rm(placesOf(data.on).kept, { recursive: true, force: true });
  }
}

async function byBackup({ donor, target, programs }: Stage, signal: AbortSignal): Promise<string> {
  const fresh = `${target.dataDirectory}.fresh`;
  const backup = programs['mariadb-backup'] ?? '';
  await command('mkdir', [fresh]);
  await shell(`'${backup}' --no-defaults --user=root --socket='${donor.socketPath}' --backup --stream=xbstream --datadir='${donor.dataDirectory}' --target-dir=/tmp | '${programs['mbstream'] ?? ''}' -x -C '${fresh}'`, signal); // prettier-ignore
  await command(backup, ['--no-defaults', '--prepare', `--target-dir=${fresh}`], { signal });
  await target.stop();
  await rm(target.dataDirectory, { recursive: true });
  await command('mv', [fresh, target.dataDirectory]);
  await target.start(signal);
  const said = await readFile(path.join(target.dataDirectory, 'xtrabackup_binlog_info'), 'utf8');
  return said.trim().split('\t')[2] ?? '';
}

async function byDump({ donor, target, programs }: Stage, signal: AbortSignal): Promise<string> {
  await shell(
    `'${programs['mariadb-dump'] ?? ''}' --no-defaults --user=root --socket='${donor.socketPath}' --single-transaction --master-data=1 --gtid --routines --events --all-databases | '${programs['mariadb'] ?? ''}' --no-defaults --user=root --socket='${target.socketPath}' --init-command='SET sql_log_bin = 0'`,
    signal,
  );
  return '';
}

/** Its files lie on the disk in between. */
async function byMydumper({ donor, target, programs, directory }: Stage, signal: AbortSignal): Promise<string> {
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
