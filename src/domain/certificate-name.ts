/**
 * Whether one of a certificate's names covers a host, as replicas judge it. undefined where that cannot be said from
 * here: a certificate without alternative names (its common name may count), and IPv6, which is written in many ways.
 */
export function coversHost(names: readonly string[], host: string): boolean | undefined {
  if (names.length === 0 || host.includes(':')) return undefined;
  const wanted = plain(host);
  return names.some((name) => covers(plain(name), wanted));
}

/** A star stands for one whole label, the first. */
function covers(name: string, host: string): boolean {
  if (!name.startsWith('*.')) return name === host;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot) === name.slice(1);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
