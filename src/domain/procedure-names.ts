/** Every procedure that Lockstep has: a closed set, used as a metric label, in policies and on the command line. */
export const procedureNames = [
  'restart-replication',
  'fence-writable-replica',
  'secure-channel',
  'require-tls',
  'switchover',
  'verify-replica',
  'failover',
  'rejoin',
  'open-primary',
  'renew-certificate',
  'enable-tls',
  'rebuild-replica',
  'trust-authority',
  'reissue-certificates',
  'distrust-authority',
  'withdraw-replica',
  'return-replica',
] as const;
export type ProcedureName = (typeof procedureNames)[number];
