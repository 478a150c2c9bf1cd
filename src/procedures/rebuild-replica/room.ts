import path from 'node:path';
import { bytesWords } from '../../domain/progress.js';
import type { Scene, SiteServer } from '../../domain/scene.js';
import type { Identity, ServerName } from '../../domain/snapshot.js';
import {
  differences,
  elsewhere,
  lacking,
  placeOf,
  roomFor,
  sameForFiles,
  systemFileOf,
  worthSaying,
  type Survey,
} from '../../domain/survey.js';
import type { SurveyWish } from '../../engine/ports.js';
import type { Refusal } from '../../engine/procedure.js';
import { shortRefusals } from './emptying.js';
import { backupPrograms } from './methods.js';
import type { Subject } from './subject.js';

/** Bytes per second that an estimate of the time goes by: a gigabit network, or a disk that is not idle; rows and their indexes take a server's work. */
const [filesRate, rowsRate] = [100 * 2 ** 20, 25 * 2 ** 20];
/** Names that a sentence lists at most. */
const named = 10;

/** Both ends of a copy, as they were looked at. */
export interface Ends {
  readonly here: Survey;
  readonly there: Survey;
}

/** Who is looked at more closely: the target, and the donor that would be taken. */
export function wishes({ name, server, donor, here, there }: Subject): readonly SurveyWish[] {
  const wish = (one: ServerName, identity: Identity | undefined, host: SiteServer | undefined): readonly SurveyWish[] =>
    identity === undefined ? [] : [{ server: one, flavour: identity.flavour, release: identity.release, programs: copiersOf(host) }]; // prettier-ignore
  return [
    ...wish(name, server?.facts?.identity, here),
    ...(donor === undefined ? [] : wish(donor.server, donor.facts.identity, there)),
  ];
}

export function endsOf({ surveys = [] }: Scene, { name, donor }: Pick<Subject, 'name' | 'donor'>): Ends | undefined {
  const here = surveys.find(({ server }) => server === name);
  const there = surveys.find(({ server }) => server === donor?.server);
  return here === undefined || there === undefined ? undefined : { here, there };
}

/** What stands against a copy once both ends were looked at; nothing where nobody looked. */
export function roomRefusals(scene: Scene, subject: Subject, acceptsLoss: boolean): readonly Refusal[] {
  const ends = endsOf(scene, subject);
  if (ends === undefined) return [];
  const { name, method } = subject;
  const { holds, machine } = ends.here;
  const failures = [...ends.here.failures, ...ends.there.failures];
  const apart = holds === undefined ? [] : elsewhere(holds);
  return [
    ...(failures.length > 0 ? [refusal('not-surveyed', failures.join('; '), 'The whole directory above the data must be among the `paths` of its `hosts`: lockstep check tells of hosts and accounts.')] : []), // prettier-ignore
    ...apartRefusals(name, ends.here),
    ...(apart.length > 0 ? [refusal('data-elsewhere', `${name} keeps data outside its data directory: ${apart.join(', ')}`, 'Build it by hand.')] : []), // prettier-ignore
    ...(machine?.kept === true ? [refusal('kept-there', `beside the data of ${name} lies what an earlier run kept aside, or left`, `See what it is worth, and remove ${keptAt(ends.here)}.`)] : []), // prettier-ignore
    ...shortRefusals(scene, subject, ends, acceptsLoss),
    ...(method === undefined ? [] : methodRefusals(method, subject, ends)),
  ];
}

/** Where entries change places, all of them must be able to, and one must keep the server from starting meanwhile. */
function apartRefusals(name: ServerName, { holds, machine }: Survey): readonly Refusal[] {
  if (holds === undefined || machine?.exchangeable !== false) return [];
  const { mounts = [] } = machine;
  return [
    ...(systemFileOf(holds) === undefined ? [refusal('data-apart', `the data directory of ${name} is a file system of its own, and its innodb_data_file_path names no file in it`, 'Move the data one directory down on that disk, or build it by hand.')] : []), // prettier-ignore
    ...(mounts.length > 0 ? [refusal('data-elsewhere', `in the data directory of ${name} these can have no other name, being mounted, or themselves among the \`paths\` of its \`hosts\`: ${list(mounts)}`, 'Build it by hand, or let the `paths` name the directory above alone.')] : []), // prettier-ignore
  ];
}

