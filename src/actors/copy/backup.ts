import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Secret } from '../../base/secret.js';
import type { CopyAction } from '../../domain/action.js';
import type { Host, Running } from '../../hosts/host.js';
import type { CopyMethod, CopyPorts } from './copy.js';
import { BackupLogins, readBack, writtenDown } from './backup-logins.js';
import { costOf, Stages } from './backup-stages.js';
import { endSessions, newestSession, type DonorSession } from './donor-sessions.js';
import type { Places } from './places.js';
import { copyFailed as failed, mustRun, tail } from './run.js';

const tellEvery = 1000;
/**
 * Milliseconds between two looks at the donor's redo log. While commits are held up the backup waits for the next one,
 * and its default is a second: 1,143 ms of waiting commits became 236 ms with this, on the same busy machine.
 */
const logInterval = 10;

/**
 * mariadb-backup on the donor, unpacked by mbstream on the target as it comes: through Lockstep's own connections to the
 * two hosts, so never in the clear on the network and never at rest anywhere else. The donor's commits wait for a moment
 * at its end (BACKUP STAGE BLOCK_COMMIT); a donor whose backup is lost frees itself with the session.
 */
export const backup: CopyMethod = async (action, ports, places, bytes, donorData, signal) => {
  const { to } = ports;
  const owner = await to.stat(places.data, { signal });
  await to.makeDirectory(places.fresh, { signal, mode: 0o700 });
  const made = await to.stat(places.fresh, { signal });
  const { chown } = action.programs;
  const strange = owner !== undefined && made?.uid !== owner.uid;
  // Told before hours of copying, not after them.
  if (strange && chown === undefined) throw failed(`who copies on ${action.on} does not own its data, and its \`hosts\` name no chown`); // prettier-ignore
  const stages = await streamed(action, ports, places, { bytes, donorData }, signal);
  await mustRun(to, [action.programs.prepare, '--prepare', `--target-dir=${places.fresh}`], signal);
  const position = await positionIn(to, places, signal);
  if (strange) await mustRun(to, [chown, '-R', `${owner.uid}:${owner.gid}`, places.fresh], signal);
  const cost = costOf(action.from, stages);
  return { position, ...(cost === undefined ? {} : { cost }) };
};

