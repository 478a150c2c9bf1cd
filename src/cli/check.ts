import { Command } from 'commander';
import { systemClock } from '../base/clock.js';
import { silentLog } from '../base/log.js';
import type { Config } from '../config/config.js';
import { loadWhole } from '../load-whole.js';
import type { CollectorOutcome, ServerSnapshot } from '../domain/snapshot.js';
import { actingAlone } from '../policies.js';
import { observerOf } from '../watched.js';
import {
  announcerReport,
  checkedAnnouncers,
  type CheckedAnnouncer,
  type CheckedAnnouncers,
} from './check-announcers.js';
import { authorityReport, checkedAuthorities, type CheckedAuthority } from './check-authorities.js';
import { type Unreached, unreachedHosts } from './check-hosts.js';
import { terminalColours } from './colours.js';
import { configOption } from './options.js';
import { type ClusterStatus, statusOf } from './status.js';
import type { Colours } from './colours.js';
import { switchoverLines } from './switchovers.js';
import type { Objection } from '../procedures/switchover/checks/check.js';

export function checkCommand(): Command {
  return new Command('check')
    .description(
      'validate the configuration, log in to every server, and say what is missing with the statement that gives it',
    )
    .addOption(configOption())
    .option('--json', 'print what was found as JSON')
    .addHelpText(
      'after',
      '\nExits 0 when all is well, 1 when anything is wrong, 2 when the configuration is not valid.\n\nExamples:\n  lockstep check\n  lockstep check --config /etc/lockstep/lockstep.yml\n',
    )
    .action(async (options: { config: string; json?: true }) => {
      const config = await loadWhole(options.config);
      const observer = observerOf(config, { clock: systemClock, log: silentLog });
      try {
        const [statuses, hosts, authorities] = await Promise.all([
          statusOf(config, observer),
          unreachedHosts(config),
          checkedAuthorities(config),
        ]);
        const announcers = await checkedAnnouncers(config, statuses);
        const servers = statuses.flatMap(({ view }) => view.snapshot.servers);
        const count = `${config.clusters.length} ${config.clusters.length === 1 ? 'cluster' : 'clusters'}, ${servers.length} ${servers.length === 1 ? 'server' : 'servers'}`;
        const colours = terminalColours();
        process.stdout.write(
          options.json === true
            ? `${JSON.stringify(
                statuses.flatMap((status) => checkedOf(status, { hosts, announcers, authorities }, config)),
                null,
                2,
              )}\n`
            : `${colours.green('✔')} ${options.config} is valid: ${count}\n\n${statuses.map((status) => report(status, { hosts, announcers, authorities }, colours)).join('\n\n')}\n\n${[
                ...authorityReport(authorities, colours),
                '',
              ].join('\n')}${alone(config)
                .map((line) => colours.dim(line))
                .join('\n')}\n`,
        );
        const unannounced = [...announcers.values()].flat().some(({ faults }) => faults.length > 0);
        const unopened = authorities.some(({ faults }) => faults.length > 0);
        if (unannounced || unopened || servers.some((server) => faultsOf(server, hosts).length > 0))
          process.exitCode = 1;
      } finally {
        await observer.close();
      }
    });
}

/** Which policies start runs with nobody asked, cluster by cluster. */
function alone(config: Config): readonly string[] {
  if (config.automation === undefined) return ['What may act alone: nothing, since no journal is configured.'];
  const acting = config.clusters.flatMap((cluster) =>
    actingAlone(config, cluster).map((policy) => `  ${cluster.name}: ${policy}`),
  );
  return acting.length === 0
    ? ['What may act alone: nothing, since no policy has the mode auto.']
    : ['What may act alone:', ...acting];
}

interface Checked {
  readonly cluster: string;
  readonly server: string;
  readonly address: string;
  readonly version: string | undefined;
  readonly column: string | undefined;
  readonly proof: string | undefined;
  readonly faults: readonly string[];
  readonly grants: readonly string[];
  /** Policies by which runs may start in its cluster with nobody asked. */
  readonly actsAlone: readonly string[];
  /** What tells applications of its cluster's primary. */
  readonly announcers: readonly CheckedAnnouncer[];
  /** What stands against making it the primary; none: it is ready. Undefined of the primary, and without an operate account. */
  readonly switchover: readonly Objection[] | undefined;
  /** What issues its certificates; undefined: nothing does. */
  readonly authority: CheckedAuthority | undefined;
}

interface Around {
  readonly hosts: Unreached;
  readonly announcers: CheckedAnnouncers;
  readonly authorities: readonly CheckedAuthority[];
}

