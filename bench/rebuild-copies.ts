import { rm } from 'node:fs/promises';
import { copy } from '../src/actors/copy/copy.js';
import { load } from '../src/actors/copy/load.js';
import { placesOf } from '../src/actors/copy/places.js';
import { swap } from '../src/actors/copy/swap.js';
import { redoLog } from '../src/dialects/fresh-server.js';
import type { CopyAction } from '../src/domain/action.js';
import { openHost } from '../src/hosts/open.js';
import type { Flavour } from '../src/domain/snapshot.js';
import { byBackup, byClone, byMariadbDump, byMydumper, byMysqldump } from './rebuild-plain.js';
import { streams, type Stage } from './rebuild-stage.js';

/** What is copied; `ssh`: files, as between two machines, where those under `files` meet on this one. */
export type Kind = 'files' | 'ssh' | 'rows';

/** One way to copy the donor to the target: what operators do by hand, or what Lockstep does. */
export interface Copier {
  readonly title: string;
  readonly ours: boolean;
  readonly kind: Kind;
  /** @returns the GTID position of the copy, or '' where it is set already */
  copy(stage: Stage, signal: AbortSignal): Promise<string>;
}

/** Nothing of a copy that breaks is used again. */
const forgetful = { read: () => Promise.resolve(undefined), write: () => Promise.resolve(), forget: () => Promise.resolve() }; // prettier-ignore

type Method = 'backup' | 'clone' | 'dump';

/** What copies a server of each flavour. mydumper is not among those for MySQL: SHOW MASTER STATUS, by which 0.10 learns its position, is gone from MySQL 9. */
export const copiers: Readonly<Record<Flavour, readonly Copier[]>> = {
  mariadb: [
    lockstep('backup', 'files'),
    plain('mariadb-backup | mbstream', 'files', byBackup),
    lockstep('backup', 'ssh'),
    plain('ssh mariadb-backup | ssh mbstream', 'ssh', (stage, signal) => byBackup(stage, signal, stage.ssh.line)),
    lockstep('dump', 'rows'),
    plain('mydumper, then myloader', 'rows', byMydumper),
    plain('mariadb-dump | mariadb', 'rows', byMariadbDump),
  ],
  mysql: [
    lockstep('clone', 'files'),
    plain('CLONE INSTANCE', 'files', byClone),
    lockstep('dump', 'rows'),
    plain('mysqldump | mysql', 'rows', byMysqldump),
  ],
};

function lockstep(method: Method, kind: Kind): Copier {
  const copied = (stage: Stage, signal: AbortSignal) => byLockstep(method, kind, stage, signal);
  return { title: `Lockstep, ${method}${kind === 'ssh' ? ' by SSH' : ''}`, ours: true, kind, copy: copied };
}

function plain(title: string, kind: Kind, copied: Copier['copy']): Copier {
  return { title, ours: false, kind, copy: copied };
}

/** As the plan's steps do it, from the copy to the start of the server on it. */
async function byLockstep(method: Method, kind: Kind, stage: Stage, signal: AbortSignal): Promise<string> {
  const { cluster, donor, target, programs } = stage;
  // Whoever copies by CLONE logs in from the target; a backup logs in at its own server.
  const { caFile, certFile, keyFile } = cluster.channelTls(method === 'clone' ? target : donor);
  const hosts = kind === 'ssh' ? stage.ssh.hosts : stage.hosts;
  const [from, to] = [openHost(hosts(donor.name)), openHost(hosts(target.name))];
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
  const ports = { target: (name: string) => stage.login(name), password: () => Promise.resolve(cluster.accounts.operate.password), from, to, memory: forgetful, progress: () => undefined }; // prettier-ignore
  const data = { from: donor.dataDirectory, on: target.dataDirectory };
  try {
    const made = await copy(action, ports, data, signal);
    await swap({ kind: 'swap', on: target.name, service: 'mysql', data: '', temporary: '', noteAs: '' }, to, await stage.login(target.name), { data: data.on, temporary: 'ibtmp1' }, signal); // prettier-ignore
    if (method !== 'dump') {
      stage.told(made.cost ?? '');
      return made.position;
    }
    const loaded = await load({ kind: 'load', from: donor.name, on: target.name, accounts, stops: '', streams, restAbove: 3600, ...(target.column.stopsRedoLog ? { redo: redoLog } : {}), noteAs: '' }, ports, signal); // prettier-ignore
    stage.told(loaded.cost);
    return loaded.position;
  } finally {
    await Promise.all([from.close(), to.close()]);
    await rm(placesOf(data.on).kept, { recursive: true, force: true });
  }
}
