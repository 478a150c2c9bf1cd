import { topologyOf } from '../domain/topology.js';
import type { ProcedureName } from '../domain/procedure-names.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { Book, BookedRun } from './book.js';
import type { Plan } from './plan.js';
import type { Need, Procedure } from './procedure.js';
import type { GuardName, GuardVerdict, RunLimits, RunId, Mode, Trigger, Approval } from './run.js';
import { waitingGuards } from './run.js';
import { inWindow, windowText, type Window } from './windows.js';

/** Everything that decides whether a run may start, at one moment. */
export interface Sight {
  readonly at: number;
  readonly request: Asked;
  readonly procedure: Procedure;
  /** What a procedure locks. */
  readonly locks: (name: ProcedureName) => Procedure['locks'];
  readonly scene: Scene;
  readonly need: Need;
  /** undefined when it could not be made. */
  readonly plan: Plan | undefined;
  readonly book: Pick<Book, 'pauses' | 'downtimes' | 'ends' | 'starts'> & { open(): readonly BookedRun[] };
  /** Runs that are about to start or at work, in the order in which they were let go. */
  readonly claims: Iterable<BookedRun>;
  readonly rules: GuardRules;
  readonly pauseFileExists: boolean;
  readonly silence: 'no' | 'unknown' | { readonly by: string; readonly comment: string };
}

/** Who asks for what; a plan that nobody asked to run has no id. */
export interface Asked {
  readonly id: RunId | undefined;
  readonly key: string;
  readonly parameters: Parameters;
  readonly mode: Mode;
  readonly trigger: Trigger;
  readonly limits: RunLimits;
  readonly approval: Approval | undefined;
}

export interface GuardRules {
  readonly runsPerHour: { readonly cluster: number; readonly overall: number };
  readonly twoPerson: boolean;
  readonly windows: readonly Window[];
  readonly pauseFile: string | undefined;
}

const hour = 3_600_000;

/** What keeps the run from starting, in the order in which it is asked; [] lets it start. */
export function verdictsOf(sight: Sight): readonly GuardVerdict[] {
  return guards.flatMap((guard) => guard(sight) ?? []);
}

/** Whether it passes by itself. */
export function passes({ guard }: GuardVerdict): boolean {
  return (waitingGuards as readonly GuardName[]).includes(guard);
}

type Guard = (sight: Sight) => GuardVerdict | readonly GuardVerdict[] | undefined;

const noAccount: Guard = ({ scene: { site } }) =>
  site.accounts.operate === undefined
    ? verdict(
        'no-account',
        `${site.cluster} has no account to change anything with`,
        'Create it with the statements of `lockstep grants` and write `accounts: { operate: … }`.',
      )
    : undefined;

const topology: Guard = ({ scene: { snapshot } }) => {
  const { kind } = topologyOf(snapshot);
  return kind === 'async'
    ? undefined
    : verdict('topology', `${snapshot.cluster} is ${kindWords[kind]}: Lockstep only observes it`, undefined);
};

const kindWords = {
  async: 'a primary with replicas',
  circular: 'replicating in a circle',
  galera: 'a Galera cluster',
  'group-replication': 'a Group Replication cluster',
  managed: 'run by a cloud provider',
} as const;

const unproven: Guard = ({ scene: { snapshot, site } }) => {
  const documented = snapshot.servers.find(
    ({ facts }) => facts !== undefined && (facts.identity.proof === 'documented' || facts.identity.newerThanKnown),
  );
  if (documented === undefined || site.acceptUnproven) return undefined;
  return verdict(
    'unproven',
    `${documented.name} runs ${documented.facts?.identity.version ?? ''}, on which Lockstep was never tested: what it knows is from documents`,
    'Read the plan; if you agree, write `accept_unproven: true` for the cluster.',
  );
};

const notVisible: Guard = ({ need }) =>
  need.observed === 'unknown' ? verdict('not-visible', need.why, 'It is asked again.') : undefined;

const notObserved: Guard = ({ need }) =>
  need.observed === 'no' ? verdict('not-observed', need.why, undefined) : undefined;

