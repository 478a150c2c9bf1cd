import type { Parameters, Scene } from '../domain/scene.js';
import type { Need, Procedure, Refusal, Step } from '../engine/procedure.js';
import { isIn, leadingTo, unreadable } from './readers/sight.js';
import { giveBack } from './readers/steps.js';
import { given, identityPremise, viewOf } from './view.js';
import { noReaders } from './withdraw-replica.js';

/** Lets applications read from a server again that a run, or somebody, took out: where it is seen to be as it should. */
export const returnReplica: Procedure = {
  name: 'return-replica',
  purpose: 'Let applications read from a replica again that was withdrawn',
  parameters: [{ name: 'server', kind: 'server', required: true, help: 'the replica' }],
  locks: 'server',
  needed,
  refusals,
  asks,
  premises,
  steps,
};

function needed(scene: Scene, parameters: Parameters): Need {
  const name = given(parameters, 'server');
  const withdrawal = withdrawalOf(scene, name);
  if (withdrawal !== undefined)
    return { observed: 'yes', why: `${name} was withdrawn by ${withdrawal.procedure} (${withdrawal.run})` };
  const leading = leadingTo(scene.site, name);
  if (leading.length > 0 && isIn(scene, name)) return { observed: 'no', why: `applications read from ${name}` };
  return { observed: 'yes', why: `applications do not read from ${name}` };
}

/** It must be what its source is, as far as that is seen. */
function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const name = given(parameters, 'server');
  const leading = leadingTo(scene.site, name);
  if (leading.length === 0) return [noReaders(name)];
  const failing = (scene.readSides ?? []).filter(({ announcer }) => leading.some((one) => one.name === announcer));
  return [
    ...failing.flatMap(({ announcer, failure }) => (failure === undefined ? [] : [unreadable(announcer, failure)])),
    ...unfit(scene, name),
  ];
}

function unfit(scene: Scene, name: string): readonly Refusal[] {
  const view = viewOf(scene);
  const server = view.server(name);
  const channels = server?.facts?.channels;
  if (channels === undefined)
    return [refusal('server-down', `${name} cannot be seen: ${server?.failure?.message ?? 'no answer'}`, 'Bring it back first: docs/runbooks/ServerDown.md.')]; // prettier-ignore
  if (view.topology.primary === name) return [];
  if (channels.length === 0 || channels.some(({ io, sql }) => io !== 'running' || sql !== 'running'))
    return [refusal('not-replicating', `${name} does not replicate now`, 'Let it replicate first: docs/runbooks/ReplicationStopped.md.')]; // prettier-ignore
  return channels.flatMap(({ name: channel, lagSeconds, delaySeconds }) => {
    const known = view.channelRelation(name, channel)?.lagKnown === true && lagSeconds !== undefined;
    if (known && lagSeconds - delaySeconds < scene.site.lagThreshold) return [];
    const behind = known ? `${Math.round(lagSeconds)} s` : 'nobody can tell how far';
    return [refusal('lagging', `${name} is behind its source: ${behind}`, 'Wait until it has caught up: docs/runbooks/ReplicationLagging.md.')]; // prettier-ignore
  });
}

/** What was seen to differ may have been mended since, which only comparing tells; and what a run took out to change it, and did not return, may be half changed. */
function asks(scene: Scene, parameters: Parameters): string | undefined {
  const name = given(parameters, 'server');
  const differing = scene.verified?.find(({ server }) => server === name)?.differingTables ?? 0;
  if (differing > 0)
    return `when it was last compared with its source, ${name} differed in ${differing} table${differing === 1 ? '' : 's'}: verify-replica compares them anew, rebuild-replica makes them equal`;
  const withdrawal = withdrawalOf(scene, name);
  if (withdrawal === undefined || withdrawal.procedure === 'withdraw-replica') return undefined;
  return `${withdrawal.procedure} (${withdrawal.run}) withdrew ${name} and has not returned it: whether it holds what its source holds, verify-replica tells`;
}

function premises(scene: Scene, parameters: Parameters): unknown {
  const name = given(parameters, 'server');
  const view = viewOf(scene);
  const facts = view.server(name)?.facts;
  return { server: name, identity: facts && identityPremise(facts.identity), primary: view.topology.primary };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const server = scene.site.servers.find(({ name }) => name === parameters['server']);
  return server === undefined ? [] : giveBack(scene, server);
}

function withdrawalOf({ withdrawals = [] }: Scene, name: string) {
  return withdrawals.find(({ server }) => server === name);
}

function refusal(reason: string, why: string, remedy: string): Refusal {
  return { reason, why, remedy };
}
