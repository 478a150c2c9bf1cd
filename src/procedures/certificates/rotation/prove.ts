import path from 'node:path/posix';
import type { ProveAction, Truster } from '../../../domain/certificate-action.js';
import { lockstepItself, outsiderWords, type HeldAuthority, type Outsider } from '../../../domain/rotation.js';
import type { Step } from '../../../engine/procedure.js';
import type { Holder } from '../holder.js';
import { trustFilesOf, trustWords } from './trust.js';

/** Whether certificates of an authority can be made to be shown. @param at seconds since the Unix epoch */
export function canBeShown({ keyed, certificates: [own] }: HeldAuthority, at: number): boolean {
  return keyed && own.notAfter > at && own.notBefore <= at;
}

/** What of a server is shown a certificate: itself, and every file of authorities by which it checks others. */
export function proofOf(
  holders: readonly Holder[],
  outsiders: readonly Outsider[],
  { name: authority }: HeldAuthority,
  accepted: boolean,
  noteAs: string,
): ProveAction {
  const servers = holders.filter(({ trust, own }) => trust !== undefined && own.checked !== undefined);
  return {
    kind: 'prove-authority',
    authority,
    accepted,
    servers: servers.map(({ name }) => name),
    trusters: [...holders.flatMap(trustersOf), ...outsiders.map(trusterOf)],
    noteAs,
  };
}

export function proveStep(id: string, title: string, action: ProveAction): Step {
  return { id, title, plan: [action], done: ({ notes }) => notes[action.noteAs] !== undefined, within: 60 };
}

/** Those who check what servers present: channels, and what lies ready for them. */
function trustersOf(holder: Holder): readonly Truster[] {
  return trustFilesOf(holder).flatMap(({ file, readers }) => {
    const checking = readers.filter((reader) => reader !== 'server');
    if (checking.length === 0) return [];
    const name = trustWords(holder, { file, readers: checking });
    return [{ name, file: { on: holder.name, path: path.join(holder.own.directory, file) } }];
  });
}

function trusterOf(one: Outsider): Truster {
  return { name: outsiderWords(one), file: one.name === lockstepItself ? 'lockstep' : { outsider: one.name } };
}
