import type { RestartChanges } from '../../domain/snapshot.js';
import type { NextStartWish } from '../../engine/ports.js';
import type { Subject } from './subject.js';

/** The new primary's program is asked where the configuration names the words that start it, and Lockstep may run them on its machine. */
export function nextStartWishes(subject: Subject | undefined): readonly NextStartWish[] {
  if (subject === undefined) return [];
  const { name, facts, column, configured } = subject.to;
  const command = configured?.serverTls?.optionFiles?.command;
  if (command === undefined || column.settingOrigin === undefined) return [];
  if (configured?.programs?.includes(command[0] ?? '') !== true) return [];
  return [{ server: name, flavour: facts.identity.flavour, release: facts.identity.release, command }];
}

/** What its next start would change, as its program says, else as far as the server itself tells; undefined: nobody does. */
export function restartChangesOf({ to, nextStart }: Subject): RestartChanges | undefined {
  return nextStart?.changes ?? to.facts.state?.restartChanges;
}
