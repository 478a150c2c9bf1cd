import type { OwnAct, OwnCertificateAction } from '../../../domain/own-certificate-action.js';
import { presentedServers } from '../../../domain/own-certificate.js';
import type { Seen, Step } from '../../../engine/procedure.js';
import { ownNote, type OwnChange } from './change.js';

const notes = {
  next: 'own-generation',
  previous: 'own-generation-before',
  discarded: 'own-discarded',
  accepted: 'own-accepted',
  unseen: 'own-unseen',
  seen: 'own-seen',
} as const;

/**
 * Lay another pair beside the one in use, log in everywhere with it, let it be presented, and log in everywhere as always.
 * Whatever fails lets Lockstep present again what it did before.
 */
export function ownSteps(change: OwnChange): readonly Step[] {
  const { place, leaf, present, same } = change;
  const logins = presentedServers(change.own);
  // Logins to a large fleet take a while.
  const within = 60 + logins.length;
  return [
    {
      id: 'own-lay',
      title: 'Lay a new certificate of Lockstep itself beside the one in use',
      plan: [own({ act: 'stage', place, leaf, noteAs: { next: notes.next, previous: notes.previous } })],
      done: (seen) => seen.notes[notes.next] !== undefined,
      undo: {
        plan: [own({ act: 'discard', place, noteAs: notes.discarded })],
        done: (seen) => seen.notes[notes.discarded] !== undefined,
      },
      within: 120,
    },
    {
      id: 'own-try',
      title: 'Log in with it to every server that it is to be presented to',
      plan: [own({ act: 'try', place, logins, ...(same ? { unseenAs: notes.unseen } : {}), noteAs: notes.accepted })],
      done: (seen) => seen.notes[notes.accepted] !== undefined,
      within,
    },
    {
      id: 'own-swap',
      title: 'Let Lockstep present it from the next login on',
      plan: [own({ act: 'place', place, generation: { note: notes.next }, over: { note: notes.previous } })],
      done: (seen) => presented(seen) !== undefined && presented(seen) === seen.notes[ownNote],
      undo: {
        plan: [own({ act: 'place', place, generation: { note: notes.previous }, over: { note: notes.next } })],
        done: (seen) => presented(seen) === present.fingerprint,
      },
    },
    {
      id: 'own-see',
      title: 'Log in anew everywhere, and see that it is what Lockstep presents',
      plan: [
        own({
          act: 'see',
          logins,
          expects: { note: ownNote },
          ...(same ? { without: { note: notes.unseen } } : {}),
          noteAs: notes.seen,
        }),
      ],
      done: (seen) => seen.notes[notes.seen] !== undefined,
      within,
    },
  ];
}

function own(act: OwnAct): OwnCertificateAction {
  return { kind: 'own-certificate', ...act };
}

function presented({ rotation }: Seen): string | undefined {
  return rotation?.own?.certificate?.fingerprint;
}
