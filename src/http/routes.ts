import express, { type Express, type RequestHandler } from 'express';
import type { Log } from '../base/log.js';
import { allApiRoutes } from './api-routes.js';
import { reachedAs, targetGroups } from './discovery.js';
import { expose } from './exposition.js';
import { acts, reads, type Doorkeeper } from './guard.js';
import { contentPolicy, landingPage } from './landing.js';
import { mount, onlyMethods, type ApiContext } from './mount.js';
import type { HttpPorts } from './ports.js';
import { findTarget, probeQuery } from './probe.js';
import { Problem, problemHandler, quoted } from './problem.js';

/** A page of a thousand servers is three megabytes, written in turns with the probes. */
const writingSeconds = 1.5;

/** Every route, in one place. */
export function createRoutes(context: ApiContext, door: () => Doorkeeper, log: Log): Express {
  const { ports } = context;
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.use(counted(ports), securityHeaders(door));
  const read = reads(door);
  const get = (path: string, ...handlers: RequestHandler[]) =>
    app.route(path).get(...handlers).all(onlyMethods('GET, HEAD')); // prettier-ignore
  const post = (path: string, guard: RequestHandler, ...handlers: RequestHandler[]) =>
    app.route(path).all(guard).post(...handlers).all(onlyMethods('POST')); // prettier-ignore

  get('/', read, (_request, response) => {
    response.type('html').end(landingPage(ports.targets()));
  });
  get('/metrics', read, (request, response) =>
    expose(request, response, door().settings.scrapeTimeoutSeconds, (scrape) => ports.metrics(scrape), writingSeconds),
  );
  get('/probe', read, (request, response) => {
    const { target, collectors } = probeQuery(queryOf(request.url), ports);
    return expose(request, response, door().settings.scrapeTimeoutSeconds, (scrape) =>
      ports.probe(target.cluster, target.server, { ...scrape, collectors }),
    );
  });
  get('/sd', read, (request, response) => {
    const { listen, web } = door().settings;
    response.json(targetGroups(ports.targets(), reachedAs(request.headers.host, listen), web?.tls !== undefined));
  });
  get('/role/:cluster/:server', read, async (request, response) => {
    const { cluster, server } = findTarget(request.path.slice('/role/'.length), ports);
    const role = await ports.roleOf(cluster, server);
    if (role === 'primary') response.json({ cluster, server, role });
    else throw new Problem('not-primary', `${cluster}/${server} is ${role}`, { members: { cluster, server, role } });
  });
  get('/-/healthy', (_request, response) => {
    response.type('text').end('healthy\n');
  });
  get('/-/ready', (_request, response) => {
    const readiness = ports.ready();
    if (!readiness.ready) throw new Problem('not-ready', readiness.reason);
    response.type('text').end('ready\n');
  });
  post('/-/reload', acts(door), async (_request, response) => {
    const outcome = await ports.reload();
    if (outcome.reloaded) response.json({ reloaded: true });
    else
      throw new Problem(outcome.code, outcome.message, { remedy: outcome.remedy, members: { faults: outcome.faults } });
  });
  mount(app, allApiRoutes, { ...context, door });
  app.use((request) => {
    throw new Problem('not-found', `there is nothing at ${quoted(request.path)}`);
  });
  app.use(problemHandler(log));
  return app;
}

/** Every answer is told to whoever counts, under the pattern of its route: paths as asked for would be endless labels. */
function counted(ports: HttpPorts): RequestHandler {
  return (request, response, next) => {
    const began = performance.now();
    response.once('close', () => {
      const { route } = request as { route?: { path?: unknown } };
      const pattern = typeof route?.path === 'string' ? route.path : 'other';
      ports.answered(pattern, response.statusCode, (performance.now() - began) / 1000);
    });
    next();
  };
}

/** The web configuration's headers replace these. */
function securityHeaders(door: () => Doorkeeper): RequestHandler {
  return (request, response, next) => {
    response.set({
      'Cache-Control': 'no-store',
      'Content-Security-Policy': request.path === '/' ? contentPolicy : "default-src 'none'; frame-ancestors 'none'",
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
    });
    for (const { name, value } of door().settings.web?.headers ?? []) response.set(name, value);
    next();
  };
}

function queryOf(url: string): URLSearchParams {
  const mark = url.indexOf('?');
  return new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
}
