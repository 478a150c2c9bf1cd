import type { Parameters, Scene } from '../domain/scene.js';
import type { Need, Procedure, Refusal, Step } from '../engine/procedure.js';
import { isOut, leadingTo, withdrawalRefusals, withdrawalRemarks } from './readers/sight.js';
import { withdraw } from './readers/steps.js';
import { given, viewOf } from './view.js';

/** Takes a server out of what applications read from, by hand: before work on it, or because what it tells is wrong. */
export const withdrawReplica: Procedure = {
  name: 'withdraw-replica',
  purpose: 'Take a replica out of what applications read from, until it is returned',
  parameters: [{ name: 'server', kind: 'server', required: true, help: 'the replica' }],
  locks: 'server',
  dead: away,
  needed,
  refusals,
  premises,
  steps,
  remarks,
};

function needed(scene: Scene, parameters: Parameters): Need {
  const name = given(parameters, 'server');
  const withdrawn = scene.withdrawals?.some(({ server }) => server === name) === true;
  if (leadingTo(scene.site, name).length > 0 && withdrawn && isOut(scene, name))
    return { observed: 'no', why: `${name} is withdrawn already` };
  return { observed: 'yes', why: `applications may read from ${name}` };
}

/** Nothing is done on it, so it may be away. */
function away(scene: Scene, parameters: Parameters): readonly string[] {
  const name = given(parameters, 'server');
  return viewOf(scene).server(name)?.facts === undefined ? [name] : [];
}

function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const name = given(parameters, 'server');
  return leadingTo(scene.site, name).length === 0 ? [noReaders(name)] : withdrawalRefusals(scene, name);
}

/** For both ways. */
export function noReaders(name: string): Refusal {
  return {
    reason: 'no-readers',
    why: `no announcer of the configuration leads readers to ${name}`,
    remedy: 'Give an announcer `readers`: docs/announcing.md.',
  };
}

function premises(scene: Scene, parameters: Parameters): unknown {
  return { server: given(parameters, 'server'), primary: viewOf(scene).topology.primary };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const server = scene.site.servers.find(({ name }) => name === parameters['server']);
  return server === undefined ? [] : withdraw(scene, server, { takenBack: true });
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const name = given(parameters, 'server');
  return [...withdrawalRemarks(scene, name), `${name} stays out until return-replica.`];
}
