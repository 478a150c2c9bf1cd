import { stripVTControlCharacters } from 'node:util';
import type { Problem } from '../domain/problems.js';
import type { ChannelRelation } from '../domain/relations.js';
import type { Channel, ServerSnapshot } from '../domain/snapshot.js';
import type { ClusterView } from '../observe/cluster.js';
import type { Colours } from './colours.js';

/**
 * The topology of one cluster for a person: a line per server, a line per further channel, then the problems.
 * @param at our time, milliseconds
 */
export function statusTable(view: ClusterView, problems: readonly Problem[], at: number, colours: Colours): string {
  const { snapshot } = view;
  const header = ['SERVER', 'ROLE', 'VERSION', 'WRITES', 'REPLICATION', 'LAG', 'TLS', 'CERTIFICATE'].map((title) =>
    colours.dim(title),
  );
  const rows = snapshot.servers.flatMap((server) => serverRows(server, view, at, colours));
  return [
    colours.bold(snapshot.cluster) + '  ' + colours.dim(summary(view, problems)),
    ...aligned([header, ...rows]).map((line) => `  ${line}`),
    ...problemLines(problems, colours),
  ].join('\n');
}

function summary({ snapshot, topology }: ClusterView, problems: readonly Problem[]): string {
  const up = snapshot.servers.filter((server) => server.facts !== undefined).length;
  const count = problems.length === 0 ? 'no problems' : `${problems.length} problem${problems.length === 1 ? '' : 's'}`;
  const kind = topology.kind === 'async' ? [] : [`topology: ${topology.kind}`];
  const servers = `${up} of ${snapshot.servers.length} servers answer`;
  return [servers, `primary: ${topology.primary ?? 'none'}`, ...kind, count].join(' · ');
}

function serverRows(server: ServerSnapshot, view: ClusterView, at: number, colours: Colours): string[][] {
  const role = view.topology.roles[server.name] ?? 'unknown';
  const name = role === 'primary' ? colours.bold(server.name) : server.name;
  const certificate = expiry(server, at, colours);
  const { facts } = server;
  if (facts === undefined) {
    return [
      [name, role, '', colours.red('down'), colours.red(server.failure?.reason ?? 'unknown'), '', '', certificate],
    ];
  }
  const version = `${facts.identity.flavour === 'mariadb' ? 'MariaDB' : 'MySQL'} ${facts.identity.release.join('.')}`;
  const [first, ...others] = facts.channels ?? [];
  const relation = (channel: Channel) =>
    view.relations.channels.find((found) => found.server === server.name && found.channel === channel.name);
  return [
    [
      name,
      role,
      version,
      writes(server, role, colours),
      ...channelCells(first, first && relation(first), view, colours),
      tls(server, first && relation(first), colours),
      certificate,
    ],
    ...others.map((channel) => [
      '',
      '',
      '',
      '',
      ...channelCells(channel, relation(channel), view, colours),
      encrypted(relation(channel), colours),
      '',
    ]),
  ];
}

function writes({ facts }: ServerSnapshot, role: string, colours: Colours): string {
  const state = facts?.state;
  if (state === undefined) return colours.yellow('?');
  if (!state.readOnly)
    return role === 'primary' || role === 'standalone' ? colours.green('writable') : colours.red('writable');
  return state.superReadOnly === true ? 'super-read-only' : 'read-only';
}

function channelCells(
  channel: Channel | undefined,
  relation: ChannelRelation | undefined,
  view: ClusterView,
  colours: Colours,
): [string, string] {
  if (channel === undefined) return [colours.dim('–'), colours.dim('–')];
  const source = relation?.source ?? `${channel.source.host}:${channel.source.port}`;
  const name = channel.name === '' ? '' : `${channel.name}: `;
  const running = channel.io === 'running' && channel.sql === 'running';
  const threads = running ? colours.green('running') : colours.red(`IO ${channel.io}, SQL ${channel.sql}`);
  return [`${name}${threads} ${colours.dim('from')} ${source}`, lag(channel, relation, colours)];
}

function lag(channel: Channel, relation: ChannelRelation | undefined, colours: Colours): string {
  if (relation?.lagKnown !== true || channel.lagSeconds === undefined) return colours.yellow('unknown');
  const seconds = relation.heartbeatLagSeconds ?? channel.lagSeconds;
  const text = `${seconds < 10 && !Number.isInteger(seconds) ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const delayed = channel.delaySeconds > 0 ? colours.dim(` (delayed by ${channel.delaySeconds} s)`) : '';
  return (seconds - channel.delaySeconds >= 60 ? colours.red(text) : text) + delayed;
}

function tls({ facts }: ServerSnapshot, relation: ChannelRelation | undefined, colours: Colours): string {
  const state = facts?.tls;
  if (state === undefined) return colours.yellow('?');
  const offered = state.haveSsl === 'YES' ? colours.green('YES') : colours.red(state.haveSsl);
  const required = state.required === true ? ' required' : '';
  return [offered + required, ...(relation === undefined ? [] : [encrypted(relation, colours)])].join(', ');
}

function encrypted(relation: ChannelRelation | undefined, colours: Colours): string {
  if (relation?.tls.negotiated === undefined) return colours.yellow('channel not proved');
  if (!relation.tls.negotiated) return colours.red('channel in plaintext');
  return `channel ${relation.tls.protocol ?? 'encrypted'}`;
}

function expiry(server: ServerSnapshot, at: number, colours: Colours): string {
  const soonest = server.certificates.filter((seen) => seen.role !== 'ca').sort((a, b) => a.notAfter - b.notAfter)[0];
  if (soonest === undefined) return colours.dim('–');
  const verification = server.login?.handshake?.verification;
  const wrong = verification !== undefined && !verification.verified ? colours.red(` ${verification.reason}`) : '';
  const days = (soonest.notAfter - at / 1000) / 86_400;
  if (days < 0) return colours.red(`expired ${span(-days)} ago`) + (verification?.reason === 'expired' ? '' : wrong);
  return (days < 30 ? colours.yellow(`${span(days)} left`) : `${span(days)} left`) + wrong;
}

function span(days: number): string {
  if (days >= 2) return `${Math.floor(days)} days`;
  return days * 24 >= 2 ? `${Math.floor(days * 24)} hours` : `${Math.floor(days * 24 * 60)} minutes`;
}

/** The worst first. */
function problemLines(problems: readonly Problem[], colours: Colours): string[] {
  if (problems.length === 0) return [];
  const rank = { critical: 0, warning: 1, info: 2 } as const;
  const sorted = [...problems].sort((a, b) => rank[a.severity] - rank[b.severity]);
  const rows = sorted.map((problem) => [mark(problem, colours), problem.name, `${where(problem)}${problem.message}`]);
  return ['', ...aligned(rows).map((line) => `  ${line}`)];
}

function mark(problem: Problem, colours: Colours): string {
  if (problem.severity === 'critical') return colours.red('✖');
  return problem.severity === 'warning' ? colours.yellow('▲') : colours.blue('●');
}

function where(problem: Problem): string {
  if (problem.server === undefined || problem.message.includes(problem.server)) return '';
  return `${problem.server}${problem.channel ? `/${problem.channel}` : ''}: `;
}

const width = (text: string) => stripVTControlCharacters(text).length;

/** Columns as wide as their widest cell, two spaces apart. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, index) => Math.max(known[index] ?? 0, width(cell))),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd(),
  );
}
