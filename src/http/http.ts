import { createServer as createPlain, type Server } from 'node:http';
import { createServer as createTls, type Server as TlsServer } from 'node:https';
import { systemClock, type Clock } from '../base/clock.js';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { Authenticator } from './authenticate.js';
import { Connections } from './connections.js';
import type { Doorkeeper } from './guard.js';
import { FailureLimit } from './limiter.js';
import type { HttpPorts } from './ports.js';
import { createRoutes } from './routes.js';
import { hasAuthentication, type HttpSettings, type TlsSettings } from './settings.js';
import { Streams } from './streams.js';
import { clientDemands, fingerprintOf, mayStay, secureContextOf } from './tls.js';

/** The one listener. */
export interface Http {
  /**
   * Listens. Resolves with the address to open, such as `http://127.0.0.1:10104`.
   * @throws LockstepError `listen-failed`, `tls-files-unusable`
   */
  start(): Promise<string>;
  /**
   * Takes changed users, tokens, roles, headers, timeouts and TLS files. Refuses whole, changing nothing.
   * @throws LockstepError `reload-refused` when the address, TLS or the demand for client certificates changed, which
   * needs a restart; `tls-files-unusable`
   */
  reconfigure(settings: HttpSettings): void;
  /**
   * Accepts nothing new, lets running requests end, then closes every connection. Idempotent.
   * @param graceMilliseconds how long running requests may take, default 5000
   */
  stop(graceMilliseconds?: number): Promise<void>;
}

/** How long a client may take, milliseconds: it may be slow, or mean to hold connections for ever. */
export interface Patience {
  /** For the head of a request. */
  readonly headers: number;
  /** For a whole request with its body. */
  readonly request: number;
  /** How often both are looked at. */
  readonly check: number;
}

/** Prometheus reuses a connection from scrape to scrape: it must outlast the usual intervals. */
const keepAliveMilliseconds = 125_000;
const handshakeMilliseconds = 10_000;
const usualPatience: Patience = { headers: 10_000, request: 30_000, check: 5000 };

export function createHttp(
  ports: HttpPorts,
  first: HttpSettings,
  log: Log,
  { clock = systemClock, patience = usualPatience }: { readonly clock?: Clock; readonly patience?: Patience } = {},
): Http {
  const limit = new FailureLimit(clock);
  const doorOf = (settings: HttpSettings): Doorkeeper => ({
    settings,
    tellsApart: hasAuthentication(settings),
    authenticator: new Authenticator(settings, limit, log),
  });
  let door = doorOf(first);
  const streams = new Streams();
  let server: Server | TlsServer | undefined;
  let refresh: (settings: HttpSettings) => void = () => undefined;
  let connections: Connections | undefined;

  function build(): Server | TlsServer {
    const options = { keepAliveTimeout: keepAliveMilliseconds, connectionsCheckingInterval: patience.check };
    const tls = first.web?.tls;
    const built = tls
      ? createTls({
          ...options,
          ...secureContextOf(tls),
          ...clientDemands(tls),
          handshakeTimeout: handshakeMilliseconds,
        })
      : createPlain(options);
    built.headersTimeout = patience.headers;
    built.requestTimeout = patience.request;
    if (tls) refresh = keepCertificates(built as TlsServer, tls, () => door.settings, log);
    connections = new Connections(built);
    return built.on(
      'request',
      createRoutes({ ports, streams, clock }, () => door, log),
    );
  }

  return {
    async start() {
      server = build();
      const { host, port } = first.listen;
      await listening(server, host, port);
      const address = server.address();
      const actual = typeof address === 'object' && address !== null ? address.port : port;
      const shown = host.includes(':') ? `[${host}]` : host;
      return `${first.web?.tls ? 'https' : 'http'}://${shown}:${actual}`;
    },
    reconfigure(settings) {
      refuseFixed(first, settings);
      refresh(settings);
      door = doorOf(settings);
      // Who may no longer read is not told more.
      streams.renew();
    },
    stop(graceMilliseconds = 5000) {
      streams.end();
      return connections?.stop(graceMilliseconds) ?? Promise.resolve();
    },
  };
}

/**
 * Reads the TLS files again when they changed, just before a handshake: a renewed certificate is served at once.
 * Files that do not fit together, as in the middle of a renewal, leave the old ones in use.
 */
function keepCertificates(
  server: TlsServer,
  first: TlsSettings,
  settings: () => HttpSettings,
  log: Log,
): (settings: HttpSettings) => void {
  let seen = fingerprintOf(first);
  server.prependListener('connection', () => {
    const tls = settings().web?.tls;
    if (tls === undefined) return;
    const now = fingerprintOf(tls);
    if (now === seen) return;
    seen = now;
    try {
      server.setSecureContext(secureContextOf(tls));
      log.info({ certificate: tls.certFile }, 'the changed TLS files of the listener are in use');
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'the changed TLS files of the listener cannot be used; the old ones stay');
    }
  });
  server.prependListener('secureConnection', (socket) => {
    const tls = settings().web?.tls;
    if (tls !== undefined && !mayStay(socket, tls)) socket.destroy();
  });
  return ({ web }) => {
    if (web?.tls === undefined) return;
    server.setSecureContext(secureContextOf(web.tls));
    seen = fingerprintOf(web.tls);
  };
}

function refuseFixed(old: HttpSettings, now: HttpSettings): void {
  const changed = [
    ...(old.listen.host !== now.listen.host || old.listen.port !== now.listen.port ? ['listen'] : []),
    ...((old.web?.tls === undefined) !== (now.web?.tls === undefined) ? ['tls_server_config'] : []),
    ...(old.web?.tls && now.web?.tls && old.web.tls.clientAuth !== now.web.tls.clientAuth ? ['client_auth_type'] : []),
  ];
  if (changed.length === 0) return;
  throw new LockstepError(
    'reload-refused',
    `${changed.join(', ')} changed, which a running listener cannot take`,
    'Restart Lockstep to take it, or change it back and reload.',
  );
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'something listens there already' : error.code === 'EACCES' ? 'this user may not' : error.message; // prettier-ignore
      reject(
        new LockstepError(
          'listen-failed',
          `cannot listen on ${host}:${port}: ${why}`,
          'Set another `listen` in the configuration, or end what listens there.',
          { cause: error },
        ),
      );
    });
    server.listen({ host, port, exclusive: true }, resolve);
  });
}
