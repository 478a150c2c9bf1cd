import type { ProveAction, TrustAction } from '../../../domain/certificate-action.js';
import type { Certificate } from '../../../domain/certificate.js';
import { lackingOf, outsiderWords, type HeldAuthority, type Outsider } from '../../../domain/rotation.js';
import type { Seen, Step, Undo } from '../../../engine/procedure.js';

/**
 * Lets Lockstep itself, or an application, trust an authority besides those that it trusts. That is not taken back where
 * another cluster may have gone on from it: no server of that would be accepted any more, while one authority more
 * refuses nobody.
 */
export function letTrust(one: Outsider, authority: HeldAuthority, proof: ProveAction | undefined): Step {
  const missing = lackingOf(one.trusted ?? [], authority);
  const change = changing(one);
  const undo: Undo = { plan: [change([], missing)], done: (seen) => holds(one, seen, missing, false) };
  return {
    id: `${one.name}-trust`,
    title: `Let ${outsiderWords(one)} trust the authority ${authority.name} too`,
    plan: [change([authority.name], []), ...(proof === undefined ? [] : [proof])],
    done: (seen) => proven(seen, proof) && holds(one, seen, missing, true),
    ...(one.reliedOnBy === undefined ? { undo } : {}),
    within: 60,
  };
}

/** Takes an authority from those that Lockstep itself, or an application, trusts. */
export function letDistrust(
  one: Outsider,
  authority: HeldAuthority,
  going: readonly Certificate[],
  proof: ProveAction | undefined,
): Step {
  const present = going.filter((certificate) => contains(one.trusted ?? [], certificate));
  const change = changing(one);
  return {
    id: `${one.name}-distrust`,
    title: `Let ${outsiderWords(one)} trust the authority ${authority.name} no longer`,
    plan: [change([], present), ...(proof === undefined ? [] : [proof])],
    done: (seen) => proven(seen, proof) && holds(one, seen, present, false),
    undo: {
      plan: [change([authority.name], [])],
      done: (seen) => holds(one, seen, present, true),
    },
    within: 60,
  };
}

function changing({ name, file = '' }: Outsider) {
  return (add: readonly string[], drop: readonly Certificate[]): TrustAction => ({
    kind: 'change-trust',
    outsider: name,
    file,
    add,
    drop: drop.map(({ fingerprint }) => fingerprint),
  });
}

function proven({ notes }: Seen, proof: ProveAction | undefined): boolean {
  return proof === undefined || notes[proof.noteAs] !== undefined;
}

/** Whether all of these are, or none of them is, in its file now. */
function holds({ name }: Outsider, { rotation }: Seen, all: readonly Certificate[], there: boolean): boolean {
  const trusted = rotation?.outsiders.find((one) => one.name === name)?.trusted;
  return trusted !== undefined && all.every((one) => contains(trusted, one) === there);
}

function contains(trusted: readonly Certificate[], wanted: Certificate): boolean {
  return trusted.some(({ fingerprint }) => fingerprint === wanted.fingerprint);
}
