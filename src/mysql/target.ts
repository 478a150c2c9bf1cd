import type { Secret } from '../base/secret.js';
import type { Address } from '../domain/snapshot.js';

/** A server, and who logs in there. Files are read by whoever makes the target, at each login, so that they rotate. */
export interface Target {
  readonly address: Address & {
    /** A Unix socket that is used instead of host and port. */
    readonly socketPath?: string;
  };
  readonly user: string;
  /** Asked once per login. Whatever it throws becomes the reason `secret-unreadable`. */
  readonly password: () => Promise<Secret>;
  /** undefined: a login in plaintext, which whoever configured it has chosen. */
  readonly tls: TlsTarget | undefined;
  readonly database?: string;
}

export interface TlsTarget {
  /** `ca`: the chain must lead to a trusted authority. `identity`: and the certificate must name the host. */
  readonly verify: 'ca' | 'identity';
  /** Trusted authorities, PEM. Default: those that ship with Node. */
  readonly ca?: Pem | readonly Pem[];
  /** The client certificate with its intermediates, PEM; goes with `key`. */
  readonly cert?: Pem;
  readonly key?: Secret | Buffer;
  /** The name to ask for and to find in the certificate. Default: the host of the address. */
  readonly serverName?: string;
  /** Default TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

export type Pem = string | Buffer;

/** How messages name the server: `db1.example:3306`, `[::1]:3306`, or the path of the socket. */
export function whereabouts({ host, port, socketPath }: Target['address']): string {
  return socketPath ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
}

/** The name that the server's certificate must hold. A client of a Unix socket is by nature on the same machine. */
export function expectedName({ address, tls }: Target): string {
  return tls?.serverName ?? (address.socketPath === undefined ? address.host : 'localhost');
}