const precheck: Guard = ({ procedure, scene, request, need }) =>
  need.observed === 'yes'
    ? procedure.refusals(scene, request.parameters).map(({ reason, why, remedy, human }): GuardVerdict => {
        const found = { ...verdict('precheck', `${why} (${reason})`, remedy), reason };
        return human === true ? { ...found, human } : found;
      })
    : undefined;

const needsHuman: Guard = ({ book, request }) => {
  if (request.trigger.kind === 'person') return undefined;
  const run = book
    .open()
    .find(({ state, parameters }) => state === 'needs-human' && parameters.cluster === request.parameters.cluster);
  return (
    run &&
    verdict(
      'needs-human',
      `run ${run.id} (${run.procedure}) needs a human: ${run.why}`,
      `See to it, then lockstep runs resume ${run.id}, or abandon it.`,
    )
  );
};

const anotherRun: Guard = (sight) => {
  const { book, request } = sight;
  const run = book
    .open()
    .find(
      (other) =>
        other.id !== request.id && (other.state === 'running' || other.state === 'undoing') && meet(other, sight),
    );
  return run && verdict('another-run', `run ${run.id} (${run.procedure}) is at work there`, 'It goes on by itself.');
};

/** Whether two runs want the same servers. */
function meet(other: BookedRun, { request, procedure, locks }: Sight): boolean {
  if (other.parameters.cluster !== request.parameters.cluster) return false;
  // What only looks stands in nobody's way but its own.
  if (procedure.locks === 'nothing' || locks(other.procedure) === 'nothing') return other.key === request.key;
  const whole = procedure.locks === 'cluster' || locks(other.procedure) === 'cluster';
  return whole || other.parameters['server'] === request.parameters['server'];
}

const paused: Guard = ({ book, request, pauseFileExists, rules }) => {
  const pause = book.pauses.get('') ?? book.pauses.get(request.parameters.cluster);
  if (pause !== undefined) {
    const whole = pause.cluster ?? 'everything';
    const remedy = `lockstep unpause${pause.cluster === undefined ? '' : ` --cluster ${pause.cluster}`}`;
    return verdict('paused', `${whole} is paused by ${pause.by}: ${pause.reason}`, remedy);
  }
  if (!pauseFileExists) return undefined;
  return verdict('paused', `everything is paused by the file ${rules.pauseFile ?? ''}`, 'Remove the file.');
};

const downtime: Guard = ({ at, book, request }) => {
  if (request.trigger.kind === 'person') return undefined;
  const { cluster, server } = request.parameters;
  const found = [...book.downtimes.values()].find(
    (one) => one.cluster === cluster && (server === undefined || one.server === server) && one.until > at,
  );
  return (
    found &&
    verdict(
      'downtime',
      `${found.server} is in downtime until ${new Date(found.until).toISOString()} (${found.by}: ${found.reason})`,
      `lockstep downtime ${cluster}/${found.server} --end`,
    )
  );
};

const cooldown: Guard = ({ at, book, request, procedure }) => {
  if (request.trigger.kind === 'person' || procedure.locks === 'nothing') return undefined;
  const end = book.ends.get(request.key);
  if (end === undefined) return undefined;
  if (!end.acknowledged)
    return verdict(
      'cooldown',
      `the last run of this kind ended as ${end.outcome} at ${new Date(end.at).toISOString()}, and nobody has acknowledged it`,
      `lockstep runs acknowledge ${end.cluster}`,
    );
  const until = end.at + request.limits.cooldown * 1000;
  if (until <= at) return undefined;
  return verdict('cooldown', `the last run of this kind ended at ${new Date(end.at).toISOString()}; the next starts by itself after ${new Date(until).toISOString()}`, 'Start it by hand with lockstep run, or wait.'); // prettier-ignore
};

