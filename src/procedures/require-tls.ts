import { parseDuration } from '../base/duration.js';
import { letsPlaintextIn } from '../domain/problems/tls.js';
import type { Parameters, Scene } from '../domain/scene.js';
import { spell } from '../domain/spell.js';
import type { Need, Procedure } from '../engine/procedure.js';
import { accountText, aimOf } from './require-tls/aim.js';
import { lockedOutOf, lookback } from './require-tls/locked-out.js';
import { refusalsFor } from './require-tls/refusals.js';
import { remarksFor } from './require-tls/remarks.js';
import { stepsFor } from './require-tls/steps.js';
import { identityPremise } from './view.js';

/**
 * Accounts and servers refuse plaintext from then on. Who came in plaintext lately is shown first, and a person decides:
 * whoever it is will be locked out.
 */
export const requireTls: Procedure = {
  name: 'require-tls',
  purpose: 'Let accounts and servers of a cluster refuse plaintext logins',
  parameters: [
    {
      name: 'observed-for',
      kind: 'duration',
      required: false,
      default: '7d',
      help: 'how long it must have been observed who comes in plaintext; 0s goes without knowing',
    },
  ],
  locks: 'cluster',
  needed,
  refusals: (scene, parameters) => refusalsFor(scene, aimOf(scene), periodOf(parameters)),
  asks,
  premises,
  steps: (scene) => stepsFor(aimOf(scene)),
  remarks: (scene, parameters) => remarksFor(scene, aimOf(scene), periodOf(parameters)),
};

function needed({ snapshot }: Scene): Need {
  const messages = snapshot.servers.flatMap(({ name, facts }) => (facts && letsPlaintextIn(name, facts)) ?? []);
  if (messages.length > 0) return { observed: 'yes', why: messages.join('; ') };
  const hidden = snapshot.servers.find(({ facts }) => facts?.tls === undefined);
  return hidden === undefined
    ? { observed: 'no', why: `no server of ${snapshot.cluster} that offers TLS lets plaintext in over the network` }
    : { observed: 'unknown', why: `${hidden.name} cannot be asked: ${hidden.failure?.message ?? 'no answer'}` };
}

function asks(scene: Scene, parameters: Parameters): string {
  const aim = aimOf(scene);
  const period = periodOf(parameters);
  const people = new Set(lockedOutOf(scene, aim, period).map(({ user }) => user)).size;
  const seen = people === 0 ? 'nobody was' : people === 1 ? '1 user was' : `${people} users were`;
  const refusing = `${count(aim.accounts.length, 'account')} and ${count(aim.servers.length, 'server')}`;
  return `${refusing} would refuse plaintext, and ${seen} seen to come so within ${spell(lookback(period))}: who may be locked out is for a person to decide`;
}

/** Who the servers are, what would be changed, and who would be locked out: one more, and nobody has approved that. */
function premises(scene: Scene, parameters: Parameters): unknown {
  const aim = aimOf(scene);
  const lockedOut = lockedOutOf(scene, aim, periodOf(parameters)).map(({ server, user, client, local }) =>
    JSON.stringify([server, user, client ?? null, local ?? null]),
  );
  return {
    primary: aim.primary?.name,
    servers: scene.snapshot.servers.map(({ name, facts }) => ({
      name,
      identity: facts && identityPremise(facts.identity),
      requires: facts?.tls?.required,
      persisted: facts?.tls?.requiredPersisted,
    })),
    accounts: aim.accounts.map(accountText),
    kept: aim.kept.map(({ account, server }) => `${accountText(account)} on ${server}`),
    lockedOut: lockedOut.sort(),
  };
}

/** Seconds. */
function periodOf(parameters: Parameters): number {
  return parseDuration(parameters['observed-for'] ?? '7d') ?? 7 * 86_400;
}

function count(many: number, what: string): string {
  return many === 1 ? `1 ${what}` : `${many} ${what}s`;
}
