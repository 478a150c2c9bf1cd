import { redoLog } from '../../dialects/fresh-server.js';
import { snapshotStatements } from '../../dialects/snapshot-statements.js';
import { dataDirectory, dataFiles } from '../../dialects/survey-statements.js';
import type { DataPlace } from '../../domain/action.js';
import type { Scene } from '../../domain/scene.js';
import { placeOf } from '../../domain/survey.js';
import type { Seen, Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { columnOf } from '../view.js';
import { backupPrograms, installPrograms, programOf, serverPrograms } from './methods.js';
import { emptyingSteps } from './emptying.js';
import { notes } from './notes.js';
import { endsOf } from './room.js';
import type { Subject } from './subject.js';

/** However large: three days, seconds. */
const atMost = 3 * 86_400;

/** How many tables a dump copies at once. */
const streams = 4;

/** Up to the moment in which the server runs on the copy. */
export function copySteps(scene: Scene, subject: Subject): readonly Step[] {
  const { name, donor, method, here, there, service, primary } = subject;
  const operate = scene.site.accounts.operate;
  // Whoever copies by CLONE logs in from the target; a backup logs in at its own server.
  const tls = (method === 'backup' ? there : here)?.replicationTls;
  const dumped = method === 'dump';
  const placed = placedOf(scene, subject);
  const emptied = isEmptied(subject);
  const accounts = operate === undefined ? [] : [operate, scene.site.accounts.monitor];
  const held = emptied ? `what is left of ${name}` : `what ${name} holds, which goes on as it is`;
  const copied = dumped ? notes.made : notes.copied;
  if (donor === undefined || method === undefined || service === undefined || there === undefined) return [];
  if (operate === undefined || tls === undefined || primary === undefined) return [];
  return [
    {
      id: 'places',
      title: `Learn where ${name} and ${donor.server} keep their data`,
      plan: [
        change(name, { ...dataFiles, notes: { data: notes.here, temporary: notes.temporary } }),
        change(donor.server, { ...dataDirectory, notes: { data: notes.there } }),
      ],
      done: (seen) => seen.notes[notes.here] !== undefined && seen.notes[notes.there] !== undefined,
    },
    ...rehearsal(scene, subject),
    ...emptyingSteps(subject, placed),
    {
      id: 'copy',
      title: dumped ? `Lay out an empty server beside ${held}` : `Copy ${donor.server} beside ${held}`,
      plan: [
        {
          kind: 'copy',
          method,
          from: donor.server,
          on: name,
          address: there.address,
          user: operate,
          tls: { caFile: tls.caFile, certFile: tls.certFile, keyFile: tls.keyFile },
          programs: {
            ...(method === 'backup' ? { backup: programOf(there, ...backupPrograms), prepare: programOf(here, ...backupPrograms), stream: programOf(here, 'mbstream'), chown: programOf(here, 'chown') } : {}), // prettier-ignore
            ...(dumped ? { server: programOf(here, ...serverPrograms), install: programOf(here, ...installPrograms) } : {}), // prettier-ignore
          },
          ...(dumped ? { accounts } : {}),
          data: { from: notes.there, on: notes.here },
          ...placed,
          noteAs: copied,
        },
      ],
      done: (seen) => seen.notes[copied] !== undefined,
      within: atMost,
    },
    {
      id: 'swap',
      title: `Let ${name} run on ${dumped ? 'the empty one' : 'the copy'}${emptied ? '' : '; what it held is kept aside'}`,
      plan: [
        {
          kind: 'swap',
          on: name,
          service,
          data: notes.here,
          temporary: notes.temporary,
          ...placed,
          noteAs: notes.swapped,
        },
      ],
      done: (seen) => seen.notes[notes.swapped] !== undefined,
      within: 900,
      // Until it was found equal, what it runs on may come to nothing.
      ...(emptied
        ? {}
        : {
            undo: {
              plan: [{ kind: 'put-back', on: name, service, data: notes.here, temporary: notes.temporary, ...placed, discarded: notes.kept, noteAs: notes.backAgain } as const], // prettier-ignore
              done: (seen: Seen) => seen.notes[notes.backAgain] !== undefined,
            },
          }),
    },
    // A server without data is worth nothing.
    ...(emptied ? [discardStep(scene, subject)] : []),
    ...(dumped
      ? [
          {
            id: 'load',
            title: `Fill ${name} with the schemas and accounts of ${donor.server}; nobody but Lockstep can log in there meanwhile`,
            plan: [{ kind: 'load', from: donor.server, on: name, accounts, stops: snapshotStatements(donor.facts.identity.flavour).stop, streams, restAbove: scene.site.lagThreshold, ...(pausesRedo(subject) ? { redo: redoLog } : {}), noteAs: notes.copied } as const], // prettier-ignore
            done: (seen: Seen) => seen.notes[notes.copied] !== undefined,
            within: atMost,
          },
        ]
      : []),
  ];
}

/** Whether the target does without its redo log while it is filled: only where what it held is kept, for it never starts on what it dies on. */
export function pausesRedo(subject: Subject): boolean {
  const facts = subject.server?.facts;
  return subject.method === 'dump' && facts !== undefined && !isEmptied(subject) && columnOf(facts).stopsRedoLog;
}

/** Whether what the target holds is dropped before there is a copy. */
function isEmptied({ emptying, discards }: Subject): boolean {
  return emptying !== undefined && discards;
}

/** Every way that is needed later is walked before anything is copied. */
function rehearsal(scene: Scene, { name, primary, donor, method, here, there, tls }: Subject): readonly Step[] {
  const { operate, replication } = scene.site.accounts;
  const source = scene.site.servers.find((one) => one.name === primary?.name);
  const copier = method === 'clone' ? here : there;
  const links = copier?.replicationTls;
  // Rows come through Lockstep, which logs in there all the time.
  const copies = method !== 'dump';
  if (source === undefined || replication === undefined || tls === undefined) return [];
  if (operate === undefined || donor === undefined || there === undefined || links === undefined) return [];
  const as = ({ caFile, certFile, keyFile, verify }: typeof links) => ({ caFile, certFile, keyFile, verify });
  return [
    {
      id: 'rehearse',
      title: `Log in to ${source.name} as ${name} will${copies ? `, and to ${donor.server} as who copies it will` : ''}, with the same files`,
      plan: [
        { kind: 'login', to: source.address, user: replication.user, password: 'replication', filesOf: name, tls: as(tls), noteAs: notes.link }, // prettier-ignore
        ...(copies ? [{ kind: 'login', to: there.address, user: operate, password: 'operate', filesOf: copier?.name ?? name, tls: as(links), noteAs: notes.copyLink } as const] : []), // prettier-ignore
      ],
      done: (seen) => seen.notes[notes.link] !== undefined && (!copies || seen.notes[notes.copyLink] !== undefined),
    },
  ];
}

export function discardStep(scene: Scene, subject: Subject): Step {
  const { name } = subject;
  return {
    id: 'discard',
    title: `Remove what ${name} held before`,
    plan: [{ kind: 'discard', on: name, data: notes.here, ...placedOf(scene, subject), noteAs: notes.kept }],
    done: (seen) => seen.notes[notes.kept] !== undefined,
    within: 900,
    attempts: 5,
  };
}

/** Where the target's data lie, if that is not simply where it says. */
function placedOf(scene: Scene, subject: Subject): { readonly place?: DataPlace } {
  const ends = endsOf(scene, subject);
  const place = ends && placeOf(ends.here);
  return place === undefined ? {} : { place };
}
