import { capital } from '../base/words.js';
import { plainSql } from '../domain/action.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { Need, Procedure, Refusal, Seen, Step } from '../engine/procedure.js';
import { tailOf } from '../domain/former.js';
import { change } from './actions.js';
import { close, isShut } from './primary/close.js';
import { bypassersLeft, endBypassing, ownUsers } from './primary/end-sessions.js';
import { follow, isFollowing } from './primary/follow.js';
import { letBack, readersRemarks, takeOut } from './rejoin/readers.js';
import { sightOf, tailFile, type Sight } from './rejoin/sight.js';
import { columnOf, identityPremise, viewOf } from './view.js';

/**
 * The former primary comes back: it is closed if it accepts writes, and replicates from the present one over TLS where
 * it has nothing that the others lack. Where it has more, that is written out for people to read, it stays closed, and
 * is to be rebuilt.
 */
export const rejoin: Procedure = {
  name: 'rejoin',
  purpose: 'Make a former primary that has come back a replica of the present one',
  parameters: [{ name: 'server', kind: 'server', required: false, help: 'the former primary; default the one server beside the primary that replicates from nobody' }], // prettier-ignore
  locks: 'cluster',
  needed,
  refusals,
  asks,
  premises,
  steps,
  leaves,
  remarks,
};

function needed(scene: Scene, parameters: Parameters): Need {
  const { name, server, facts, view } = sightOf(scene, parameters);
  if (name === '') return { observed: 'unknown', why: 'no server, or more than one, is seen beside the primary that replicates from nobody' }; // prettier-ignore
  if (facts?.state === undefined || facts.channels === undefined)
    return { observed: 'unknown', why: `what ${name} is cannot be seen: ${server?.failure?.message ?? 'no answer'}` };
  if (facts.channels.length > 0) return { observed: 'no', why: `${name} replicates already` };
  if (scene.lastChange?.primary === name || view.topology.primary === name)
    return { observed: 'no', why: `${name} is the primary` };
  return { observed: 'yes', why: `${name} replicates from nobody` };
}

function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const sight = sightOf(scene, parameters);
  const { name, facts, heads, primary, writable, said, tail, lost, following } = sight;
  if (heads.length > 1)
    return [
      {
        reason: 'two-primaries',
        why: `${heads.map((one) => one.name).join(' and ')} accept writes beside ${name}, and replicate from nobody`,
        remedy: 'Decide which of them stays, and close the others by hand: docs/runbooks/TwoPrimaries.md.',
        human: true,
      },
    ];
  if (primary === undefined)
    return [
      {
        reason: 'no-primary',
        why: `no other server is seen to accept writes, and ${name} may be the only one that has a place`,
        remedy: 'Bring a primary first: failover, or open-primary.',
      },
    ];
  if (writable && said.length === 0)
    return [
      {
        reason: 'two-primaries',
        why: `${name} and ${primary.name} accept writes, and nothing tells which is right: neither the journal, nor applications, nor replicas`,
        remedy: 'Decide which one stays, and close the other by hand: docs/runbooks/TwoPrimaries.md.',
        human: true,
      },
    ];
  const waiting = facts?.activity?.waitingForReplicas ?? 0;
  if (writable && waiting > 0)
    return [
      {
        reason: 'commits-wait',
        why: `${waiting} commits of ${name} wait for replicas, which follow ${primary.name} now: they were acknowledged to nobody, and while they wait it cannot be closed`,
        remedy: `Stop its server hard (SIGKILL) and start it: MariaDB with init_rpl_role=SLAVE takes them back then, of others rejoin writes them out. Never turn semi-synchronous replication off there: that acknowledges them.`,
        human: true,
      },
    ];
  if (tail?.empty === undefined && !writable)
    return [
      {
        reason: 'tail-unknown',
        why: tail?.why ?? 'nothing tells what it has',
        remedy: 'Compare them by hand, or rebuild it: docs/failing-over.md.',
      },
    ];
  if (tail?.empty === true && lost > 0n && !writable)
    return [
      {
        reason: 'own-lost',
        why: lostWords(sight),
        remedy: `Rebuild it from ${primary.name}: rebuild-replica.`,
      },
    ];
  if (tail?.empty === true && following === undefined)
    return [
      {
        reason: 'no-way',
        why: `how ${name} would log in to ${primary.name} and where it would begin is not known: it takes the replication account, an authority to trust and, without GTID, the journal of the run that made ${primary.name} the primary, and a log that still holds all that ${primary.name} had of it`,
        remedy:
          'Write `accounts: { replication: … }` and `replication_tls` in the configuration. One whose log ends earlier than the journal says lacks what others have, and must be rebuilt: rebuild-replica.',
      },
    ];
  return [];
}

/** Of two servers that accept writes one is closed: the journal, or what applications are told, says which; replicas alone do not. */
function asks(scene: Scene, parameters: Parameters): string | undefined {
  const { name, primary, writable, said } = sightOf(scene, parameters);
  if (primary === undefined) return undefined;
  if (writable && said.every((one) => one === 'the replicas'))
    return `${name} and ${primary.name} both accept writes, and only replicas tell that ${primary.name} is the primary`;
  return said.length === 0 ? `nothing but its being open tells that ${primary.name} is the primary` : undefined;
}

