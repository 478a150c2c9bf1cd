import { exchange, type Answer } from '../base/exchange.js';
import type { RunView } from '../engine/run.js';
import { accepted, DeliveryError, type Delivery } from './delivery.js';
import { placeOf } from './notice.js';
import type { Happened, Receiver } from './receiver.js';
import type { GrafanaSettings } from './settings.js';
import { tlsOf } from './tls-files.js';

/**
 * Marks a run on the boards, from its start to its end: an annotation of the organisation with the tags `lockstep`,
 * `run:ID`, `cluster:NAME`, `procedure:NAME`, and `outcome:…` once it has ended.
 *
 * Nothing is remembered: the annotation is found by its tag, so that a Lockstep that was restarted in between closes it,
 * and a try whose answer was lost makes no second one. The service account needs `annotations:read`, `:create` and `:write`.
 */
export function grafana(settings: GrafanaSettings): Receiver {
  const take = ({ event: { type, run } }: Happened): Delivery | undefined => {
    // A run that ended without ever having started has touched nothing.
    if (run.startedAt === undefined || (type !== 'started' && type !== 'ended')) return undefined;
    const send = (signal: AbortSignal) => mark(settings, run, signal);
    return { what: `annotation, ${type}`, run: run.id, urgent: false, within, send };
  };
  return { kind: 'grafana', take };
}

/** How long it is worth trying, milliseconds: an hour-old mark is still a true one. */
const within = 3_600_000;

/**
 * Of Grafana's HTTP API, the part "Annotations": https://grafana.com/docs/grafana/latest/developers/http_api/annotations/.
 * Grafana 13 calls it its legacy API and keeps it; what replaces it is still alpha there.
 */
const path = '/api/annotations';

interface Annotation {
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** Left out while the run works. */
  readonly timeEnd?: number;
  readonly tags: readonly string[];
  /** HTML to Grafana. */
  readonly text: string;
}

async function mark(settings: GrafanaSettings, run: RunView, signal: AbortSignal): Promise<void> {
  const id = await find(settings, run, signal);
  const annotation = annotationOf(run);
  if (id === undefined) await ask(settings, 'POST', path, annotation, signal);
  else if (run.endedAt !== undefined) await ask(settings, 'PATCH', `${path}/${id}`, annotation, signal);
}

function annotationOf(run: RunView): Annotation {
  const { id, procedure, parameters, outcome, why, startedAt, requestedAt, endedAt } = run;
  const text = escaped(`${procedure} on ${placeOf(run)}${outcome === undefined ? '' : `: ${outcome}. ${why}`}`);
  const tags = ['lockstep', tagOf(id), `cluster:${parameters.cluster}`, `procedure:${procedure}`];
  const time = startedAt ?? requestedAt;
  if (endedAt === undefined) return { time, tags, text };
  return { time, timeEnd: Math.max(endedAt, time), tags: [...tags, `outcome:${outcome ?? 'unknown'}`], text };
}

/** The number of the run's annotation; undefined: there is none. */
async function find(settings: GrafanaSettings, { id }: RunView, signal: AbortSignal): Promise<number | undefined> {
  const query = new URLSearchParams([
    ['tags', 'lockstep'],
    ['tags', tagOf(id)],
    ['type', 'annotation'],
    ['limit', '1'],
  ]);
  const { text } = await ask(settings, 'GET', `${path}?${query.toString()}`, undefined, signal);
  const found: unknown = parsed(text);
  if (!Array.isArray(found)) throw new DeliveryError('it answered with something that is no list', 'Check the address.', undefined); // prettier-ignore
  const first: unknown = found[0];
  const number = typeof first === 'object' && first !== null && 'id' in first ? first.id : undefined;
  return Number.isSafeInteger(number) ? Number(number) : undefined;
}

async function ask(
  { url, token, tls }: GrafanaSettings,
  method: 'GET' | 'POST' | 'PATCH',
  what: string,
  annotation: Annotation | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const sent = annotation === undefined ? {} : { 'content-type': 'application/json' };
  const headers = { ...sent, accept: 'application/json', authorization: `Bearer ${(await token()).reveal()}` };
  const body = annotation === undefined ? undefined : JSON.stringify(annotation);
  const answer = await exchange({ method, url: url + what, headers, body, tls: await tlsOf(tls), signal });
  accepted(answer);
  return answer;
}

function tagOf(id: string): string {
  return `run:${id}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Grafana shows the text of annotations as HTML. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').slice(0, 2_000);
}
