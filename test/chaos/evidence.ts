import type { Attempt, Evidence, FinalServer, Sample, WrittenRow } from '../live/chaos/history.js';

/** A round in which all was well: three writes to db1, a switchover, three writes to db2. */
export function goodEvidence(): Evidence {
  const rows = [1, 2, 3, 4, 5, 6].map((seq) => row(seq, seq <= 3 ? 1 : 2));
  const tls = (name: string) =>
    `Master_SSL_Allowed=Yes Master_SSL_Verify_Server_Cert=Yes Master_SSL_CA_File=/${name}/ca.pem`;
  return {
    attempts: [...rows.map(({ seq }) => attempt(seq)), { ...attempt(7), outcome: 'refused', told: 'read-only' }],
    samples: [
      ...[0, 10, 20].flatMap((at) => [sample('db1', at, true), sample('db2', at, false)]),
      ...[30, 40].flatMap((at) => [sample('db1', at, false), sample('db2', at, false)]),
      ...[50, 60, 70].flatMap((at) => [sample('db1', at, false), sample('db2', at, true)]),
    ],
    servers: [
      server('db1', 1, rows),
      { ...server('db2', 2, rows), writable: true, channels: [] },
      server('db3', 3, rows),
    ],
    primaries: ['db1', 'db2'],
    channelTls: { db1: tls('db1'), db2: tls('db2'), db3: tls('db3') },
    runs: [{ id: 'a', procedure: 'switchover', state: 'ended', outcome: 'succeeded', why: '' }],
    alarmed: 0,
    journal: { ok: true, why: '' },
    losses: [],
    fenced: true,
  };

  function server(name: string, serverId: number, held: readonly WrittenRow[]): FinalServer {
    return {
      name,
      serverId,
      writable: false,
      rows: held,
      checksum: '4711',
      transactions: { text: '0-1-3,0-2-6', missingFrom: { db1: '', db2: '', db3: '' } },
      channels: [{ sourcedFrom: 'db2', io: 'Yes', sql: 'Yes', error: '', tls: tls(name) }],
      plaintextStreams: 0,
      held: [],
      changed: [],
    };
  }
}

export function attempt(seq: number): Attempt {
  return { writer: 1, seq, sentAt: seq * 10, endedAt: seq * 10 + 2, outcome: 'acked' };
}

export function row(seq: number, serverId: number): WrittenRow {
  return { writer: 1, seq, serverId, at: seq * 10_000 };
}

export function sample(server: string, at: number, writable: boolean): Sample {
  return { server, askedAt: at, answeredAt: at + 1, writable };
}

/** The same with one server changed. */
export function withServer(evidence: Evidence, name: string, change: Partial<FinalServer>): Evidence {
  return { ...evidence, servers: evidence.servers.map((one) => (one.name === name ? { ...one, ...change } : one)) };
}
