import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Log } from '../base/log.js';
import type { FailureLimit } from './limiter.js';
import { Passwords } from './passwords.js';
import { Problem } from './problem.js';
import { verifiesClients, type HttpSettings, type RoleName } from './settings.js';
import { Tokens } from './tokens.js';

export interface Identity {
  readonly name: string;
  readonly role: RoleName;
}

/** Tells who sent a request: by user and password, by bearer token, or by a verified client certificate. */
export class Authenticator {
  readonly #passwords: Passwords;
  readonly #tokens: Tokens;
  readonly #roles: ReadonlyMap<string, RoleName>;

  constructor(
    private readonly settings: HttpSettings,
    private readonly limit: FailureLimit,
    log: Log,
  ) {
    this.#passwords = new Passwords(settings.web?.users ?? []);
    this.#tokens = new Tokens(settings.tokens, log);
    this.#roles = new Map(settings.roles.map(({ subject, role }) => [subject, role]));
  }

  /**
   * Credentials in the request decide alone; a certificate counts where there are none. A certificate that has no
   * role of its own is a viewer where no users are configured, and nobody where they are: then, as in the exporter
   * toolkit, it does not replace the password.
   * @throws Problem `unauthenticated`, `too-many-failures`
   */
  async identify(request: IncomingMessage): Promise<Identity> {
    const header = request.headers.authorization;
    if (header === undefined) {
      const identity = this.#byCertificate(request);
      if (identity === undefined) throw this.#refusal('the request holds no credentials');
      return identity;
    }
    const address = request.socket.remoteAddress ?? '';
    const credentials = parse(header);
    const wait = this.limit.waitSeconds(address);
    // Credentials found right before still pass: a neighbour behind the same address must not lock a scraper out.
    if (wait > 0 && !this.#remembers(credentials))
      throw new Problem('too-many-failures', `logins from ${address} failed too often; wait ${wait} s`, {
        headers: { 'Retry-After': String(wait) },
      });
    // Counted before it is known to fail: a thousand guesses sent at once would otherwise all be compared.
    const guess = !this.#remembers(credentials);
    if (guess) this.limit.failed(address);
    const identity = credentials && (await this.#byCredentials(credentials));
    if (identity === undefined)
      throw this.#refusal(credentials ? 'the credentials are wrong' : 'the Authorization header cannot be read');
    if (guess) this.limit.forgive(address);
    return identity;
  }

  #remembers(credentials: Credentials | undefined): boolean {
    if (credentials?.scheme === 'basic') return this.#passwords.remembers(credentials.user, credentials.password);
    return credentials !== undefined && this.#tokens.remembers(credentials.token);
  }

  async #byCredentials(credentials: Credentials): Promise<Identity | undefined> {
    if (credentials.scheme === 'bearer') {
      const token = await this.#tokens.find(credentials.token);
      return token && { name: token.name, role: token.role };
    }
    const { user, password } = credentials;
    if (!(await this.#passwords.right(user, password))) return undefined;
    return { name: user, role: this.#roles.get(user) ?? 'viewer' };
  }

  #byCertificate({ socket }: IncomingMessage): Identity | undefined {
    if (!verifiesClients(this.settings.web) || !(socket instanceof TLSSocket) || !socket.authorized) return undefined;
    // Typed as text, yet a subject with several common names gives a list: ambiguous, so it names nobody.
    const { CN: name }: { CN?: unknown } = socket.getPeerCertificate().subject;
    const subject = typeof name === 'string' ? `CN=${name}` : '';
    const role = this.#roles.get(subject);
    if (role === undefined && this.settings.web?.users.length !== 0) return undefined;
    return { name: subject, role: role ?? 'viewer' };
  }

  #refusal(detail: string): Problem {
    const schemes = [
      ...(this.settings.web?.users.length ? ['Basic realm="lockstep", charset="UTF-8"'] : []),
      ...(this.settings.tokens.length > 0 ? ['Bearer realm="lockstep"'] : []),
    ];
    return new Problem('unauthenticated', detail, {
      headers: { 'WWW-Authenticate': schemes.length > 0 ? schemes.join(', ') : 'Mutual realm="lockstep"' },
    });
  }
}

type Credentials =
  | { readonly scheme: 'basic'; readonly user: string; readonly password: string }
  | { readonly scheme: 'bearer'; readonly token: string };

function parse(header: string): Credentials | undefined {
  const [, scheme = '', rest = ''] = /^([A-Za-z]+) +(\S+) *$/.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { scheme: 'bearer', token: rest };
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const text = Buffer.from(rest, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  return { scheme: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}
