import type { ProcedureName } from '../domain/procedure-names.js';
import type { Procedure } from '../engine/procedure.js';
import { failover } from './failover.js';
import { openPrimary } from './open-primary.js';
import { rejoin } from './rejoin.js';
import { fenceWritableReplica } from './fence-writable-replica.js';
import { enableTls } from './certificates/enable-tls.js';
import { renewCertificate } from './certificates/renew-certificate.js';
import { rebuildReplica } from './rebuild-replica.js';
import { distrustAuthority } from './certificates/rotation/distrust-authority.js';
import { reissueCertificates } from './certificates/rotation/reissue-certificates.js';
import { trustAuthority } from './certificates/rotation/trust-authority.js';
import { restartReplication } from './restart-replication.js';
import { requireTls } from './require-tls.js';
import { secureChannel } from './secure-channel.js';
import { switchover } from './switchover.js';
import { returnReplica } from './return-replica.js';
import { verifyReplica } from './verify-replica.js';
import { withdrawReplica } from './withdraw-replica.js';

/** Every procedure, in the order in which they are listed. */
export const procedures: Readonly<Partial<Record<ProcedureName, Procedure>>> = {
  'restart-replication': restartReplication,
  'secure-channel': secureChannel,
  'require-tls': requireTls,
  'renew-certificate': renewCertificate,
  'enable-tls': enableTls,
  'trust-authority': trustAuthority,
  'reissue-certificates': reissueCertificates,
  'distrust-authority': distrustAuthority,
  'fence-writable-replica': fenceWritableReplica,
  switchover,
  'verify-replica': verifyReplica,
  failover,
  rejoin,
  'open-primary': openPrimary,
  'rebuild-replica': rebuildReplica,
  'withdraw-replica': withdrawReplica,
  'return-replica': returnReplica,
};