function keptAt(here: Survey): string {
  const place = placeOf(here);
  const data = place?.data ?? here.holds?.data ?? '';
  return place?.system === undefined ? `${data}.lockstep-kept` : `what lies in ${data}/.lockstep`;
}

/** What stands against one method. */
export function methodRefusals(
  method: NonNullable<Subject['method']>,
  { name, donor, server }: Pick<Subject, 'name' | 'donor' | 'server'>,
  { here, there }: Ends,
): readonly Refusal[] {
  if (here.holds === undefined || there.holds === undefined) return [];
  const from = there.server;
  const files = differences(sameForFiles, there.holds, here.holds);
  const both = [here, there];
  const series = (version: string) => version.split('.').slice(0, 2).join('.');
  const versions = [[name, here, server?.facts], [from, there, donor?.facts]] as const; // prettier-ignore
  const old = versions.flatMap(([one, { machine }, facts]) =>
    Object.entries(machine?.programs ?? {}).flatMap(
      ([program, version]) =>
      facts === undefined || version === '' || series(version) === series(facts.identity.release.join('.')) ? [] : [`${program} of ${one} is of ${version}, and ${one} of ${facts.identity.version}`], // prettier-ignore
    ),
  );
  switch (method) {
    case 'backup':
      return [
        ...differing(name, from, files),
        ...(old.length > 0 ? [refusal('program-version', old.join('; '), 'Install the one of the same series as the server.')] : []), // prettier-ignore
      ];
    case 'dump': {
      const names = differences(['lower_case_table_names'], there.holds, here.holds).map((one) => sided(one, name, from)); // prettier-ignore
      const { historic = [] } = there.holds;
      const left = lacking(there.holds, here.holds).map(({ kind, name: what }) => `${kind} ${what}`);
      return [
        ...(names.length > 0 ? [refusal('settings-differ', `names of tables would not be the same: ${names.join('; ')}`, 'Set it alike, or copy another server (--from).')] : []), // prettier-ignore
        ...(historic.length > 0 ? [refusal('system-versioned', `a dump does not bring the former rows that these tables of ${from} keep: ${list(historic)}`, 'Copy files (backup).')] : []), // prettier-ignore
        ...(left.length > 0 ? [refusal('installed', `a dump does not bring what was installed on ${from} by statements: ${list(left)}`, `Plugins: write plugin_load_add = … into the configuration file of ${name} and restart it, without a row of them in its mysql.plugin. All others: copy files (backup, clone), or remove from ${from} what nobody uses.`)] : []), // prettier-ignore
      ];
    }
    case 'clone': {
      const without = both.filter(({ holds }) => holds?.clonePlugin === false).map((one) => one.server);
      const { plain } = there.holds;
      return [
        ...differing(name, from, files),
        ...(without.length > 0 ? [refusal('no-clone-plugin', `the plugin clone is not at work on ${without.join(' and ')}`, 'Write plugin_load_add = mysql_clone.so into the configuration file, and for now: INSTALL PLUGIN clone SONAME \'mysql_clone.so\', on a replica with super_read_only off so long.')] : []), // prettier-ignore
        ...(plain.length > 0 ? [refusal('not-transactional', `CLONE copies InnoDB alone, and would leave these empty: ${list(plain)}`, 'Convert them to InnoDB, or build the replica by hand.')] : []), // prettier-ignore
        ...(here.machine?.exchangeable === false ? [refusal('clone-inside', `the data directory of ${name} is a file system of its own, or itself among the \`paths\` of its \`hosts\`, and CLONE writes to no place within it`, 'Copy it by a dump (mysqld among the `programs` of its `hosts`), or move the data one directory down on that disk.')] : []), // prettier-ignore
        ...(binlogElsewhere(here) ? [refusal('binlog-elsewhere', `${name} keeps its binary log outside its data directory, and would go on in the old one`, 'Build it by hand.')] : []), // prettier-ignore
      ];
    }
  }
}

