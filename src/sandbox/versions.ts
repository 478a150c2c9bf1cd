import type { Flavour } from '../domain/snapshot.js';
import { LockstepError } from '../base/errors.js';

/** The servers that Debian's suites hold, oldest first: the matrix of the live tests. */
export const versionNames = ['mariadb-10.5', 'mariadb-10.11', 'mariadb-11.8', 'mysql-9.7'] as const;
export type VersionName = (typeof versionNames)[number];

/** Prometheus and its companions, and what stands around a cluster, unpacked in the same way. The older exporter is the one that Debian 12 installs. */
export const programNames = [
  'prometheus',
  'alertmanager',
  'mysqld-exporter-0.19',
  'mysqld-exporter-0.14',
  'openssh',
  'haproxy',
  'mariadb-backup-10.5',
  'mariadb-backup-10.11',
  'mariadb-backup-11.8',
  'mariadb-client',
  'mysql-client',
  'mydumper',
] as const;
export type ProgramName = (typeof programNames)[number];

/** What to unpack, and from where. */
export interface Recipe {
  readonly name: VersionName | ProgramName;
  /** As a person would say it. */
  readonly title: string;
  readonly suite: 'bullseye' | 'bookworm' | 'trixie' | 'sid';
  /** The first one decides the version. `name/suite` is the one of that suite, where its updates hold a newer one. */
  readonly packages: readonly string[];
  /** How the first package's version must begin (epoch removed); a suite that moved on no longer holds it. */
  readonly begins: string;
  /** Whether the packages' dependencies are unpacked too. The programs are Go binaries that need libc alone. */
  readonly closure: boolean;
  /** Unpacked beside them without their own dependencies: the plugins that Debian ships apart from the server's binary. */
  readonly extras: readonly string[];
  /** An absolute directory that is written into a program: made relative to where it is started, since nothing is installed. */
  readonly relocate?: { readonly program: string; readonly directory: string };
}

export interface VersionRecipe extends Recipe {
  readonly name: VersionName;
  readonly flavour: Flavour;
}

export const versions: Readonly<Record<VersionName, VersionRecipe>> = {
  'mariadb-10.5': server('mariadb-10.5', 'MariaDB 10.5', 'mariadb', 'bullseye', 'mariadb-server-core-10.5', [
    'mariadb-server-10.5',
  ]),
  'mariadb-10.11': server('mariadb-10.11', 'MariaDB 10.11', 'mariadb', 'bookworm', 'mariadb-server-core', [
    'mariadb-server',
  ]),
  'mariadb-11.8': server('mariadb-11.8', 'MariaDB 11.8', 'mariadb', 'trixie', 'mariadb-server-core', [
    'mariadb-server',
  ]),
  'mysql-9.7': server('mysql-9.7', 'MySQL 9.7', 'mysql', 'sid', 'mysql-server-core', []),
};

export const programs: Readonly<Record<ProgramName, Recipe>> = {
  prometheus: program('prometheus', 'Prometheus', 'sid', ['prometheus', 'promtool'], ''),
  alertmanager: {
    ...program('alertmanager', 'Alertmanager', 'sid', ['prometheus-alertmanager'], ''),
    // Debian's build reads its default templates from there.
    relocate: { program: 'usr/bin/prometheus-alertmanager', directory: '/usr/share/prometheus/alertmanager' },
  },
  'mysqld-exporter-0.19': program(
    'mysqld-exporter-0.19',
    'mysqld_exporter 0.19',
    'sid',
    ['prometheus-mysqld-exporter'],
    '0.19.',
  ),
  'mysqld-exporter-0.14': program(
    'mysqld-exporter-0.14',
    'mysqld_exporter 0.14',
    'bookworm',
    ['prometheus-mysqld-exporter'],
    '0.14.',
  ),
  // nss_wrapper lets it see users of our own. Later releases of OpenSSH start helpers from fixed places.
  openssh: {
    ...program('openssh', 'OpenSSH', 'bookworm', ['openssh-server', 'libnss-wrapper'], '9.2'),
    closure: true,
  },
  // Each copies the servers of its own series alone. The newest of 10.5 is no longer on the mirror.
  'mariadb-backup-10.5': backup('10.5', 'bullseye', '/bullseye'),
  'mariadb-backup-10.11': backup('10.11', 'bookworm'),
  'mariadb-backup-11.8': backup('11.8', 'trixie'),
  // What operators copy with by hand, for the benchmark beside it.
  'mariadb-client': {
    ...program('mariadb-client', "MariaDB's client", 'bookworm', ['mariadb-client-core'], '10.11.'),
    closure: true,
    extras: ['mariadb-client'],
  },
  'mysql-client': {
    ...program('mysql-client', "MySQL's client", 'sid', ['mysql-client-core'], '9.7.'),
    closure: true,
  },
  mydumper: { ...program('mydumper', 'mydumper', 'bookworm', ['mydumper'], '0.10.'), closure: true },
  // The oldest that Debian still cares for.
  haproxy: { ...program('haproxy', 'HAProxy', 'bookworm', ['haproxy'], '2.6.'), closure: true },
};

/** @throws LockstepError `sandbox-version` for a name that is not in the matrix. */
export function versionNamed(name: string): VersionRecipe {
  const known = versionNames.find((candidate) => candidate === name);
  if (known !== undefined) return versions[known];
  throw new LockstepError(
    'sandbox-version',
    `"${name}" is not a server version that the sandbox knows`,
    `Use one of ${versionNames.join(', ')}.`,
  );
}

function server(
  name: VersionName,
  title: string,
  flavour: Flavour,
  suite: Recipe['suite'],
  core: string,
  extras: readonly string[],
): VersionRecipe {
  return {
    name,
    title,
    flavour,
    suite,
    packages: [core],
    begins: `${name.split('-')[1] ?? ''}.`,
    closure: true,
    extras,
  };
}

function backup(series: '10.5' | '10.11' | '11.8', suite: Recipe['suite'], from = ''): Recipe {
  const title = `mariadb-backup ${series}`;
  return { ...program(`mariadb-backup-${series}`, title, suite, [`mariadb-backup${from}`], `${series}.`), closure: true }; // prettier-ignore
}

function program(
  name: ProgramName,
  title: string,
  suite: Recipe['suite'],
  packages: readonly string[],
  begins: string,
): Recipe {
  return { name, title, suite, packages: [...packages, 'libc6'], begins, closure: false, extras: [] };
}
