import type { Secret } from '../base/secret.js';
import type { Address } from '../domain/snapshot.js';

/** What the listener is told by the configuration. */
export interface HttpSettings {
  readonly listen: Address;
  /** undefined: plain HTTP and no user. */
  readonly web: WebSettings | undefined;
  readonly tokens: readonly TokenSettings[];
  readonly roles: readonly { readonly subject: string; readonly role: RoleName }[];
  /** How long a scrape may take that names no timeout itself. Seconds. */
  readonly scrapeTimeoutSeconds: number;
}

/** `alertmanager` delivers alerts and nothing else; `operator` may do all that `viewer` may. */
export type RoleName = 'viewer' | 'operator' | 'alertmanager';

export interface TokenSettings {
  readonly name: string;
  readonly role: RoleName;
  /** Asked at each use, so that tokens rotate. */
  readonly read: () => Promise<Secret>;
}

/** The parts of a `web_config_file`, as its room reads them. */
export interface WebSettings {
  readonly tls: TlsSettings | undefined;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly users: readonly { readonly name: string; readonly hash: Secret }[];
}

export interface TlsSettings {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientAuth: 'none' | 'request' | 'require-any' | 'verify-if-given' | 'require-and-verify';
  readonly clientCaFile: string | undefined;
  readonly clientAllowedSans: readonly string[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly cipherSuites: readonly string[];
  readonly preferServerCipherSuites: boolean;
  readonly curves: readonly string[];
}

/** Whether client certificates are verified, so that they can tell who somebody is. */
export function verifiesClients(web: WebSettings | undefined): boolean {
  return web?.tls?.clientAuth === 'verify-if-given' || web?.tls?.clientAuth === 'require-and-verify';
}

/** Whether anybody can be told apart. Where not, routes that act do not exist. */
export function hasAuthentication({ web, tokens }: HttpSettings): boolean {
  return tokens.length > 0 || (web?.users.length ?? 0) > 0 || verifiesClients(web);
}
