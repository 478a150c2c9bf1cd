import path from 'node:path';
import type { z } from 'zod';
import { Secret } from '../base/secret.js';
import { readYaml } from './document.js';
import { explain } from './explain.js';
import { ConfigError, type Fault } from './fault.js';
import { cipherNames, clientAuthTypes, curveNames, protocolNames, webSchema } from './web-schema.js';

/**
 * The `web_config_file` in the format of Prometheus' exporter-toolkit (docs/web-configuration.md there), as plain data.
 * `http2` is accepted and changes nothing: connections are served as HTTP/1.1.
 */
export interface WebConfig {
  /** As it was reached. */
  readonly file: string;
  /** undefined: plain HTTP. */
  readonly tls: WebTls | undefined;
  /** Headers added to every response. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Users by name with their bcrypt hash. */
  readonly users: readonly { readonly name: string; readonly hash: Secret }[];
}

export interface WebTls {
  readonly certFile: string;
  readonly keyFile: string;
  /** Default `none`. `request` and `require-any` do not verify, and so identify nobody. */
  readonly clientAuth: ClientAuth;
  readonly clientCaFile: string | undefined;
  /** A client certificate must carry one of these names; empty: any. */
  readonly clientAllowedSans: readonly string[];
  /** Default `TLSv1.2`. */
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Default `TLSv1.3`. */
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's names, for TLS 1.2; empty: Node's own list. */
  readonly cipherSuites: readonly string[];
  readonly preferServerCipherSuites: boolean;
  /** OpenSSL's names; empty: Node's own list. */
  readonly curves: readonly string[];
}

export type ClientAuth = 'none' | 'request' | 'require-any' | 'verify-if-given' | 'require-and-verify';

/** @throws ConfigError with every fault of the file */
export async function loadWebConfig(file: string): Promise<WebConfig> {
  const { web, faults } = await readWebConfig(file);
  if (web === undefined) throw new ConfigError(faults);
  return web;
}

/** Never throws for what is in the file; `web` is undefined exactly when there are faults. */
export async function readWebConfig(file: string): Promise<{ web: WebConfig | undefined; faults: readonly Fault[] }> {
  const document = await readYaml(file);
  if (document.value === undefined) return { web: undefined, faults: document.faults };
  // The toolkit takes an empty file for "nothing configured".
  const result = webSchema.safeParse(document.value ?? {});
  const faults = [...document.faults, ...(result.success ? [] : explain(document, result.error.issues))];
  if (!result.success || faults.length > 0) return { web: undefined, faults };
  return { web: webOf(file, result.data), faults };
}

function webOf(file: string, given: z.output<typeof webSchema>): WebConfig {
  const folder = path.dirname(path.resolve(file));
  const { tls_server_config: tls, http_server_config: http, basic_auth_users: users } = given;
  return {
    file,
    tls: tls && {
      certFile: path.resolve(folder, tls.cert_file),
      keyFile: path.resolve(folder, tls.key_file),
      clientAuth: clientAuthTypes[tls.client_auth_type ?? 'NoClientCert'],
      clientCaFile: tls.client_ca_file === undefined ? undefined : path.resolve(folder, tls.client_ca_file),
      clientAllowedSans: tls.client_allowed_sans ?? [],
      minVersion: protocolNames[tls.min_version ?? 'TLS12'],
      maxVersion: protocolNames[tls.max_version ?? 'TLS13'],
      cipherSuites: (tls.cipher_suites ?? []).flatMap((suite) => cipherNames[suite] ?? []),
      preferServerCipherSuites: tls.prefer_server_cipher_suites ?? true,
      curves: (tls.curve_preferences ?? []).map((curve) => curveNames[curve]),
    },
    headers: Object.entries(http?.headers ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [{ name, value }],
    ),
    users: Object.entries(users ?? {}).map(([name, hash]) => ({ name, hash: new Secret(hash) })),
  };
}
