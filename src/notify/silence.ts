import { adviceOf } from '../base/errors.js';
import type { RunId, RunView } from '../engine/run.js';
import { peersOf, type AlertmanagerPeer } from './alertmanager.js';
import type { Silence } from './alertmanager-answers.js';
import { deliveryError, DeliveryError, type Delivery } from './delivery.js';
import { placeOf } from './notice.js';
import type { Happened, Receiver } from './receiver.js';
import type { AlertmanagerSettings } from './settings.js';
import { ourName } from './silences.js';

/** Milliseconds. */
export interface SilenceTimes {
  /** How long a silence lasts that is not renewed: what a dead Lockstep leaves behind. Default 3 min. */
  readonly lasts: number;
}

/**
 * Silences the alert that a run was asked by, from its start, while it works, and no longer: a run that needs a human
 * is never silenced, and neither is any other alert of the server. The silence is short and renewed, so that it ends by
 * itself when Lockstep is gone. It is found again by its author and the run's id in its comment.
 */
export function silence(settings: AlertmanagerSettings, { lasts }: SilenceTimes = { lasts: 180_000 }): Receiver {
  const peers = [...peersOf(settings)];
  const working = new Map<RunId, RunView>();

  const hold = (run: RunView): Delivery => {
    const send = async (signal: AbortSignal) => {
      // It may have ended while this one waited.
      if (working.has(run.id)) await anyOf(peers, (peer) => renew(peer, run, lasts, signal));
    };
    // The next renewal comes soon: renewals do not pile up while no Alertmanager answers.
    return { what: 'silence', run: run.id, urgent: false, within: lasts / 3, send };
  };
  const end = (run: RunView): Delivery => {
    const send = (signal: AbortSignal) => everyOf(peers, (peer) => expire(peer, run, signal));
    return { what: 'end of the silence', run: run.id, urgent: true, within: lasts, send };
  };

  return {
    kind: 'silence',
    take({ event: { run } }: Happened) {
      if (run.trigger.kind !== 'alert' || run.startedAt === undefined) return undefined;
      if (isAtWork(run)) {
        if (working.has(run.id)) return undefined;
        working.set(run.id, run);
        return hold(run);
      }
      working.delete(run.id);
      return end(run);
    },
    due: { every: lasts / 3, deliveries: () => [...working.values()].map(hold) },
    adopt(run) {
      if (run.trigger.kind !== 'alert' || !isAtWork(run) || working.has(run.id)) return undefined;
      working.set(run.id, run);
      return hold(run);
    },
  };
}

type Work = (peer: AlertmanagerPeer) => Promise<void>;

function isAtWork({ state }: RunView): boolean {
  return state === 'running' || state === 'undoing';
}

async function renew(peer: AlertmanagerPeer, run: RunView, lasts: number, signal: AbortSignal): Promise<void> {
  const { silences, now } = await peer.silences(signal, labelsOf(run));
  const own = silences.find((one) => one.state === 'active' && isOf(one, run));
  const matchers = Object.entries(labelsOf(run)).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true })); // prettier-ignore
  // With another beginning Alertmanager would end the old one and make a new one.
  const startsAt = own === undefined ? now : Date.parse(own.startsAt);
  const comment = `${mark(run)} ${run.procedure} is at work on ${placeOf(run)}; this ends by itself`;
  await peer.silence({ id: own?.id, matchers, startsAt, endsAt: now + lasts, createdBy: ourName, comment }, signal);
}

async function expire(peer: AlertmanagerPeer, run: RunView, signal: AbortSignal): Promise<void> {
  const { silences } = await peer.silences(signal, labelsOf(run));
  for (const { id, state } of silences.filter((one) => isOf(one, run)))
    if (state !== 'expired') await peer.expire(id, signal);
}

/** The alert, and no wider than where the run works. */
function labelsOf({ trigger, parameters }: RunView): Readonly<Record<string, string>> {
  const { cluster, server } = parameters;
  const alertname = trigger.kind === 'alert' ? trigger.alertname : '';
  return { alertname, cluster, ...(server === undefined ? {} : { server }) };
}

function mark({ id }: RunView): string {
  return `run ${id}:`;
}

function isOf({ createdBy, comment }: Silence, run: RunView): boolean {
  return createdBy === ourName && comment.startsWith(mark(run));
}

/** The first that takes it, since Alertmanagers tell each other. One that fails is asked last from then on. */
async function anyOf(peers: AlertmanagerPeer[], work: Work): Promise<void> {
  const failures: DeliveryError[] = [];
  for (const peer of [...peers]) {
    try {
      await work(peer);
      return;
    } catch (thrown) {
      failures.push(deliveryError(thrown));
      peers.push(...peers.splice(peers.indexOf(peer), 1));
    }
  }
  throw all(failures);
}

/** Each of them, since they may not be able to tell each other. One is enough: on the others it ends by itself. */
async function everyOf(peers: readonly AlertmanagerPeer[], work: Work): Promise<void> {
  const failures: DeliveryError[] = [];
  await Promise.all(peers.map((peer) => work(peer).catch((thrown: unknown) => failures.push(deliveryError(thrown)))));
  if (failures.length === peers.length) throw all(failures);
}

function all(failures: readonly DeliveryError[]): DeliveryError {
  const again = failures.some((failure) => failure.again !== undefined) ? { after: 0 } : undefined;
  return new DeliveryError(`no Alertmanager took it: ${failures.map(adviceOf).join(' ')}`, undefined, again);
}