/** What people must agree to, beside that all is replaced. */
export function roomAsks(scene: Scene, subject: Subject): readonly string[] {
  const plain = endsOf(scene, subject)?.there.holds?.plain ?? [];
  const donor = subject.donor?.server ?? '';
  if (plain.length === 0 || subject.method === 'clone') return [];
  if (subject.method === 'dump')
    return [`writes to these tables of ${donor} wait while they are copied: ${list(plain)}`];
  return [`writes on ${donor} wait while its tables without transactions are copied: ${list(plain)}`];
}

export function roomRemarks(scene: Scene, subject: Subject): readonly string[] {
  const ends = endsOf(scene, subject);
  const [there, here, machine] = [ends?.there.holds, ends?.here.holds, ends?.here.machine];
  if (ends === undefined || there === undefined || here === undefined) return [];
  const { name } = subject;
  const rate = subject.method === 'dump' ? rowsRate : filesRate;
  const room = machine === undefined ? '' : `, of ${bytesWords(machine.freeBytes)} that are free`;
  const other = differences(worthSaying, there, here);
  const place = placeOf(ends.here);
  return [
    `${ends.there.server} has about ${bytesWords(there.bytes)} in ${there.tables} tables: as much crosses the network, and takes up to ${bytesWords(roomFor(there.bytes))} of the disk of ${name}${room}. At ${rate / 2 ** 20} MiB/s the copy takes ${spelt(there.bytes / rate)}, and comparing each row as long again.`, // prettier-ignore
    ...(place?.system === undefined ? [] : [insideWords(name, place.data, subject.server?.facts?.identity.flavour === 'mariadb')]), // prettier-ignore
    ...(there.plain.length > 0 ? [`Without transactions, ${bytesWords(there.plainBytes)}: ${list(there.plain)}.`] : []),
    ...(other.length > 0 ? [`Set otherwise on ${name}, which stays so: ${other.map((one) => one.replace('there', `on ${ends.there.server}`)).join('; ')}.`] : []), // prettier-ignore
  ];
}

function insideWords(name: ServerName, data: string, mariadb: boolean): string {
  const seen = mariadb ? ` Until then ${name} lists it as the empty schema \`#mysql50#.lockstep\`, unless its configuration has ignore_db_dirs = .lockstep.` : ''; // prettier-ignore
  return `${data} is a file system of its own, or itself among the \`paths\` of its \`hosts\`: all stays within it, in the directory .lockstep, which is removed at the end.${seen}`;
}

/** The stable part of it, for premises. */
export function roomPremises(scene: Scene, subject: Subject): unknown {
  const ends = endsOf(scene, subject);
  return ends && { data: ends.here.holds?.data, place: placeOf(ends.here), plain: ends.there.holds?.plain };
}

function copiersOf(host: SiteServer | undefined): readonly string[] {
  return (host?.programs ?? []).filter((program) => backupPrograms.includes(path.posix.basename(program)));
}

function binlogElsewhere({ holds }: Survey): boolean {
  const base = holds?.settings['log_bin_basename'] ?? '';
  return base.startsWith('/') && holds !== undefined && !base.startsWith(`${holds.data}/`);
}

function differing(name: ServerName, from: ServerName, files: readonly string[]): readonly Refusal[] {
  if (files.length === 0) return [];
  const said = files.map((one) => sided(one, name, from)).join('; ');
  return [refusal('settings-differ', `the files of ${from} cannot be read by ${name}: ${said}`, 'Set it alike, or copy another server (--from).')]; // prettier-ignore
}

function sided(one: string, name: ServerName, from: ServerName): string {
  return one.replace('there', `on ${from}`).replace('here', `on ${name}`);
}

function list(names: readonly string[]): string {
  const more = names.length - named;
  return `${names.slice(0, named).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function spelt(seconds: number): string {
  return seconds < 100 ? `${Math.max(1, Math.ceil(seconds))} s` : `${Math.ceil(seconds / 60)} min`;
}

function refusal(reason: string, why: string, remedy: string): Refusal {
  return { reason, why, remedy };
}