function checkedOf({ view, switchovers }: ClusterStatus, around: Around, config: Config): readonly Checked[] {
  const actsAlone = actingAlone(config, { name: view.snapshot.cluster });
  const announcers = around.announcers.get(view.snapshot.cluster) ?? [];
  const { serverTls } = config.clusters.find(({ name }) => name === view.snapshot.cluster) ?? {};
  const authority = around.authorities.find(({ name }) => name === serverTls?.authority);
  return view.snapshot.servers.map((server) => {
    const switchover = switchovers?.find((one) => one.server === server.name)?.objections;
    return { ...checked(server, around.hosts), actsAlone, announcers, authority, switchover };
  });
}

function checked(
  server: ServerSnapshot,
  hosts: Unreached,
): Omit<Checked, 'actsAlone' | 'announcers' | 'authority' | 'switchover'> {
  const identity = server.facts?.identity;
  return {
    cluster: server.cluster,
    server: server.name,
    address: `${server.address.host}:${server.address.port}`,
    version: identity?.version,
    column: identity?.column,
    proof: identity?.proof,
    faults: faultsOf(server, hosts),
    grants: grantsOf(server),
  };
}

/** What is wrong with Lockstep's own way to this server; the state of its replication is for `status`. */
function faultsOf(server: ServerSnapshot, hosts: Unreached): string[] {
  const host = hosts.get(`${server.cluster}/${server.name}`);
  const unreached = host === undefined ? [] : [`host: ${host}`];
  if (server.failure !== undefined) return [server.failure.message, ...unreached];
  const login = server.login?.failure;
  return [
    ...unreached,
    ...(login === undefined ? [] : [login.message]),
    ...failed(server).map((outcome) => `${outcome.collector}: ${outcome.message ?? 'failed'}`),
  ];
}

function failed(server: ServerSnapshot): CollectorOutcome[] {
  return server.collectors.filter((outcome) => !outcome.success && outcome.message !== server.login?.failure?.message);
}

function grantsOf(server: ServerSnapshot): string[] {
  return [...new Set(server.collectors.flatMap((outcome) => outcome.remedy?.split('; ') ?? []))];
}

function report({ view, switchovers = [] }: ClusterStatus, { hosts, announcers }: Around, colours: Colours): string {
  return [
    colours.bold(view.snapshot.cluster),
    ...view.snapshot.servers.flatMap((server) => serverReport(server, hosts, colours)),
    ...announcerReport(announcers.get(view.snapshot.cluster) ?? [], colours),
    ...switchoverLines(switchovers, colours, { whole: true }),
  ].join('\n');
}

function serverReport(server: ServerSnapshot, hosts: Unreached, colours: Colours): string[] {
  const faults = faultsOf(server, hosts);
  const identity = server.facts?.identity;
  const sign = faults.length === 0 ? colours.green('✔') : colours.red('✖');
  const found =
    identity === undefined
      ? server.failure?.reason
      : `${identity.comment.includes(identity.version) ? '' : `${identity.flavour === 'mariadb' ? 'MariaDB' : 'MySQL'} `}${identity.version}`;
  const grants = grantsOf(server);
  return [
    `  ${sign} ${server.name}  ${colours.dim(`${server.address.host}:${server.address.port}`)}  ${found ?? ''}`,
    ...(identity === undefined ? [] : [`      ${dialect(identity.column, identity.proof, identity.newerThanKnown)}`]),
    ...certificateLine(server),
    ...faults.map((fault) => `      ${colours.red(fault)}`),
    ...(grants.length === 0
      ? []
      : ['      run on the server:', ...grants.map((grant) => `        ${colours.bold(`${grant};`)}`)]),
  ];
}

function dialect(column: string, proof: 'live' | 'documented', newer: boolean): string {
  const basis =
    proof === 'live' ? 'tested on real servers' : "from the vendor's documentation, not tested on a real server";
  return `dialect column ${column}, ${basis}${newer ? '; the server is newer than any that Lockstep knows, and is read as if it were this one' : ''}`;
}

function certificateLine({ login }: ServerSnapshot): string[] {
  const verification = login?.handshake?.verification;
  const leaf = login?.handshake?.chain[0];
  if (verification === undefined || leaf === undefined) return [];
  const until = new Date(leaf.notAfter * 1000).toISOString().slice(0, 10);
  return [
    `      ${login?.handshake?.protocol ?? 'TLS'}, certificate ${verification.verified ? 'verified' : verification.reason}, valid until ${until}`,
  ];
}
