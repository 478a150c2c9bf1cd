import { allowInsecureTransport, requireOfAccount, requireSecureTransport } from '../../dialects/tls-statements.js';
import type { ServerFacts } from '../../domain/snapshot.js';
import type { Seen, Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { columnOf } from '../view.js';
import { accountOn, type Aim, type SeenServer } from './aim.js';

/**
 * No step commits: until the last one is seen everything can be put back as it was, and is when one fails. A server
 * that Lockstep could no longer log in to would fail the look after its step, over sessions that are still open.
 */
export function stepsFor({ primary, accounts, servers }: Aim): readonly Step[] {
  return [
    ...(primary === undefined || accounts.length === 0 ? [] : [ofAccounts(primary, accounts)]),
    ...servers.map((server) => ofServer(server)),
  ];
}

function ofAccounts(primary: SeenServer, accounts: Aim['accounts']): Step {
  const count = accounts.length === 1 ? 'the account' : `the ${accounts.length} accounts`;
  const all = (seen: Seen, test: (requires: string) => boolean) => {
    const facts = factsOf(seen, primary.name);
    if (facts?.accounts?.listed === undefined) return false;
    const now = accounts.map((account) => accountOn({ ...primary, facts }, account));
    return now.every((account) => account === undefined || test(account.requires));
  };
  return {
    id: 'accounts',
    title: `Let ${count} without a requirement log in to ${primary.name}, and to all that follow it, over TLS alone`,
    plan: [change(primary.name, ...accounts.map((account) => requireOfAccount(account, 'SSL')))],
    done: (seen) => all(seen, (requires) => requires !== 'nothing'),
    undo: {
      plan: [change(primary.name, ...accounts.map((account) => requireOfAccount(account, 'NONE')))],
      done: (seen) => all(seen, (requires) => requires === 'nothing'),
    },
    within: 60,
  };
}

function ofServer(server: SeenServer): Step {
  const column = columnOf(server.facts);
  const persisted = server.facts.tls?.requiredPersisted;
  const now = (seen: Seen) => factsOf(seen, server.name)?.tls;
  return {
    id: `require-${server.name}`,
    title: `Let ${server.name} refuse plaintext over the network`,
    plan: [change(server.name, ...requireSecureTransport(column))],
    done: (seen) => now(seen)?.required === true && (!column.persists || now(seen)?.requiredPersisted === true),
    undo: {
      plan: [change(server.name, ...allowInsecureTransport(column, persisted))],
      done: (seen) => now(seen)?.required === false && now(seen)?.requiredPersisted === persisted,
    },
  };
}

function factsOf({ snapshot }: Seen, name: string): ServerFacts | undefined {
  return snapshot.servers.find((server) => server.name === name)?.facts;
}
