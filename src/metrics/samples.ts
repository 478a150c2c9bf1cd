import type { Certificate } from '../domain/certificate.js';
import type { Problem } from '../domain/problems.js';
import type { Relations } from '../domain/relations.js';
import type { ClusterSnapshot, CollectorName, ServerSnapshot } from '../domain/snapshot.js';
import type { Topology } from '../domain/topology.js';
import { type Family, Sink } from './families.js';
import { certificates, presentedCertificate } from './samples/certificates.js';
import { channels, gtid } from './samples/channels.js';
import { cluster, problems } from './samples/cluster.js';
import { look } from './samples/look.js';
import { channelRelation, errant, unknownReplicas } from './samples/relations.js';
import { server } from './samples/server.js';
import { binlog, semiSync, streams } from './samples/source.js';
import { accounts, tls } from './samples/tls.js';

/**
 * One server's own facts: the metrics of scope `server`. Pure. A section that the look did not bring is absent.
 * @param only the collectors that were asked for; certificates are kept between looks and would come unasked
 */
export function serverSamples(snapshot: ServerSnapshot, only?: ReadonlySet<CollectorName>): readonly Family[] {
  const sink = new Sink({ cluster: snapshot.cluster, server: snapshot.name }, only);
  const { facts } = snapshot;
  server(sink, snapshot);
  if (facts?.tls !== undefined) tls(sink, facts.tls);
  if (facts?.accounts !== undefined) accounts(sink, facts.accounts);
  certificates(sink, snapshot);
  if (facts?.channels !== undefined) channels(sink, facts.channels);
  if (facts?.gtid !== undefined) gtid(sink, facts.gtid);
  if (facts?.semiSync !== undefined) semiSync(sink, facts.semiSync);
  if (facts?.binlog !== undefined) binlog(sink, facts.binlog);
  if (facts?.streams !== undefined) streams(sink, facts.streams);
  look(sink, snapshot);
  return sink.families();
}

/**
 * Facts that need the whole cluster: the metrics of scope `cluster`. Pure.
 * @param announced whether problems of announcers would be among those found
 * @param presented what Lockstep itself presents there; left out: nothing
 */
export function clusterSamples(
  snapshot: ClusterSnapshot,
  topology: Topology,
  relations: Relations,
  found: readonly Problem[],
  announced = false,
  presented?: Certificate,
): readonly Family[] {
  const sink = new Sink({ cluster: snapshot.cluster });
  for (const { name } of snapshot.servers)
    sink.within({ server: name }).states('mysql_server_role', 'role', topology.roles[name] ?? 'unknown');
  const replicas = new Set(snapshot.servers.filter(({ facts }) => facts?.channels?.length).map(({ name }) => name));
  const asked = new Set(snapshot.servers.filter(({ facts }) => facts !== undefined).map(({ name }) => name));
  for (const relation of relations.servers) {
    const narrow = sink.within({ server: relation.server });
    if (replicas.has(relation.server) && relation.server !== topology.primary) errant(narrow, relation);
    if (asked.has(relation.server)) unknownReplicas(narrow, relation);
  }
  for (const relation of relations.channels)
    channelRelation(sink.within({ server: relation.server, channel: relation.channel }), relation);
  cluster(sink, snapshot, topology);
  problems(sink, found, announced);
  if (presented !== undefined) presentedCertificate(sink, presented);
  return sink.families();
}
