import { LockstepError } from '../../base/errors.js';
import { ed25519Exchange } from './ed25519.js';
import { parsecExchange } from './parsec.js';
import type { AuthExchange, AuthPlugin } from './plugin.js';

/** What a login knows; `nobody` until the server has proved who it is. */
export interface Credentials {
  readonly nobody: boolean;
  readonly password: string;
}

/**
 * Every authentication plugin that mysql2 does not bring along, by the name that the server gives. What Lockstep lacks
 * too is there all the same, and fails by name: mysql2 tells the name in the text of its error alone.
 * @param credentials asked at the time of the exchange
 */
export function authPlugins(credentials: () => Credentials): Readonly<Record<string, AuthPlugin>> {
  const pluginNamed = (name: string): AuthPlugin => {
    return () => {
      const { nobody, password } = credentials();
      const exchange = exchanges.get(name);
      if (exchange !== undefined) return exchange(password);
      // Nobody is refused whatever is answered. Hanging up instead would count against our address (max_connect_errors).
      if (nobody) return () => Buffer.alloc(0);
      // Servers before 4.1.1 ask for their plugin without a name.
      throw new UnsupportedPlugin(name === '' ? 'mysql_old_password' : name);
    };
  };
  return new Proxy<Record<string, AuthPlugin>>(Object.create(null) as Record<string, AuthPlugin>, {
    get: (_, name) => (typeof name === 'string' && !builtIn.has(name) ? pluginNamed(name) : undefined),
    // mysql2 asks with hasOwnProperty before it takes one.
    getOwnPropertyDescriptor: (_, name) =>
      typeof name === 'string' && !builtIn.has(name)
        ? { configurable: true, enumerable: true, value: pluginNamed(name) }
        : undefined,
  });
}

/** The server wants an authentication plugin that Lockstep lacks. */
export class UnsupportedPlugin extends LockstepError {
  constructor(readonly plugin: string) {
    super('auth-plugin-unsupported', `the server asks for the authentication plugin "${plugin}"`);
  }
}

const exchanges: ReadonlyMap<string, (password: string) => AuthExchange> = new Map([
  ['client_ed25519', ed25519Exchange],
  ['parsec', parsecExchange],
]);

/** mysql_clear_password is left out on purpose: no login of Lockstep's sends a password in the clear. */
const builtIn: ReadonlySet<string> = new Set(['mysql_native_password', 'caching_sha2_password', 'sha256_password']);
