import { messageOf } from '../base/errors.js';
import type { ClusterConfig, ServerConfig } from '../config/config.js';
import { columnFor } from '../dialects/capabilities.js';
import { detection, identify, versionOf } from '../dialects/detect.js';
import { LoginError, openSession } from '../mysql/session.js';
import { targetOf } from '../target-of.js';
import type { Spoken } from './grants-text.js';

/** What a server said of itself. */
export interface Answer {
  /** '' when it could not be asked. */
  readonly version: string;
  /** undefined: it could not be asked, and `why` says so. */
  readonly spoken: Spoken | undefined;
  readonly why: string;
}

/** By a login where there is an account, else by what the server says in its greeting. */
export async function spokenBy(cluster: ClusterConfig, server: ServerConfig, signal: AbortSignal): Promise<Answer> {
  try {
    const session = await openSession(await targetOf(cluster, server, cluster.accounts.monitor), { signal });
    try {
      const [rows] = await session.query(detection, { signal });
      const detected = identify(rows?.[0] ?? {});
      const { version, performanceSchema } = detected;
      return { version, spoken: { column: columnFor(detected), performanceSchema }, why: '' };
    } finally {
      session.close();
    }
  } catch (cause) {
    const greeting = cause instanceof LoginError ? cause.handshake?.greeting : undefined;
    if (greeting === undefined || greeting === '') return { version: '', spoken: undefined, why: messageOf(cause) };
    const { flavour, release } = versionOf(greeting);
    const spoken = { column: columnFor({ flavour, release }), performanceSchema: flavour === 'mysql' };
    return { version: release.join('.'), spoken, why: '' };
  }
}