const budget: Guard = (sight) => {
  const { at, book, request, rules, procedure } = sight;
  if (request.trigger.kind === 'person' || procedure.locks === 'nothing') return undefined;
  const recent = [...book.starts.filter((start) => start.at > at - hour), ...startingBefore(sight)];
  const here = recent.filter((start) => start.cluster === request.parameters.cluster).length;
  const { cluster, overall } = rules.runsPerHour;
  if (here >= cluster)
    return verdict('budget', `${here} runs started by themselves on ${request.parameters.cluster} within the hour, or are about to; the most is ${cluster}`, 'What keeps failing should be looked at: lockstep runs list.'); // prettier-ignore
  if (recent.length >= overall)
    return verdict('budget', `${recent.length} runs started by themselves within the hour, or are about to; the most is ${overall}`, 'Look for what so many have in common: lockstep runs list.'); // prettier-ignore
  return undefined;
};

/** Those that will take of the budget and were let go before this one: two that counted each other would wait for ever. */
function startingBefore({ claims, request, locks }: Sight): readonly { readonly cluster: string }[] {
  const all = [...claims];
  const own = all.findIndex(({ id }) => id === request.id);
  return all
    .slice(0, own < 0 ? undefined : own)
    .filter(({ startedAt, trigger }) => startedAt === undefined && trigger.kind !== 'person')
    .filter(({ procedure }) => locks(procedure) !== 'nothing')
    .map(({ parameters: { cluster } }) => ({ cluster }));
}

const maintenanceWindow: Guard = ({ at, request, rules }) => {
  const { window: name } = request.limits;
  if (request.trigger.kind === 'person' || name === '') return undefined;
  const window = rules.windows.find((one) => one.name === name);
  if (window !== undefined && inWindow(window, at)) return undefined;
  const when = window === undefined ? 'is no longer configured' : `is ${windowText(window)}`;
  return verdict('window', `it may start by itself in the window "${name}" only, which ${when}`, 'Start it by hand with lockstep run, or wait.'); // prettier-ignore
};

const silenced: Guard = ({ request, silence }) =>
  request.trigger.kind === 'person' || typeof silence === 'string'
    ? undefined
    : verdict('silenced', `the alert is silenced in Alertmanager by ${silence.by}: ${silence.comment}`, 'Expire the silence, or start it by hand with lockstep run.'); // prettier-ignore

const approval: Guard = (sight) => {
  const why = wantsApproval(sight);
  if (why === undefined || sight.plan === undefined) return undefined;
  const { at, plan, request } = sight;
  const given = request.approval;
  const command = request.id === undefined ? 'lockstep run' : `lockstep runs approve ${request.id}`;
  if (given === undefined) return verdict('approval', why, command);
  if (given.digest !== plan.digest)
    return verdict('premises-changed', `what ${given.by} approved is no longer what would be done`, 'Ask for it again, and approve the new plan.'); // prettier-ignore
  if (given.until > at) return undefined;
  return verdict('approval', `the approval of ${given.by} expired at ${new Date(given.until).toISOString()}`, command);
};

/** Why somebody must approve it; undefined when nobody must. What a person starts that person has approved. */
function wantsApproval({ request, rules, procedure, scene, silence }: Sight): string | undefined {
  if (request.trigger.kind === 'person') {
    if (rules.twoPerson) return `a second person must approve what ${request.trigger.by} asked for`;
    return request.mode === 'approve' ? `${request.trigger.by} asked for it to wait for an approval` : undefined;
  }
  if (request.mode === 'plan') return undefined;
  const asked = procedure.asks?.(scene, request.parameters);
  if (asked !== undefined) return asked;
  if (request.mode === 'approve') return 'the policy wants an approval';
  return silence === 'unknown' ? 'Alertmanager cannot be asked whether the alert is silenced' : undefined;
}

const guards: readonly Guard[] = [
  noAccount,
  topology,
  unproven,
  notVisible,
  notObserved,
  precheck,
  needsHuman,
  anotherRun,
  paused,
  downtime,
  cooldown,
  budget,
  maintenanceWindow,
  silenced,
  approval,
];

function verdict(guard: GuardName, why: string, remedy: string | undefined): GuardVerdict {
  return { guard, why, remedy };
}
