import path from 'node:path';
import { rankDonors, type Donor } from '../../domain/donors.js';
import type { Parameters, Scene, SiteServer } from '../../domain/scene.js';
import type { Channel, ServerName, ServerSnapshot } from '../../domain/snapshot.js';
import type { ChannelTls } from '../../dialects/replication-statements.js';
import { wantedTls } from '../primary/channel-tls.js';
import { given, viewOf } from '../view.js';

/** What a rebuilding is about: who is built, from whom, and whom it follows then. */
export interface Subject {
  readonly name: ServerName;
  readonly server: ServerSnapshot | undefined;
  readonly isPrimary: boolean;
  /** The channel that it has now. */
  readonly channel: Channel | undefined;
  readonly primary: ServerSnapshot | undefined;
  /** All that were weighed, the best first. */
  readonly donors: readonly Donor[];
  /** The one that was named, or the best that may; undefined: none may. */
  readonly donor: Donor | undefined;
  readonly method: 'backup' | 'clone' | undefined;
  readonly here: SiteServer | undefined;
  readonly there: SiteServer | undefined;
  /** The service that starts the server; undefined unless exactly one can be it. */
  readonly service: string | undefined;
  readonly tls: ChannelTls | undefined;
}

export function subjectOf(scene: Scene, parameters: Parameters): Subject {
  const view = viewOf(scene);
  const name = given(parameters, 'server');
  const server = view.server(name);
  const differing = (scene.verified ?? [])
    .filter(({ differingTables }) => differingTables > 0)
    .map((one) => one.server);
  const donors = rankDonors(scene.snapshot, name, differing);
  const wanted = given(parameters, 'from');
  const best = wanted === '' ? donors[0] : donors.find((one) => one.server === wanted);
  const donor = best?.against.length === 0 ? best : undefined;
  const siteOf = (one: ServerName | undefined) => scene.site.servers.find((each) => each.name === one);
  const here = siteOf(name);
  const channel = server?.facts?.channels?.[0];
  return {
    name,
    server,
    isPrimary: view.topology.primary === name,
    channel,
    primary: view.server(view.topology.primary),
    donors,
    donor,
    method: methodOf(server),
    here,
    there: siteOf(donor?.server),
    service: serviceOf(here),
    tls: wantedTls(channel, here?.replicationTls),
  };
}

/** A program that a host names, by the last part of its path. */
export function programOf(host: SiteServer | undefined, ...names: readonly string[]): string | undefined {
  return host?.programs?.find((program) => names.includes(path.posix.basename(program)));
}

/** By what the server can do: CLONE came with MySQL 8.0.17, mariadb-backup goes with every MariaDB here. */
function methodOf(server: ServerSnapshot | undefined): Subject['method'] {
  const identity = server?.facts?.identity;
  if (identity === undefined) return undefined;
  if (identity.flavour === 'mariadb') return 'backup';
  const [major, , patch] = identity.release;
  return major > 8 || (major === 8 && patch >= 17) || (major === 8 && identity.release[1] > 0) ? 'clone' : undefined;
}

function serviceOf(host: SiteServer | undefined): string | undefined {
  const services = host?.services ?? [];
  const named = services.filter((one) => ['mysql', 'mysqld', 'mariadb'].includes(one));
  return named.length === 1 ? named[0] : services.length === 1 ? services[0] : undefined;
}
