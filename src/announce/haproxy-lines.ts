import { isIP } from 'node:net';
import { LockstepError } from '../base/errors.js';
import type { AnnouncedServer } from '../domain/announcement.js';
import type { ServerName } from '../domain/snapshot.js';
import type { AnnouncedCluster } from './announcer.js';
import type { ServerLine } from './haproxy-state.js';

/** A backend of HAProxy, and what its server lines are called where that is not the server's name. */
export interface Backend {
  readonly backend: string;
  readonly servers: Readonly<Record<ServerName, string>>;
}

export function lineName({ servers }: Backend, server: ServerName): string {
  return Object.hasOwn(servers, server) ? (servers[server] ?? server) : server;
}

/**
 * The line of a server. One under the name of one server that leads to another would send every client there.
 * @throws LockstepError `haproxy-no-server`, `haproxy-wrong-server`
 */
export function lineOf(
  backend: Backend,
  { servers }: AnnouncedCluster,
  server: AnnouncedServer,
  lines: readonly ServerLine[],
): ServerLine {
  const word = lineName(backend, server.name);
  const line = lines.find(({ name }) => name === word);
  if (line === undefined)
    throw new LockstepError(
      'haproxy-no-server',
      `the backend "${backend.backend}" has no server "${word}", but ${lines.map(({ name }) => name).join(', ')}`,
      `Add it there, or write \`servers: { ${server.name}: … }\` for this announcer.`,
    );
  const { host, port } = server.address;
  if (isIP(host) === 0 || (line.address === host && line.port === port)) return line;
  const other = servers.find(({ address }) => address.host === line.address && address.port === line.port);
  if (other === undefined || other.name === server.name) return line;
  throw new LockstepError(
    'haproxy-wrong-server',
    `the server "${line.name}" of the backend "${backend.backend}" leads to ${line.address}:${line.port}, which is ${other.name}`,
    'Correct the address there, or `servers` of this announcer.',
  );
}
