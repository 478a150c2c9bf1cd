import type { RequestHandler, Response } from 'express';
import type { IncomingMessage } from 'node:http';
import type { Identity } from './authenticate.js';
import { Problem, quoted } from './problem.js';
import type { HttpSettings, RoleName } from './settings.js';

/** Who is let in where. Asked at each request, since a reload may change it. */
export interface Doorkeeper {
  readonly settings: HttpSettings;
  /** Whether anybody can be told apart here. Where not, routes that act do not exist. */
  readonly tellsApart: boolean;
  readonly authenticator: {
    /** @throws Problem `unauthenticated`, `too-many-failures` */
    identify(request: IncomingMessage): Promise<Identity>;
  };
}

/**
 * Pages, as the web configuration says: open unless it names users. (Certificates that it demands were
 * checked in the TLS handshake.)
 */
export function reads(door: () => Doorkeeper): RequestHandler {
  return async (request, _response, next) => {
    const { settings, authenticator } = door();
    if ((settings.web?.users.length ?? 0) > 0) admit(await authenticator.identify(request), readers);
    next();
  };
}

/** Reading routes of the API: for viewers and operators, wherever anybody can be told apart. */
export function views(door: () => Doorkeeper): RequestHandler {
  return async (request, response, next) => {
    const { tellsApart, authenticator } = door();
    if (tellsApart) identities.set(response, admit(await authenticator.identify(request), readers));
    next();
  };
}

/**
 * Acting routes: for these roles, and nowhere to be found while nobody can be told apart.
 * @param roles default operators alone
 */
export function acts(door: () => Doorkeeper, roles: readonly RoleName[] = ['operator']): RequestHandler {
  return async (request, response, next) => {
    const { tellsApart, authenticator } = door();
    if (!tellsApart)
      throw new Problem('not-found', `${quoted(request.path)} does not exist without authentication`, {
        remedy: 'Configure `tokens`, or users in a `web_config_file`, to have it.',
      });
    const identity = admit(await authenticator.identify(request), roles);
    // A browser sends its remembered password along with a request that another site made it send.
    const { origin, host } = request.headers;
    if (request.get('Sec-Fetch-Site') === 'cross-site' || (origin !== undefined && hostOf(origin) !== host))
      throw new Problem('cross-origin', `the request comes from ${quoted(origin ?? 'another site')}`);
    identities.set(response, identity);
    next();
  };
}

/** Who sent a request, as the guard found out; nobody in particular where nobody can be told apart. */
export function identityOf(response: Response): Identity {
  return identities.get(response) ?? { name: 'anonymous', role: 'viewer' };
}

const identities = new WeakMap<Response, Identity>();

/** An operator may do all that a viewer may. */
const readers: readonly RoleName[] = ['viewer', 'operator'];

function admit(identity: Identity, roles: readonly RoleName[]): Identity {
  const { name, role } = identity;
  if (roles.includes(role)) return identity;
  throw new Problem('forbidden', `${quoted(name)} has the role ${role}, this needs ${roles.join(' or ')}`);
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
