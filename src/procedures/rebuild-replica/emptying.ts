import { forgetting, lettingIn, withoutHistory } from '../../dialects/emptying.js';
import { closeToSuper } from '../../dialects/read-only.js';
import { dataDirectory, droppableBytes } from '../../dialects/survey-statements.js';
import { plainSql, type DataPlace } from '../../domain/action.js';
import { tailOf } from '../../domain/former.js';
import { bytesWords } from '../../domain/progress.js';
import type { Scene } from '../../domain/scene.js';
import { roomFor, roomOn } from '../../domain/survey.js';
import type { Refusal, Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { columnOf, viewOf } from '../view.js';
import { notes } from './notes.js';
import type { Ends } from './room.js';
import type { Subject } from './subject.js';

/** Bytes: what is free on the target's disk, what a copy may take, and what is certain to be freed once all is dropped. */
export interface Emptying {
  readonly free: number;
  readonly need: number;
  readonly droppable: number;
}

/** Where the disk holds a copy only once what lies there is dropped; undefined: it holds both, or not even one, or nobody looked. */
export function emptyingOf(ends: Ends | undefined): Emptying | undefined {
  const { machine, holds } = ends?.here ?? {};
  const there = ends?.there.holds;
  if (machine === undefined || there === undefined) return undefined;
  const [free, need, droppable] = [machine.freeBytes, roomFor(there.bytes), holds?.droppable];
  return droppable !== undefined && roomOn(free, need, droppable) === 'emptied' ? { free, need, droppable } : undefined;
}

/** What stands against a copy for want of room, and against dropping what the target holds. */
export function shortRefusals(scene: Scene, subject: Subject, ends: Ends, acceptsLoss: boolean): readonly Refusal[] {
  const { name, emptying, discards } = subject;
  const { machine, holds } = ends.here;
  const need = roomFor(ends.there.holds?.bytes ?? 0);
  if (machine === undefined || machine.freeBytes >= need) return [];
  const words = `the disk of ${name} has ${bytesWords(machine.freeBytes)} free, and a copy of ${ends.there.server} may take ${bytesWords(need)}`;
  if (emptying === undefined) {
    const held = holds?.droppable === undefined ? '' : `, and the ${bytesWords(holds.droppable)} that dropping all its tables would free are not enough`; // prettier-ignore
    return [refusal('room-short', `${words} beside what it holds now${held}`, 'Make room there: what it holds is kept until the copy was found equal.')]; // prettier-ignore
  }
  const { droppable } = emptying;
  if (!discards)
    return [refusal('room-short', `${words} beside what it holds now, at least ${bytesWords(droppable)}`, 'Make room there. Or ask with discard: yes: what it holds is then dropped before it is copied, and nothing brings it back.')]; // prettier-ignore
  const lost = lossOf(scene, subject);
  if (lost === undefined || acceptsLoss) return [];
  return [refusal('errant', `${lost}, and what ${name} holds would be dropped before there is a copy`, 'See what it is worth, and write it out: docs/runbooks/ErrantTransactions.md. Then ask with accept-loss: yes.')]; // prettier-ignore
}

/** What nobody else may have of what the target holds, one phrase; undefined: nothing, for certain. */
export function lossOf(scene: Scene, { name, server, primary }: Subject): string | undefined {
  const unknown = `whether ${name} has transactions that nobody else has is not known`;
  if (server === undefined || primary === undefined) return unknown;
  if ((server.facts?.channels?.length ?? 0) === 0) {
    const { empty, why } = tailOf(server, primary, scene.lastChange);
    return empty === true ? undefined : empty === false ? why : `${unknown}: ${why}`;
  }
  const relation = viewOf(scene).serverRelation(name);
  const count = relation?.errantTransactions;
  if (count === undefined || relation?.errantUnsettled === true) return unknown;
  return count === 0 ? undefined : `${name} has ${count} transaction${count === 1 ? '' : 's'} or more that its source never had (${(relation?.errantSet ?? '').slice(0, 300)})`; // prettier-ignore
}

/** What people must agree to. */
export function emptyingAsks(scene: Scene, subject: Subject): readonly string[] {
  const { name, emptying, discards } = subject;
  if (emptying === undefined || !discards) return [];
  const lost = lossOf(scene, subject);
  return [
    `its disk has ${bytesWords(emptying.free)} free and the copy may take ${bytesWords(emptying.need)}, so that all its tables, at least ${bytesWords(emptying.droppable)}, are dropped before there is a copy, and nothing brings them back`,
    ...(lost === undefined ? [] : [`${lost}: they are lost`]),
  ].map((one) => one.replace(/^its disk/, `the disk of ${name}`));
}

/**
 * Beyond the first of these, nothing that the target held comes back: it is an empty server that follows nobody, until
 * the copy takes its place.
 */
export function emptyingSteps(subject: Subject, placed: { readonly place?: DataPlace }): readonly Step[] {
  const { name, server, donor, emptying, discards } = subject;
  const facts = server?.facts;
  if (facts === undefined || donor === undefined || emptying === undefined || !discards) return [];
  const column = columnOf(facts);
  const channels = (facts.channels ?? []).map((channel) => channel.name);
  const binlog = facts.binlog?.enabled !== false;
  return [
    {
      id: 'give-up',
      title: `Give up what ${name} holds, for its disk cannot hold it beside the copy: from here on nothing brings it back`, // prettier-ignore
      plan: [
        { kind: 'room', on: name, from: donor.server, droppable: plainSql(droppableBytes(column)), data: notes.here, ...placed, noteAs: notes.room }, // prettier-ignore
        change(name, {
          ...dataDirectory,
          agrees: { data: { note: notes.here } },
          notes: { data: notes.givenUp },
        }),
      ],
      done: (seen) => seen.notes[notes.givenUp] !== undefined,
      commits: true,
    },
    ...(channels.length === 0
      ? []
      : [
          {
            id: 'leave',
            title: `Let ${name} follow nobody, so that it is never taken for a replica while it is empty`,
            plan: [change(name, ...forgetting(column, channels))],
            done: (seen) => seen.snapshot.servers.find((one) => one.name === name)?.facts?.channels?.length === 0,
            within: 120,
          } satisfies Step,
        ]),
    {
      id: 'empty',
      title: `Drop all that ${name} holds`,
      plan: [
        change(name, ...lettingIn(column), ...withoutHistory(column, binlog)),
        { kind: 'empty', on: name, noteAs: notes.emptied },
        change(name, ...withoutHistory(column, binlog), ...closeToSuper(column)),
      ],
      done: (seen) => seen.notes[notes.emptied] !== undefined,
      within: 3600,
    },
  ];
}

/** What people should know of it. */
export function emptyingRemarks({ name, emptying, discards }: Subject): readonly string[] {
  if (emptying === undefined || !discards)
    return [`The disk of ${name} must hold the copy beside what it holds now, which is removed once the copy was found equal.`]; // prettier-ignore
  return [
    `Room on ${name}: ${bytesWords(emptying.free)} free, up to ${bytesWords(emptying.need)} needed, at least ${bytesWords(emptying.droppable)} freed by dropping its tables, which is done first.`,
    `If anything fails once that has begun, ${name} stays up without data and follows nobody, and the run needs a human: \`resume\` copies anew from the same server, and after \`abandon\` a new run may copy another.`,
  ];
}

function refusal(reason: string, why: string, remedy: string): Refusal {
  return { reason, why, remedy };
}
