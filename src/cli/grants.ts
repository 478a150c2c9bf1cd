import { Command, Option } from 'commander';
import { LockstepError } from '../base/errors.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { columnFor } from '../dialects/capabilities.js';
import { procedureNames, type ProcedureName } from '../domain/procedure-names.js';
import type { Flavour } from '../domain/snapshot.js';
import { spokenBy, type Answer } from './grants-asked.js';
import { accountGrants, dialectWords, grantLines, releaseNamed, type Spoken, type Wanted } from './grants-text.js';
import { wantedOf } from './grants-wanted.js';
import { clustersNamed, configOption } from './options.js';

interface GrantsOptions {
  readonly config: string;
  readonly cluster?: readonly string[];
  readonly flavour?: Flavour;
  readonly version?: string;
  readonly procedure?: readonly ProcedureName[];
  readonly json?: true;
}

export function grantsCommand(): Command {
  return new Command('grants')
    .description('print the statements that make the accounts: all that they need on this version, and nothing more')
    .addOption(configOption())
    .addOption(new Option('--cluster <name...>', 'only for this cluster'))
    .addOption(new Option('--flavour <name>', 'do not ask servers: for this flavour').choices(['mariadb', 'mysql']))
    .option('--version <version>', 'with --flavour: for this version, such as 10.11 or 8.0.36')
    .addOption(
      new Option(
        '--procedure <name...>',
        'what the operate account is to do; default what policies name, or all',
      ).choices(procedureNames),
    )
    .option('--json', 'print the statements as JSON')
    .addHelpText('after', examples)
    .action(async (options: GrantsOptions, command: Command) => {
      const named = command.getOptionValueSource('config') !== 'default' || options.cluster !== undefined;
      const config = named || options.flavour === undefined ? await loadConfig(options.config) : undefined;
      const found = [...(options.flavour === undefined ? await asked(config, options) : given(config, options))];
      const groups = merged(found.filter((one) => one.spoken !== undefined));
      const silent = found.filter((one) => one.spoken === undefined);
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(groups.map(shownAsData), null, 2)}\n`
          : `${[head, ...groups.map(shownAsText), ...silent.map(apology)].join('\n\n')}\n`,
      );
      if (silent.length > 0) process.exitCode = 1;
    });
}

const head =
  '-- Run on the primary: accounts reach replicas by replication. Put passwords where … stands, the same as in the configuration.';

const examples = `
Servers are asked for their version, which their greeting tells even before there is an account.
Exits 1 when a server could not be asked.

Examples:
  lockstep grants                                    every cluster of lockstep.yml
  lockstep grants --cluster production --procedure restart-replication
  lockstep grants --flavour mariadb --version 10.11  without a configuration
`;

/** What one server, or one version that was named, needs. */
interface Found extends Answer {
  readonly cluster: string | undefined;
  readonly server: string | undefined;
  readonly wanted: Wanted;
}

interface Group extends Found {
  readonly spoken: Spoken;
  readonly servers: readonly string[];
}

function given(config: Config | undefined, options: GrantsOptions): readonly Found[] {
  const { flavour = 'mariadb', version } = options;
  const release = version === undefined ? undefined : releaseNamed(version);
  if (version === undefined || release === undefined)
    throw new LockstepError(
      'usage',
      version === undefined ? `--flavour ${flavour} has no version beside it` : `"${version}" is no version`,
      'Give --version with one such as 10.11 or 8.0.36.',
    );
  const spoken = { column: columnFor({ flavour, release }), performanceSchema: flavour === 'mysql' };
  const clusters = config === undefined ? [undefined] : clustersNamed(config, options.cluster ?? []);
  return clusters.map((cluster) => ({
    cluster: cluster?.name,
    server: undefined,
    version,
    spoken,
    why: '',
    wanted: wantedOf(config, cluster, options.procedure),
  }));
}

async function asked(config: Config | undefined, options: GrantsOptions): Promise<readonly Found[]> {
  if (config === undefined) return [];
  if (options.version !== undefined)
    throw new LockstepError(
      'usage',
      `--version ${options.version} has no flavour beside it`,
      'Give --flavour mariadb or --flavour mysql, or leave both out: servers are asked.',
    );
  const signal = AbortSignal.timeout(Math.ceil(config.observe.timeoutSeconds * 1000));
  const servers = clustersNamed(config, options.cluster ?? []).flatMap((cluster) =>
    cluster.servers.map((server) => ({ cluster, server })),
  );
  return Promise.all(
    servers.map(async ({ cluster, server }) => ({
      cluster: cluster.name,
      server: server.name,
      wanted: wantedOf(config, cluster, options.procedure),
      ...(await spokenBy(cluster, server, signal)),
    })),
  );
}

/** Servers of a cluster that take the same statements. */
function merged(found: readonly Found[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const one of found) {
    if (one.spoken === undefined) continue;
    const key = JSON.stringify([one.cluster, one.version, accountGrants(one.spoken, one.wanted)]);
    const before = groups.get(key);
    const servers = [...(before?.servers ?? []), ...(one.server === undefined ? [] : [one.server])];
    groups.set(key, { ...one, spoken: one.spoken, servers });
  }
  return [...groups.values()];
}

function shownAsText({ cluster, servers, spoken, version, wanted }: Group): string {
  const where = [cluster, servers.length === 0 ? undefined : servers.join(', ')].filter((part) => part !== undefined);
  const dialect = dialectWords(spoken.column, version);
  const title = where.length === 0 ? dialect : `${where.join(': ')} (${dialect})`;
  return grantLines(title, accountGrants(spoken, wanted), wanted).join('\n');
}

function shownAsData({ cluster, servers, spoken, version, wanted }: Group) {
  const { column } = spoken;
  return {
    cluster,
    servers,
    flavour: column.flavour,
    version,
    column: column.name,
    procedures: wanted.procedures,
    statements: accountGrants(spoken, wanted),
  };
}

function apology({ cluster, server, why }: Found): string {
  return `-- ${cluster ?? ''}: ${server ?? ''} could not be asked: ${why.replaceAll(/\s+/g, ' ')}\n-- Name its version: --flavour and --version.`;
}
