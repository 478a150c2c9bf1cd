import type { ChannelTls } from '../../dialects/replication-statements.js';
import type { ReplicationTls } from '../../domain/scene.js';
import type { Channel } from '../../domain/snapshot.js';

/**
 * What a channel shall have towards another source: its own files where it names any, else those of the configuration;
 * further options stay what they are. undefined: nothing names an authority to trust.
 * @param channel undefined for one that is yet to be made
 */
export function wantedTls(
  channel: Pick<Channel, 'tls'> | undefined,
  configured: ReplicationTls | undefined,
): ChannelTls | undefined {
  const tls = channel?.tls;
  const caFile = tls?.caFile ?? configured?.caFile;
  if (caFile === undefined) return undefined;
  const pair = tls?.certFile !== undefined && tls.keyFile !== undefined ? tls : configured;
  return {
    caFile,
    certFile: pair?.certFile,
    keyFile: pair?.keyFile,
    verify: configured?.verify ?? true,
    // A directory of authorities beside a file that the channel did not name would trust more than was rehearsed.
    caPath: tls?.caFile === undefined ? undefined : tls.caPath,
    crlFile: tls?.crlFile,
    crlPath: tls?.crlPath,
    cipher: tls?.cipher,
    versions: tls?.versions,
  };
}

/** Whether a channel is set up so. */
export function hasTls({ tls: now }: Pick<Channel, 'tls'>, tls: ChannelTls): boolean {
  return (
    now.enabled &&
    now.verify === tls.verify &&
    now.caFile === tls.caFile &&
    now.certFile === tls.certFile &&
    now.keyFile === tls.keyFile
  );
}
