import { rankDonors, type Donor } from '../../domain/donors.js';
import { isErrant } from '../../domain/relations.js';
import type { Parameters, Scene, SiteServer } from '../../domain/scene.js';
import type { Channel, ServerName, ServerSnapshot } from '../../domain/snapshot.js';
import type { ChannelTls } from '../../dialects/replication-statements.js';
import { wantedTls } from '../primary/channel-tls.js';
import type { CopyMethodName } from '../../domain/action.js';
import { given, viewOf } from '../view.js';
import { emptyingOf, type Emptying } from './emptying.js';
import { endsOf, methodRefusals } from './room.js';
import { bestOf, installPrograms, programOf, serverPrograms, waysFrom, type Way } from './methods.js';

export { programOf };

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
  /** How it could be copied from there, and how it is. */
  readonly ways: readonly Way[];
  readonly way: Way | undefined;
  readonly method: Way['method'] | undefined;
  readonly here: SiteServer | undefined;
  readonly there: SiteServer | undefined;
  /** The service that starts the server; undefined unless exactly one can be it. */
  readonly service: string | undefined;
  readonly tls: ChannelTls | undefined;
  /** What the disk lacks; undefined: nothing, or more than emptying the target would bring. */
  readonly emptying: Emptying | undefined;
  /** Whether it was asked for that what the target holds be dropped first, where its disk cannot hold both. */
  readonly discards: boolean;
}

export function subjectOf(scene: Scene, parameters: Parameters): Subject {
  const view = viewOf(scene);
  const name = given(parameters, 'server');
  const server = view.server(name);
  const differing = (scene.verified ?? [])
    .filter(({ differingTables }) => differingTables > 0)
    .map((one) => one.server);
  const errant = scene.snapshot.servers.map((one) => one.name).filter((one) => isErrant(view.serverRelation(one)));
  const siteOf = (one: ServerName | undefined) => scene.site.servers.find((each) => each.name === one);
  const here = siteOf(name);
  const mariadb = server?.facts?.identity.flavour === 'mariadb';
  const fillable = programOf(here, ...serverPrograms) !== undefined && (!mariadb || programOf(here, ...installPrograms) !== undefined); // prettier-ignore
  const donors = rankDonors(scene.snapshot, name, { differing, errant }, fillable);
  const wanted = given(parameters, 'from');
  const best = wanted === '' ? donors[0] : donors.find((one) => one.server === wanted);
  const donor = best?.against.length === 0 ? best : undefined;
  const there = siteOf(donor?.server);
  const ends = endsOf(scene, { name, donor });
  const found = (method: CopyMethodName) => (ends === undefined ? [] : methodRefusals(method, { name, donor, server }, ends).map(({ why }) => why)); // prettier-ignore
  const ways = donor === undefined || server?.facts === undefined ? [] : waysFrom(donor.facts.identity, server.facts.identity, here, there, found); // prettier-ignore
  const way = bestOf(ways, given(parameters, 'method'));
  const channel = server?.facts?.channels?.[0];
  return {
    name,
    server,
    isPrimary: view.topology.primary === name,
    channel,
    primary: view.server(view.topology.primary),
    donors,
    donor,
    ways,
    way,
    method: way?.method,
    here,
    there,
    service: serviceOf(here),
    tls: wantedTls(channel, here?.replicationTls),
    emptying: emptyingOf(ends),
    discards: given(parameters, 'discard') === 'yes',
  };
}

function serviceOf(host: SiteServer | undefined): string | undefined {
  const services = host?.services ?? [];
  const named = services.filter((one) => ['mysql', 'mysqld', 'mariadb'].includes(one));
  return named.length === 1 ? named[0] : services.length === 1 ? services[0] : undefined;
}
