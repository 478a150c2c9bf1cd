import { outageOf, replicasOf } from './death.js';
import type { ProcedureName } from './procedure-names.js';
import type { Scene } from './scene.js';
import type { ClusterName, ServerName } from './snapshot.js';

/**
 * Notes of the moments between which nobody could write, milliseconds since the Unix epoch. A run of an older Lockstep
 * has none, and one that was resumed in between has those that were written down.
 */
export const pauseNotes = {
  /** Writes were stopped; for a dead primary: its last sign of life. */
  began: 'paused-at',
  /** The new primary had answered that it is open. */
  promoted: 'promoted-at',
  /** Every announcer had answered, when first asked and when asked again; what failed there is in `announced` and `told`. */
  announced: 'announced-at',
  told: 'told-at',
} as const;

/** How long nobody could write, as the run that changed the primary measured it. */
export interface WritePause {
  readonly cluster: ClusterName;
  readonly run: string;
  readonly procedure: ProcedureName;
  /** Seconds until the new primary was open, and until applications were told of it; undefined: not known. */
  readonly promoted: number | undefined;
  readonly announced: number | undefined;
}

/** What a run noted of it so far. */
export function pauseIn(notes: Readonly<Record<string, string>>): Pick<WritePause, 'promoted' | 'announced'> {
  const since = (moment: string | undefined) => {
    const seconds = (Number(moment) - Number(notes[pauseNotes.began])) / 1000;
    // Neither is known, or a clock was set back in between.
    return seconds >= 0 ? seconds : undefined;
  };
  const told =
    notes['announced'] === '' ? notes[pauseNotes.announced] : notes['told'] === '' ? notes[pauseNotes.told] : undefined;
  return { promoted: since(notes[pauseNotes.promoted]), announced: since(told) };
}

/** When somebody last heard of a server, milliseconds since the Unix epoch: Lockstep itself, or a replica that can be asked. */
export function lastSignOfLife(scene: Scene, server: ServerName): number | undefined {
  const heard = [
    outageOf(scene, server)?.lastSeen?.at,
    ...replicasOf(scene, server).map(({ channel }) => channel.receivedAt),
  ].filter((at) => at !== undefined);
  return heard.length === 0 ? undefined : Math.max(...heard);
}
