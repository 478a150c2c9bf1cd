import type { Host } from '../../hosts/host.js';

/** Where a server's data lie, and beside it, on the same disk, the copy to come and what is kept of before. */
export interface Places {
  readonly data: string;
  readonly fresh: string;
  readonly kept: string;
  /** What was kept and is being removed: it cannot come back. */
  readonly gone: string;
}

/** @param data as the server says it (`@@datadir`) */
export function placesOf(data: string): Places {
  const plain = data.replace(/\/+$/, '');
  return {
    data: plain,
    fresh: `${plain}.lockstep-new`,
    kept: `${plain}.lockstep-kept`,
    gone: `${plain}.lockstep-gone`,
  };
}

export async function stands(host: Host, path: string, signal: AbortSignal): Promise<boolean> {
  return (await host.stat(path, { signal })) !== undefined;
}