async function streamed(
  action: CopyAction,
  ports: CopyPorts,
  places: Places,
  { bytes, donorData }: { readonly bytes: number; readonly donorData: string },
  signal: AbortSignal,
): Promise<Stages> {
  const { from, to, progress } = ports;
  if (from === undefined) throw failed(`Lockstep does not reach the machine of ${action.from}`);
  // Beside the certificates, where the host lets Lockstep write; it is gone before this resolves.
  const credentials = `${path.posix.dirname(action.tls.caFile)}/.lockstep-copy-${action.on}.cnf`;
  const { backup: program = '', stream: unpacker = '' } = action.programs;
  const stages = new Stages();
  // A program that lost its Lockstep may hold its locks, until its machine notices.
  await endSessions(ports, action.from, await leftOf(from, credentials, signal));
  const newest = await newestSession(ports, action.from, signal);
  // It has read its password by then.
  const known = (sessions: readonly DonorSession[], limit: AbortSignal) => from.write(credentials, Buffer.from(writtenDown(sessions)), { signal: limit }); // prettier-ignore
  const logins = new BackupLogins(ports, action.from, newest, known, signal);
  const heard = (line: string) => {
    stages.note(line);
    logins.note(line);
  };
  const started: Running[] = [];
  const stop = () => started.forEach((one) => one.kill());
  let whole = false;
  try {
    await from.write(credentials, await optionsOf(action, ports), { signal, mode: 0o600 });
    const source = await from.start([program, `--defaults-file=${credentials}`, '--backup', '--stream=xbstream', `--log-copy-interval=${logInterval}`, `--datadir=${donorData}`, '--target-dir=/tmp'], { signal }); // prettier-ignore
    started.push(source);
    const spoken = said(source.stderr, heard);
    const sink = await to.start([unpacker, '-x', '-C', places.fresh], { signal });
    started.push(sink);
    const ending = [spoken, said(sink.stderr)] as const;
    sink.stdout.resume();
    source.stdin.end();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const flow = pipeline(counted(source.stdout, action.from, bytes, progress, () => logins.settle()), sink.stdin, { signal }).catch((cause: unknown) => { stop(); return cause; }); // prettier-ignore
      const [lost, code, taken] = await Promise.all([flow, codeOf(source), codeOf(sink)]);
      signal.throwIfAborted();
      const [words, complaint] = await Promise.all(ending);
      // Whose end broke the other's: a backup that ends lets what takes it come to its end.
      if (lost !== undefined && taken !== undefined && taken !== 0) throw failed(`${action.on} could not take it: ${complaint}`); // prettier-ignore
      // Its code alone is not believed: a backup is whole when it says so.
      if (code !== 0 || !words.includes('completed OK!')) throw failed(`the backup of ${action.from} ended with ${code ?? 'a signal'}: ${words}`); // prettier-ignore
      if (taken !== 0 || lost !== undefined)
        throw failed(`${action.on} could not take it: ${complaint || String(lost)}`);
      whole = true;
      return stages;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  } finally {
    if (!whole) {
      stop();
      // A program whose way to us is lost may hold its locks for as long as it cannot write.
      await logins.end();
    }
    await logins.settle();
    await from.remove(credentials, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
  }
}

/** The sessions of a backup that an earlier life of this run started there, as it wrote them down. */
async function leftOf(from: Host, credentials: string, signal: AbortSignal): Promise<readonly DonorSession[]> {
  if ((await from.stat(credentials, { signal })) === undefined) return [];
  return readBack((await from.read(credentials, { signal })).toString());
}

/** How the backup logs in at its own server: over TLS, as accounts require it, with the files that this server has. */
async function optionsOf(action: CopyAction, ports: CopyPorts): Promise<Secret> {
  const { address, user, tls } = action;
  const password = (await ports.password()).reveal();
  const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  return new Secret(
    [
      '[mariabackup]',
      `user=${quoted(user)}`,
      `password=${quoted(password)}`,
      `host=${quoted(address.host)}`,
      `port=${address.port}`,
      `ssl-ca=${quoted(tls.caFile)}`,
      ...(tls.certFile === undefined ? [] : [`ssl-cert=${quoted(tls.certFile)}`]),
      ...(tls.keyFile === undefined ? [] : [`ssl-key=${quoted(tls.keyFile)}`]),
      'ssl-verify-server-cert',
      '',
    ].join('\n'),
  );
}

/** File, position and GTID, with tabs in between; MariaDB 11 gave the file another name. A server that never logged anything has no GTID. */
async function positionIn(host: Host, { fresh }: Places, signal: AbortSignal): Promise<string> {
  for (const name of ['mariadb_backup_binlog_info', 'xtrabackup_binlog_info']) {
    const file = `${fresh}/${name}`;
    if ((await host.stat(file, { signal })) === undefined) continue;
    const [log, offset, gtid = ''] = (await host.read(file, { signal })).toString().trim().split('\t');
    if (log !== undefined && offset !== undefined) return gtid.replaceAll(/\s/g, '');
  }
  throw failed('the copy does not say at which GTID it was taken');
}

/** @param begins waited for when the first has come */
async function* counted(
  stream: Readable,
  at: string,
  total: number,
  progress: CopyPorts['progress'],
  begins: () => Promise<void>,
) {
  const began = performance.now();
  let [done, told] = [0, 0];
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    if (done === 0) await begins();
    done += bytes.length;
    const now = performance.now();
    if (now - told > tellEvery) {
      progress({ at, unit: 'bytes', done, total: Math.max(total, done), rate: (done * 1000) / (now - began) });
      told = now;
    }
    yield bytes;
  }
}

async function codeOf(running: Running): Promise<number | undefined> {
  return running.ended.catch(() => undefined);
}

/** The last of what a program says. @param told each line as it comes */
async function said(stream: Readable, told: (line: string) => void = () => undefined): Promise<string> {
  let [text, begun] = ['', ''];
  try {
    for await (const chunk of stream) {
      text = tail(text + String(chunk));
      const lines = (begun + String(chunk)).split('\n');
      begun = lines.pop() ?? '';
      lines.forEach(told);
    }
  } catch {
    // What it said until then.
  }
  return text.trim();
}
