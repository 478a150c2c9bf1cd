import { defaultFailover, type SiteFailover } from '../domain/scene.js';
import type { FailoverEntry } from './failover-schema.js';
import type { HostConfig } from './host-config.js';

/** Applies defaults. What a cluster says stands for the whole of what `defaults` say. */
export function failoverOf(entry: FailoverEntry = {}): SiteFailover {
  return {
    evidenceSeconds: entry.evidence ?? defaultFailover.evidenceSeconds,
    looks: entry.looks ?? defaultFailover.looks,
    never: entry.never ?? [],
    preferred: entry.prefer ?? [],
    fence: entry.fence,
    tail: entry.tail,
  };
}

/** Lets the machine run what the failover of its cluster names, and nothing else besides. */
export function withPrograms<Host extends HostConfig>(host: Host, { fence, tail }: SiteFailover): Host {
  const needed = [fence?.[0], tail?.program].filter((program) => program !== undefined);
  return { ...host, programs: [...new Set([...host.programs, ...needed])] };
}
