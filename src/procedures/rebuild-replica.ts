import { copyMethods, type CopyMethodName } from '../domain/action.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { Need, Procedure, Step } from '../engine/procedure.js';
import { trouble } from './rebuild-replica/trouble.js';
import { refusals } from './rebuild-replica/refusals.js';
import { attachSteps, compareStep } from './rebuild-replica/attach.js';
import { copySteps, pausesRedo } from './rebuild-replica/copy-steps.js';
import { roomAsks, roomPremises, roomRemarks, wishes } from './rebuild-replica/room.js';
import { emptyingAsks, emptyingRemarks } from './rebuild-replica/emptying.js';
import { whyNot } from './rebuild-replica/methods.js';
import { subjectOf } from './rebuild-replica/subject.js';
import { withdrawalRefusals, withdrawalRemarks } from './readers/sight.js';
import { giveBack, withdraw } from './readers/steps.js';
import { identityPremise } from './view.js';

/**
 * Builds a replica anew from a copy of another server: copied beside what it holds, exchanged, attached over TLS,
 * compared row by row. What it held is kept aside until the copy was found equal; where its disk cannot hold both, and a
 * person wants it so, it is dropped before.
 */
export const rebuildReplica: Procedure = {
  name: 'rebuild-replica',
  purpose: 'Build a replica anew from a copy of another server, attach it over TLS, and compare it row by row',
  parameters: [
    { name: 'server', kind: 'server', required: true, help: 'the replica' },
    { name: 'from', kind: 'server', required: false, help: 'the server to copy; default the best by rank' },
    { name: 'method', kind: 'choice', required: false, values: [...copyMethods], help: 'how it is copied; default the best that there is' }, // prettier-ignore
    { name: 'discard', kind: 'choice', required: false, values: ['no', 'yes'], help: 'whether what it holds is dropped before it is copied, where its disk cannot hold both; nothing brings it back; default no' }, // prettier-ignore
    { name: 'accept-loss', kind: 'choice', required: false, values: ['no', 'yes'], help: 'whether it is dropped although nobody else may have some of it; default no' }, // prettier-ignore
  ],
  locks: 'server',
  surveys: (scene, parameters) => wishes(subjectOf(scene, parameters)),
  needed,
  refusals: (scene, parameters) => [...refusals(scene, parameters), ...withdrawalRefusals(scene, subjectOf(scene, parameters).name)], // prettier-ignore
  asks,
  premises,
  steps,
  remarks,
};

function needed(scene: Scene, parameters: Parameters): Need {
  const { name, server, isPrimary } = subjectOf(scene, parameters);
  if (server?.facts === undefined)
    return { observed: 'unknown', why: `${name} cannot be seen: ${server?.failure?.message ?? 'no answer'}` };
  if (isPrimary) return { observed: 'no', why: `${name} is the primary` };
  const found = trouble(scene, name);
  if (found === undefined) return { observed: 'no', why: `${name} replicates, and is not known to differ from its source: verify-replica compares them` }; // prettier-ignore
  return { observed: 'yes', why: found };
}

function asks(scene: Scene, parameters: Parameters): string | undefined {
  const subject = subjectOf(scene, parameters);
  const { name, donor } = subject;
  const all = `all that ${name} holds is replaced by a copy of ${donor?.server ?? 'another server'}, and it is restarted`;
  return [all, ...emptyingAsks(scene, subject), ...roomAsks(scene, subject)].join('; and ');
}

function premises(scene: Scene, parameters: Parameters): unknown {
  const subject = subjectOf(scene, parameters);
  const { name, server, donor, primary, channel, method } = subject;
  return {
    server: name,
    identity: server?.facts && identityPremise(server.facts.identity),
    donor: donor && { server: donor.server, identity: identityPremise(donor.facts.identity) },
    primary: primary?.facts && { server: primary.name, identity: identityPremise(primary.facts.identity) },
    method,
    channel: channel && { source: channel.source, tls: channel.tls },
    room: roomPremises(scene, subject),
  };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const subject = subjectOf(scene, parameters);
  const { server } = subject;
  return [
    ...(server === undefined ? [] : withdraw(scene, server)),
    ...copySteps(scene, subject),
    ...attachSteps(scene, subject),
    ...compareStep(scene, subject),
    ...(server === undefined ? [] : giveBack(scene, server)),
  ];
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const subject = subjectOf(scene, parameters);
  const { name, donors, donor, method, ways } = subject;
  if (donor === undefined || method === undefined) return [];
  const others = ways.filter((way) => way.method !== method && whyNot(way, name, donor.server).length > 0);
  return [
    ...donors.map(({ server, against, reasons }) => `Donor ${server}: ${against.length === 0 ? reasons.join(', ') : `not, for ${against.join('; ')}`}.`), // prettier-ignore
    ...others.map((way) => `Method ${way.method}: not, for ${whyNot(way, name, donor.server).join('; ')}.`),
    costOf(method, donor.server, name),
    ...(pausesRedo(subject) ? [`While it is filled, InnoDB of ${name} does without its redo log: should the server die meanwhile, it does not start on the copy again, and what it held gets its place back.`] : []), // prettier-ignore
    ...roomRemarks(scene, subject),
    ...emptyingRemarks(subject),
    ...readersRemarks(scene, name),
  ];
}

function costOf(method: CopyMethodName, donor: string, name: string): string {
  switch (method) {
    case 'clone':
      return `CLONE reads all of ${donor}; it locks nothing there.`;
    case 'backup':
      return `mariadb-backup reads all of ${donor}; commits there wait for a moment at its end (BACKUP STAGE BLOCK_COMMIT), longer where it has large MyISAM tables.`;
    case 'dump':
      return `A dump reads every row of ${donor}: commits there wait for some milliseconds at its beginning, and writes to tables that are not transactional until these are copied. ${name} holds nothing from its restart until it is filled, and lets nobody else in so long. Of schema mysql it brings accounts, time zones and servers (CREATE SERVER).`;
  }
}

function readersRemarks(scene: Scene, name: string): readonly string[] {
  const remarks = withdrawalRemarks(scene, name);
  return remarks.length === 0
    ? [`No announcer leads readers to ${name}: see to it that applications do not read from it meanwhile.`]
    : [...remarks, `Whatever becomes of it, ${name} is read from again only once it was found equal, or by return-replica.`]; // prettier-ignore
}
