import type { Host } from '../../src/hosts/host.js';

/** What changes files of a machine. */
export type HostChange = 'write' | 'copy' | 'makeDirectory' | 'symlink' | 'remove' | 'restorePrevious';

const all: readonly HostChange[] = ['write', 'copy', 'makeDirectory', 'symlink', 'remove', 'restorePrevious'];

/** A host where something happens after each thing that it changed. @param then told what it was: `symlink /tls/current` */
export function watchedHost(
  host: Host,
  then: (what: string) => Promise<void>,
  what: readonly HostChange[] = all,
): Host {
  const changing = new Set<unknown>(what);
  return new Proxy(host, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (!changing.has(name)) return value.bind(target) as unknown;
      return async (...words: unknown[]) => {
        const answer: unknown = await (value as (...given: unknown[]) => unknown).apply(target, words);
        await then(`${String(name)} ${String(words[name === 'copy' ? 1 : 0])}`);
        return answer;
      };
    },
  });
}
