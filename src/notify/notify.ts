import pLimit from 'p-limit';
import { deadline, raced } from '../base/deadline.js';
import { messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Automation, PlanView } from '../engine/automation.js';
import type { EngineEvent } from '../engine/events.js';
import type { RunView } from '../engine/run.js';
import type { Delivery, DeliveryResult } from './delivery.js';
import { grafana } from './grafana.js';
import { noticeOf, tellsPlan, Told } from './notice.js';
import { Queue, type QueueTimes } from './queue.js';
import type { Receiver } from './receiver.js';
import type { NotifySettings, ReceiverKind, ReceiverSettings } from './settings.js';
import { silence, type SilenceTimes } from './silence.js';
import { slack } from './slack.js';
import { webhook } from './webhook.js';

export interface NotifyPorts {
  readonly automation: Pick<Automation, 'subscribe' | 'planOf' | 'runs'>;
  readonly log: Log;
  /** Counts how deliveries ended. */
  readonly counted: (receiver: ReceiverKind, result: DeliveryResult) => void;
}

export interface NotifyTimes {
  readonly queue?: Partial<QueueTimes>;
  readonly silence?: SilenceTimes;
}

export interface Notify {
  /** Begins to listen. Runs that are at work already are taken up. */
  start(): void;
  /** Hears no more, and gives what waits `within` milliseconds (default 5 s) to be delivered. Harmless twice. */
  stop(within?: number): Promise<void>;
}

/** How long a plan may take to be read from the journal, those before it included; less than a try may take. Milliseconds. */
const planWithin = 8_000;

/**
 * Tells people and programs what runs do. Each receiver has a queue of its own, so that one that hangs holds up neither
 * a run nor the others.
 */
export function createNotify(settings: NotifySettings, ports: NotifyPorts, times: NotifyTimes = {}): Notify {
  const { automation, log, counted } = ports;
  const told = new Told();
  const receivers = settings.receivers.flatMap((given, index) => {
    const receiver = receiverOf(given, settings, times);
    if (receiver === undefined) return [];
    const { kind } = receiver;
    const queue = new Queue({
      // Its place in the configuration is its name: its address may be a secret.
      log: log.child({ receiver: `notify[${index}]`, kind }),
      ended: (result) => counted(kind, result),
      times: times.queue,
    });
    return [{ receiver, queue }];
  });
  // A plan may have to be read from the journal: one at a time, also in a storm of alerts.
  const reading = pLimit(1);
  const wanted = new Set(settings.receivers.flatMap((given) => ('on' in given ? given.on : [])));
  const timers: NodeJS.Timeout[] = [];
  let leave: (() => void) | undefined;
  let stopping: Promise<unknown> | undefined;

  function hear(event: EngineEvent): void {
    if (!('run' in event)) return;
    const notice = told.before(event) ? undefined : noticeOf(event);
    const plan = once(() =>
      notice !== undefined && tellsPlan(notice) ? planOf(event.run) : Promise.resolve(undefined),
    );
    for (const { receiver, queue } of receivers) give(queue, receiver.take({ event, notice, plan }));
    // Asked for now, however long the first delivery takes: later it may be another, or gone.
    if (notice !== undefined && wanted.has(notice.kind)) void plan();
  }

  /** The plan that the event is about: one that was made anew in the meantime is not shown in its stead. */
  async function planOf({ id, digest }: RunView): Promise<PlanView | undefined> {
    const limit = deadline(planWithin);
    try {
      const read = () => (limit.signal.aborted ? Promise.resolve(undefined) : automation.planOf(id));
      const plan = await raced(reading(read), limit.signal);
      return plan?.digest === digest ? plan : undefined;
    } catch (error) {
      log.warn({ run: id, error: messageOf(error) }, 'a notification goes out without its plan');
      return undefined;
    } finally {
      limit.clear();
    }
  }

  return {
    start() {
      leave ??= automation.subscribe(hear);
      const open = automation.runs({ open: true });
      for (const { receiver, queue } of receivers) {
        for (const run of open) give(queue, receiver.adopt?.(run));
        const { due } = receiver;
        if (due === undefined) continue;
        const again = () => due.deliveries().forEach((delivery) => give(queue, delivery));
        timers.push(setInterval(again, due.every));
      }
    },
    async stop(within = 5_000) {
      leave?.();
      timers.forEach((timer) => clearInterval(timer));
      stopping ??= Promise.all(receivers.map(({ queue }) => queue.stop(within)));
      await stopping;
    },
  };
}

function give(queue: Queue, delivery: Delivery | undefined): void {
  if (delivery !== undefined) queue.push(delivery);
}

function receiverOf(given: ReceiverSettings, settings: NotifySettings, times: NotifyTimes): Receiver | undefined {
  switch (given.kind) {
    case 'webhook':
      return webhook(given);
    case 'slack':
      return slack(given);
    case 'grafana':
      return grafana(given);
    case 'silence':
      // Without an Alertmanager there is nothing to be silent; the configuration's checks say so.
      return settings.alertmanager && silence(settings.alertmanager, times.silence);
  }
}

/** Asked for at the first use and kept. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