function premises(scene: Scene, parameters: Parameters): unknown {
  const { name, facts, primary, writable, tail } = sightOf(scene, parameters);
  return {
    server: name,
    identity: facts && identityPremise(facts.identity),
    writable,
    primary: primary?.facts && { name: primary.name, identity: identityPremise(primary.facts.identity) },
    extra: tail?.empty,
  };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const sight = sightOf(scene, parameters);
  const { name, facts, primary, tail, lost, following } = sight;
  if (facts === undefined || primary === undefined) return [];
  const column = columnOf(facts);
  const shut = facts.state !== undefined && !isShut({ ...scene, notes: {}, held: new Set() }, name);
  const fencing = [
    ...(shut ? [close(name, column)] : []),
    ...(shut && column.readOnlyBypass.length > 0 ? [endSessions(sight, scene)] : []),
    ...takeOut(scene, sight),
  ];
  if (tail?.empty === true && lost > 0n) return fencing;
  if (tail?.empty !== true || following === undefined) return [...fencing, ...saving(sight, scene)];
  const [point, start] = follow(following);
  return [
    ...fencing,
    {
      id: 'compare',
      title: `See that ${name} has nothing that ${primary.name} has not, now that nobody writes there`,
      plan: [],
      done: (seen) => isPointedAt(seen, sight) || compared(seen, sight) === true,
      within: 10,
    },
    ...(point === undefined ? [] : [{ ...point, commits: true as const }]),
    ...(start === undefined ? [] : [start]),
    {
      id: 'verify',
      title: `See ${name} replicate from ${primary.name} over TLS`,
      plan: [],
      done: (seen) => isFollowing(seen, following) && isShut(seen, name),
      within: 90,
    },
    ...letBack(scene, sight),
  ];
}

function endSessions({ name }: Sight, { site }: Scene): Step {
  return {
    id: 'end-sessions',
    title: `End the sessions on ${name} that may write although it is read-only`,
    plan: endBypassing(name, ownUsers(site)),
    done: (seen) => seen.notes[bypassersLeft] === '0',
    within: 10,
    attempts: 4,
  };
}

/** Nothing of it is applied anywhere: people read it, and decide. */
function saving({ name, facts }: Sight, scene: Scene): readonly Step[] {
  const to = tailFile(scene, name);
  if (to === undefined || facts === undefined) return [];
  // The last logs hold it: what was written after the others had been fed, before and behind a restart.
  const logs = (facts.binlog?.files ?? []).slice(-2).map((file) => file.name);
  if (logs.length === 0) return [];
  return [
    {
      id: 'save-tail',
      title: `Write what is in the last binary logs of ${name} to ${to.file} on its machine, for people to read`,
      plan: [
        change(name, { ...plainSql('SELECT @@GLOBAL.log_bin_basename AS basename'), notes: { basename: 'log-basename' } }), // prettier-ignore
        {
          kind: 'program',
          on: name,
          argv: [to.program, '--base64-output=DECODE-ROWS', '--verbose', `--result-file=${to.file}`, ...logs.map((log) => ({ note: 'log-basename', ending: ending(log) }))], // prettier-ignore
          noteAs: 'tail-saved',
        },
      ],
      done: (seen) => seen.notes['tail-saved'] === '0',
      within: 120,
    },
  ];
}

/** `.000042` of `bin.000042`: the server says where its logs lie. */
function ending(log: string): string {
  return log.slice(log.lastIndexOf('.'));
}

function leaves(scene: Scene, parameters: Parameters): string | undefined {
  const sight = sightOf(scene, parameters);
  const { name, primary, tail, lost } = sight;
  if (primary === undefined) return undefined;
  if (tail?.empty === true) return lost === 0n ? undefined : `${name} stays closed: ${lostWords(sight)}. Rebuild it from ${primary.name}: rebuild-replica.`; // prettier-ignore
  const to = tailFile(scene, name);
  const saved = to === undefined ? 'They are in its binary logs' : `They are in ${to.file} on its machine`;
  return `${name} stays closed: ${tail?.why ?? 'what it has is not known'}. ${saved}: decide what of them is wanted, then rebuild it from ${primary.name}: rebuild-replica.`;
}

function lostWords({ name, primary, lost }: Sight): string {
  return `${name} has lost ${lost} transactions that it wrote itself and ${primary?.name ?? ''} has; MySQL leaves out what bears a replica's own server_id, so it would never get them back`;
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const sight = sightOf(scene, parameters);
  const { primary, tail, said, writable, facts } = sight;
  if (primary === undefined || tail === undefined) return [];
  const left = leaves(scene, parameters);
  return [
    `${primary.name} is the primary${said.length === 0 ? '' : `, as ${said.join(', ')} tell`}.`,
    left ?? `${capital(tail.why)}${writable ? ', as seen before it is closed; it is compared once more then' : ''}.`,
    ...(left !== undefined && facts?.identity.flavour === 'mariadb'
      ? ['A MariaDB server that is started after a crash with init_rpl_role=SLAVE and rpl_semi_sync_slave_enabled=ON takes back what no replica acknowledged, but only at that first start: set both in its file.'] // prettier-ignore
      : []),
    ...readersRemarks(scene, sight, left !== undefined),
  ];
}

function compared(seen: Seen, { name, primary }: Sight): boolean | undefined {
  const [former, present] = [viewOf(seen).server(name), viewOf(seen).server(primary?.name)];
  return former === undefined || present === undefined ? undefined : tailOf(former, present, seen.lastChange).empty;
}

function isPointedAt(seen: Seen, { name, primary }: Sight): boolean {
  return viewOf(seen).topology.links.some(({ replica, source }) => replica === name && source === primary?.name);
}
