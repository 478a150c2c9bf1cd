import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express';
import type { Clock } from '../base/clock.js';
import { deadline } from '../base/deadline.js';
import type { Automation } from '../engine/automation.js';
import type { ApiCall, ApiRoute } from './api.js';
import { readJson } from './body.js';
import { acts, identityOf, views, type Doorkeeper } from './guard.js';
import type { HttpPorts } from './ports.js';
import { Problem, quoted } from './problem.js';
import type { Streams } from './streams.js';
import { validated } from './validate.js';

/** How long a look that a request waits for may take, milliseconds. */
const patience = 60_000;

export interface ApiContext {
  readonly ports: HttpPorts;
  readonly streams: Streams;
  readonly clock: Pick<Clock, 'now'>;
}

/** Puts the routes of the API into the app: guard, body, handler; then the methods that an address does not take. */
export function mount(
  app: Express,
  routes: readonly ApiRoute[],
  { door, ...context }: ApiContext & { readonly door: () => Doorkeeper },
): void {
  for (const path of new Set(routes.map((each) => each.path))) {
    const here = routes.filter((each) => each.path === path);
    const place = app.route(expressPath(path));
    for (const each of here) {
      const there = each.automation === true ? [whereSomethingMayAct(context.ports)] : [];
      place[each.method](guardOf(each, door), ...there, answering(each, context), refusing(each, context));
    }
    // Also what an address does not take is not told to strangers.
    const [first] = here;
    if (first !== undefined) place.all(guardOf(first, door), onlyMethods(methodsOf(here)));
  }
}

export function onlyMethods(allowed: string): RequestHandler {
  return (request) => {
    throw new Problem('method-not-allowed', `${quoted(request.path)} was asked with ${quoted(request.method)}`, {
      headers: { Allow: allowed },
    });
  };
}

function guardOf({ who }: ApiRoute, door: () => Doorkeeper): RequestHandler {
  if (who === 'anyone') return (_request, _response, next) => next();
  return who === 'viewer' ? views(door) : acts(door, who === 'alertmanager' ? ['alertmanager', 'operator'] : [who]);
}

function answering(described: ApiRoute, { ports, streams, clock }: ApiContext): RequestHandler {
  return async (request, response) => {
    const body =
      described.body &&
      validated(described.body, await bodyOf(request, described), 'the body', described.bodyFault ?? 'body-invalid');
    const gone = new AbortController();
    const leave = () => gone.abort(new Error('who asked has gone'));
    response.once('close', leave);
    const { signal, clear } = deadline(patience, gone.signal);
    const call: ApiCall<unknown, unknown> = {
      ports,
      streams,
      identity: identityOf(response),
      parameters: parametersOf(request),
      query: described.query && validated(described.query, queryOf(request.url), 'the query', 'query-invalid'),
      body,
      request,
      response,
      signal,
      now: () => clock.now(),
      get automation() {
        return automationOf(ports, request.path);
      },
    };
    try {
      const reply = await described.handle(call);
      if (reply === undefined) return;
      response.status(reply.status ?? 200).set(reply.headers ?? {});
      if (reply.body === undefined) response.end();
      else response.json(reply.body);
    } finally {
      clear();
      response.off('close', leave);
    }
  };
}

function refusing({ refused }: ApiRoute, { ports }: ApiContext): ErrorRequestHandler {
  return (error: unknown, request, _response, next) => {
    if (error instanceof Problem) refused?.(error, ports, request);
    next(error);
  };
}

function whereSomethingMayAct(ports: HttpPorts): RequestHandler {
  return (request, _response, next) => {
    automationOf(ports, request.path);
    next();
  };
}

function automationOf(ports: HttpPorts, path: string): Automation {
  const automation = ports.automation();
  if (automation !== undefined) return automation;
  throw new Problem('not-found', `${quoted(path)} does not exist while nothing may act`, {
    remedy: 'Configure `journal: { directory: … }` to have it.',
  });
}

async function bodyOf(request: Request, { bodyOptional, bodyLimits }: ApiRoute): Promise<unknown> {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  return bodyOptional === true && length === '0' && encoding === undefined ? {} : readJson(request, bodyLimits);
}

function parametersOf(request: Request): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(request.params).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

/** The first of each name; a second would not be heard, so it is a fault that no schema takes. */
function queryOf(url: string): Readonly<Record<string, string | string[]>> {
  const mark = url.indexOf('?');
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
  return Object.fromEntries(
    [...new Set(query.keys())].map((name) => {
      const all = query.getAll(name);
      return [name, all.length === 1 ? (all[0] ?? '') : all];
    }),
  );
}

function methodsOf(routes: readonly ApiRoute[]): string {
  return routes.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])).join(', ');
}

function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
