import { type Choice, fact } from './query.js';

/**
 * How far each channel is behind where it is meant to be: its lag without the delay that it is configured to keep.
 * Absent while the lag is unknown.
 */
export function lagBeyondDelay(
  servers: NonNullable<Choice<'mysql_replica_lag_seconds'>['servers']> = '$server',
): string {
  const lag = fact('mysql_replica_lag_seconds', { servers });
  return `clamp_min(${lag} - (${fact('mysql_replica_delay_seconds', { servers })} or 0 * ${lag}), 0)`;
}
