/** Of a configured server, what its certificate must name. */
export interface NamedServer {
  readonly address: { readonly host: string };
  readonly serverTls?: { readonly names: readonly string[] } | undefined;
}

/** Of a configured cluster, what the certificates of its servers must name. */
export interface NamedCluster {
  /** What applications call the primary: any server may become it. */
  readonly names: readonly string[];
  readonly serverTls?: { readonly names: readonly string[] } | undefined;
  /** `serverName` is what Lockstep itself looks for in place of the address. */
  readonly tls: { readonly serverName: string | undefined };
}

/**
 * Every name that the certificate of a server must carry: its address, what applications call the primary, and whatever
 * else clients call it. The address first, each once, without a final dot.
 * @param further names that stand in no configuration of the cluster: what channels and announcers say
 */
export function serverNames(
  server: NamedServer,
  cluster: NamedCluster,
  further: readonly string[] = [],
): readonly string[] {
  const found = new Map<string, string>();
  const all = [
    server.address.host,
    ...(server.serverTls?.names ?? []),
    ...cluster.names,
    ...(cluster.serverTls?.names ?? []),
    ...(cluster.tls.serverName === undefined ? [] : [cluster.tls.serverName]),
    ...further,
  ];
  for (const name of all) {
    const plain = name.replace(/\.$/, '');
    if (!found.has(plain.toLowerCase())) found.set(plain.toLowerCase(), plain);
  }
  return [...found.values()];
}

/** Those of `wanted` that a certificate does not carry, letter case and spelling of IPv6 aside. A star covers itself alone. */
export function namesMissing(
  certificate: { readonly names: readonly string[] },
  wanted: readonly string[],
): readonly string[] {
  const carried = new Set(certificate.names.map((name) => name.toLowerCase()));
  return wanted.filter((name) => !carried.has(spelt(name)));
}

function spelt(name: string): string {
  const lower = name.toLowerCase();
  // Only the URL parser shortens IPv6 addresses; a certificate's names come shortened by it.
  return /^[0-9a-f:.]*:[0-9a-f:.]*$/.test(lower) ? new URL(`http://[${lower}]`).hostname.slice(1, -1) : lower;
}
