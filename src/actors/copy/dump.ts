import { randomBytes } from 'node:crypto';
import { within } from '../../base/deadline.js';
import { Secret } from '../../base/secret.js';
import { firstRun, firstStatements, initialising, type FreshPlace } from '../../dialects/fresh-server.js';
import { standsAlone } from '../../dialects/first-grants.js';
import { openSession } from '../../mysql/session.js';
import type { CopyMethod } from './copy.js';
import { accountsOf } from './dump/accounts.js';
import { definitionsOf } from './dump/definitions.js';
import { identityOf } from './dump/identity.js';
import { copyFailed, mustRun } from './run.js';

/** Milliseconds: a server is laid out and run once in some seconds, on any disk. */
const firstWithin = 300_000;

/**
 * An empty server beside the data of the target, made by the target's own programs. It holds the accounts that reach it
 * and the one that fills it, whose password stands in it alone; what cannot be copied this way is found before.
 */
export const dump: CopyMethod = async (action, ports, places, _bytes, _donorData, signal) => {
  const { to } = ports;
  const { install, server = '' } = action.programs;
  const donor = await openSession(await ports.target(action.from), { signal });
  try {
    const { flavour, release, words } = await identityOf(donor, signal);
    await definitionsOf(donor, signal);
    const accounts = (await accountsOf(donor, flavour, release, signal)).filter(({ user }) => action.accounts?.includes(user) === true); // prettier-ignore
    const owner = await to.stat(places.data, { signal });
    if (owner === undefined) throw copyFailed(`nothing is there at ${places.data}`);
    const owned = { owner: String(owner.uid), group: String(owner.gid) };
    await to.makeDirectory(places.fresh, { signal, mode: 0o700, ...owned });
    const place: FreshPlace = { directory: places.fresh, user: owned.owner };
    await mustRun(to, initialising(flavour, { install, server }, place), signal);
    // What else they may do is said once all is there: here the first error would end everything.
    const statements = accounts.flatMap(({ make, grants }) => [make, ...grants.filter(standsAlone(words))]);
    // In a directory that nobody else may enter; it is gone before the server is.
    const file = `${places.fresh}/lockstep-first.sql`;
    const word = `${randomBytes(24).toString('base64url')}-aA1`;
    const first = new Secret(firstStatements(flavour, statements, word));
    if (flavour === 'mysql') await to.write(file, first, { signal, mode: 0o600, ...owned });
    const input = flavour === 'mysql' ? undefined : first;
    await within(firstWithin, signal, (limit) => mustRun(to, firstRun(flavour, server, place, file), limit, input));
    await to.remove(file, { signal });
    return { position: '' };
  } finally {
    await donor.end();
  }
};
