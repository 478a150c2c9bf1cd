import type { ProcedureName } from '../../src/domain/procedure-names.js';

/** The crash matrix in files that run side by side, of about the same length. Every procedure is in one. */
export const crashGroups = {
  channels: ['restart-replication', 'fence-writable-replica', 'secure-channel'],
  readers: ['withdraw-replica', 'return-replica'],
  servers: ['require-tls', 'verify-replica'],
  primary: ['switchover'],
  deaths: ['failover', 'rejoin', 'open-primary'],
  certificates: ['renew-certificate', 'enable-tls'],
  rotation: ['trust-authority', 'reissue-certificates', 'distrust-authority'],
  copies: ['rebuild-replica'],
} as const satisfies Readonly<Record<string, readonly ProcedureName[]>>;
