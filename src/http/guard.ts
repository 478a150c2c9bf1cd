import type { RequestHandler, Response } from 'express';
import type { Authenticator, Identity } from './authenticate.js';
import { Problem, quoted } from './problem.js';
import { hasAuthentication, type HttpSettings, type RoleName } from './settings.js';

/** Who is let in where. Asked at each request, since a reload may change it. */
export interface Doorkeeper {
  readonly settings: HttpSettings;
  readonly authenticator: Authenticator;
}

/**
 * Reading routes, as the web configuration says: open unless it names users. (Certificates that it demands were
 * checked in the TLS handshake.)
 */
export function reads(door: () => Doorkeeper): RequestHandler {
  return async (request, _response, next) => {
    const { settings, authenticator } = door();
    if ((settings.web?.users.length ?? 0) > 0) {
      const { name, role } = await authenticator.identify(request);
      if (role === 'alertmanager') throw forbidden(name, role, 'viewer');
    }
    next();
  };
}

/**
 * Acting routes: for these roles, and nowhere to be found while nobody can be told apart. What follows finds out by
 * {@link identityOf} who it is.
 * @param roles default operators alone
 */
export function acts(door: () => Doorkeeper, roles: readonly RoleName[] = ['operator']): RequestHandler {
  return async (request, response, next) => {
    const { settings, authenticator } = door();
    if (!hasAuthentication(settings))
      throw new Problem('not-found', `${quoted(request.path)} does not exist without authentication`, {
        remedy: 'Configure `tokens`, or users in a `web_config_file`, to have it.',
      });
    const identity = await authenticator.identify(request);
    if (!roles.includes(identity.role)) throw forbidden(identity.name, identity.role, roles.join(' or '));
    // A browser sends its remembered password along with a request that another site made it send.
    const { origin, host } = request.headers;
    if (request.get('Sec-Fetch-Site') === 'cross-site' || (origin !== undefined && hostOf(origin) !== host))
      throw new Problem('cross-origin', `the request comes from ${quoted(origin ?? 'another site')}`);
    identities.set(response, identity);
    next();
  };
}

/** Who sent a request that {@link acts} let in. */
export function identityOf(response: Response): Identity {
  const identity = identities.get(response);
  if (identity === undefined) throw new Error('nobody has been let in here');
  return identity;
}

const identities = new WeakMap<Response, Identity>();

function forbidden(name: string, role: string, needed: string): Problem {
  return new Problem('forbidden', `${quoted(name)} has the role ${role}, this needs ${needed}`);
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
