import type { Identity } from '../domain/snapshot.js';
import type { Answers, Question } from './question.js';
import { isOn, named, optionalText } from './values.js';

/** Variables that only some servers have: SHOW VARIABLES leaves out what it does not know, where SELECT would fail. */
const telling = ['server_uuid', 'wsrep_on', 'group_replication_group_name', 'aurora_version', 'aad_auth_only'];

export const identityQuestion: Question = {
  id: 'identity',
  collector: 'server',
  pace: 'slow',
  sql: `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${telling.map((name) => `'${name}'`).join(', ')})`,
  privileges: [],
};

/**
 * The identity with what only a later question could tell: MySQL's server_uuid, Galera (wsrep_on), Group Replication
 * (its plugin is loaded and names a group), Aurora, and Azure (aad_auth_only is a parameter of its servers alone).
 */
export function identityOf(detected: Identity, answers: Answers): Identity {
  const variables = named(answers.identity ?? []);
  const { flavour, version, release, comment, column, proof, newerThanKnown, serverId, hostname } = detected;
  return {
    flavour,
    version,
    release,
    comment,
    column,
    proof,
    newerThanKnown,
    serverId,
    uuid: optionalText(variables, 'server_uuid'),
    hostname,
    managed: managedOf(detected, variables),
    grouping: groupingOf(variables),
  };
}

function managedOf(detected: Identity, variables: ReturnType<typeof named>): Identity['managed'] {
  if (optionalText(variables, 'aurora_version') !== undefined) return 'aurora';
  return detected.managed ?? ('aad_auth_only' in variables ? 'azure' : undefined);
}

function groupingOf(variables: ReturnType<typeof named>): Identity['grouping'] {
  if (isOn(variables['wsrep_on'])) return 'galera';
  return optionalText(variables, 'group_replication_group_name') === undefined ? undefined : 'group-replication';
}
