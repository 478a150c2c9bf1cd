import { type Choice, fact } from './query.js';

/**
 * How far each channel is behind where it is meant to be: the lag that Lockstep acts on, by the heartbeat table where
 * there is one, else as the server gives it, without the delay that is configured. Absent while it is unknown.
 */
export function lagBeyondDelay(
  servers: NonNullable<Choice<'mysql_replica_lag_seconds'>['servers']> = '$server',
): string {
  const heartbeat = fact('mysql_replica_heartbeat_lag_seconds', { servers });
  const lag = `(${heartbeat} or ${fact('mysql_replica_lag_seconds', { servers })})`;
  return `clamp_min(${lag} - (${fact('mysql_replica_delay_seconds', { servers })} or 0 * ${lag}), 0)`;
}
