import type { PlanView } from '../engine/automation.js';
import type { RunEvent } from '../engine/events.js';
import type { RunView } from '../engine/run.js';
import type { Delivery } from './delivery.js';
import type { Notice } from './notice.js';
import type { ReceiverKind } from './settings.js';

/** Somebody who is told. It only says what is to be delivered; its queue does that. */
export interface Receiver {
  readonly kind: ReceiverKind;
  /** What it is to be told now; undefined: nothing. Must not wait. */
  take(happened: Happened): Delivery | undefined;
  /** What has to be said again, `every` so many milliseconds. */
  readonly due?: { readonly every: number; readonly deliveries: () => readonly Delivery[] };
  /** A run that was at work before this receiver was there: before a restart, or a reload of the configuration. */
  readonly adopt?: (run: RunView) => Delivery | undefined;
}

export interface Happened {
  readonly event: RunEvent;
  /** What the event is to people; undefined: nothing, or they were told before. */
  readonly notice: Notice | undefined;
  /** Asked for once for all receivers; undefined: the notice comes without one, or it could not be had. */
  readonly plan: () => Promise<PlanView | undefined>;
}

/** How a notice is delivered: what a person must act on is worth trying for longer. Milliseconds. */
export function careFor({ kind }: Notice): Pick<Delivery, 'urgent' | 'within'> {
  const urgent = kind === 'approval-wanted' || kind === 'needs-human';
  return { urgent, within: (urgent ? 30 : 5) * 60_000 };
}
