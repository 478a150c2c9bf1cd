import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Automation } from '../engine/automation.js';
import type { RunEvent } from '../engine/events.js';
import type { RunId } from '../engine/run.js';
import { route } from './api.js';
import { knownRun } from './runs.js';
import type { Stream } from './streams.js';

const description =
  'Server-sent events; `id` is a sequence number of the journal. First `state` tells how things stand, then an event comes for ' +
  'each thing that happens, named by its type, with a sentence, its time, the head of the journal and the run as it then is.';
const answers = { 200: { description, type: 'text/event-stream', schema: z.string() } };

export const eventRoutes = [
  route({
    method: 'get',
    path: '/api/v1/events',
    operation: 'watch',
    summary: 'All that happens, as it happens',
    who: 'viewer',
    automation: true,
    answers,
    problems: ['too-many-streams'],
    handle({ automation, streams, request, response }) {
      if (headOnly(request, response)) return undefined;
      const stream = streams.open(response);
      stream.send('state', automation.head.seq, {
        runs: automation.runs({ open: true }),
        pauses: automation.pauses(),
        downtimes: automation.downtimes(),
      });
      stream.closed(automation.subscribe((event) => stream.send(event.type, event.head.seq, event)));
      return undefined;
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/runs/{id}/events',
    operation: 'watchRun',
    summary: 'What happens in one run, until it has ended',
    who: 'viewer',
    automation: true,
    headers: {
      'Last-Event-ID': 'What the journal recorded of the run since then comes first, as events named `history`.',
    },
    answers: { ...answers, 204: { description: 'The run has ended, and all of it was told.' } },
    problems: ['run-unknown', 'too-many-streams'],
    async handle({ automation, streams, parameters: { id = '' }, request, response }) {
      const last = lastIdOf(request);
      const ended = knownRun(automation, id).state === 'ended';
      if (headOnly(request, response)) return undefined;
      const live = new LiveEvents(automation, id);
      try {
        const missed = last === undefined ? [] : (await automation.history(id)).filter(({ seq }) => seq > last);
        // A browser that is answered with nothing stops asking.
        if (ended && last !== undefined && missed.length === 0) {
          live.leave();
          return { status: 204, body: undefined };
        }
        const stream = streams.open(response);
        stream.closed(live.leave);
        for (const line of missed) stream.send('history', line.seq, line);
        live.flow(stream, missed.at(-1)?.seq ?? last ?? automation.head.seq);
        return undefined;
      } catch (error) {
        live.leave();
        throw error;
      }
    },
  }),
];

/** The events of one run: held back until the past has been told, so that nothing lies between. */
class LiveEvents {
  readonly leave: () => void;
  #held: RunEvent[] = [];
  #stream: Stream | undefined;

  constructor(
    private readonly automation: Automation,
    private readonly id: RunId,
  ) {
    this.leave = automation.subscribe((event) => {
      if (!('run' in event) || event.run.id !== id) return;
      if (this.#stream === undefined) this.#held.push(event);
      else this.#tell(this.#stream, event);
    });
  }

  /** @param told the newest sequence number that the reader knows of */
  flow(stream: Stream, told: number): void {
    for (const event of this.#held.filter(({ head }) => head.seq > told)) this.#tell(stream, event);
    const now = knownRun(this.automation, this.id);
    stream.send('state', this.automation.head.seq, now);
    this.#stream = stream;
    if (now.state === 'ended') stream.end();
  }

  #tell(stream: Stream, event: RunEvent): void {
    stream.send(event.type, event.head.seq, event);
    if (event.type === 'ended') stream.end();
  }
}

function headOnly(request: Request, response: Response): boolean {
  if (request.method !== 'HEAD') return false;
  response.type('text/event-stream').end();
  return true;
}

/** Anything else than a number is no place in the journal, and counts as none. */
function lastIdOf(request: Request): number | undefined {
  const given = request.get('Last-Event-ID');
  return given !== undefined && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}
