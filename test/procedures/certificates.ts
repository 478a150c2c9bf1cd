import type { Column } from '../../src/dialects/capabilities.js';
import type { Certificate, SeenCertificate } from '../../src/domain/certificate.js';
import type { Scene, Site } from '../../src/domain/scene.js';
import type { ClusterSnapshot, ServerSnapshot } from '../../src/domain/snapshot.js';
import { certificate, handshake, lookedAt, seen } from '../domain/build.js';
import { clusterOf, site } from './scenes.js';

const day = 86_400;
const at = lookedAt / 1000;

export const authority: Certificate = certificate({
  subject: 'CN=production CA',
  fingerprint: 'ca'.repeat(32),
  notBefore: at - 400 * day,
  notAfter: at + 3000 * day,
  isAuthority: true,
});

/** The cluster as a configuration with `server_tls` describes it. */
export const keptSite: Site = {
  ...site,
  serverTls: { authority: 'mysql', renewBefore: 30 * day, lifetime: 365 * day },
  servers: site.servers.map((server) => ({
    ...server,
    serverTls: {
      directory: '/etc/mysql/tls',
      allowed: true,
      names: [server.address.host, 'masterdb'],
      checked: { name: server.address.host },
      services: ['mysql'],
    },
  })),
};

/** Certificates that were made by the authority 340 days ago, or a month ago; each with its own print. */
export function keptCluster(column: Column, due: readonly string[] = []): ClusterSnapshot {
  const snapshot = clusterOf(column);
  return {
    ...snapshot,
    servers: snapshot.servers.map((server, index) => withPapers(server, index + 1, due.includes(server.name))),
  };
}

export function keptScene(column: Column, due: readonly string[] = []): Scene {
  return { snapshot: keptCluster(column, due), site: keptSite, authority };
}

/** Changes what a look saw of one server. */
export function changed(scene: Scene, name: string, change: (server: ServerSnapshot) => ServerSnapshot): Scene {
  const servers = scene.snapshot.servers.map((server) => (server.name === name ? change(server) : server));
  return { ...scene, snapshot: { ...scene.snapshot, servers } };
}

function withPapers(server: ServerSnapshot, id: number, due: boolean): ServerSnapshot {
  const { facts } = server;
  if (facts?.tls === undefined) return server;
  const dates = due ? { notBefore: at - 340 * day, notAfter: at + 25 * day } : { notBefore: at - 30 * day, notAfter: at + 335 * day }; // prettier-ignore
  const own = certificate({ ...dates, subject: `CN=${server.name}`, fingerprint: `${id}0`.repeat(32), names: [server.address.host, 'masterdb'] }); // prettier-ignore
  const client = certificate({ ...dates, subject: `CN=${server.name}-replication`, fingerprint: `${id}c`.repeat(32), names: [] }); // prettier-ignore
  const channels = facts.channels ?? [];
  return {
    ...server,
    login: { at: lookedAt, failure: undefined, handshake: handshake({ chain: [own, authority] }) },
    facts: { ...facts, tls: { ...facts.tls, keyFile: '/etc/mysql/tls/server.key' } },
    certificates: [
      paper('server', 'handshake', undefined, own),
      paper('ca', 'handshake', undefined, authority),
      paper('server', 'file', undefined, own),
      paper('ca', 'file', undefined, authority),
      ...channels.flatMap(({ name }) => [paper('client', 'file', name, client), paper('ca', 'file', name, authority)]),
    ],
  };
}

export function paper(
  role: SeenCertificate['role'],
  origin: SeenCertificate['origin'],
  channel: string | undefined,
  one: Certificate,
): SeenCertificate {
  return seen({ role, origin, channel, notBefore: one.notBefore, notAfter: one.notAfter, certificate: one });
}
