import type { ErrorRequestHandler, RequestHandler } from 'express';
import { LockstepError } from '../base/errors.js';
import type { TurnedAway } from '../intake/intake.js';
import { parseWebhook } from '../intake/payload.js';
import { readJson } from './body.js';
import type { ErrorCode } from './errors.js';
import { acts, identityOf, type Doorkeeper } from './guard.js';
import type { AlertsPort, HttpPorts } from './ports.js';
import { Problem, quoted } from './problem.js';

/** A group of some thousand alerts. Bytes. */
const most = 4 * 1024 * 1024;

/**
 * The webhook of Alertmanager. Who sends is found out before a byte of the body is read. It answers 202 once all that
 * must be is durable, with what became of each alert; 503 makes Alertmanager try again at once, any 4xx later; it never
 * redirects, since Alertmanager would follow without the body and take that for success.
 */
export function takesAlerts(
  ports: HttpPorts,
  door: () => Doorkeeper,
): readonly (RequestHandler | ErrorRequestHandler)[] {
  return [exists(ports), acts(door, ['alertmanager', 'operator']), take(ports), counts(ports)];
}

function exists(ports: HttpPorts): RequestHandler {
  return (request, _response, next) => {
    if (ports.alerts === undefined)
      throw new Problem('not-found', `${quoted(request.path)} does not exist without a journal`, {
        remedy: 'Configure `journal`, so that alerts can be made durable.',
      });
    next();
  };
}

function take(ports: HttpPorts): RequestHandler {
  return async (request, response, next) => {
    if (request.method !== 'POST') {
      next();
      return;
    }
    const { name } = identityOf(response);
    const json = await readJson(request, { most });
    try {
      response.status(202).json(await portOf(ports).take(parseWebhook(json), name));
    } catch (error) {
      throw problemOf(error);
    }
  };
}

function problemOf(error: unknown): unknown {
  if (!(error instanceof LockstepError) || (error.code !== 'payload-malformed' && error.code !== 'not-durable'))
    return error;
  return new Problem(error.code, error.message, { remedy: error.remedy });
}

function counts(ports: HttpPorts): ErrorRequestHandler {
  return (error: unknown, request, _response, next) => {
    const reason = error instanceof Problem ? reasons[error.code] : undefined;
    if (reason !== undefined)
      ports.alerts?.turnedAway(reason, {
        from: request.socket.remoteAddress,
        why: error instanceof Problem ? error.message : undefined,
      });
    next(error);
  };
}

const reasons: Partial<Record<ErrorCode, TurnedAway>> = {
  unauthenticated: 'unauthenticated',
  'too-many-failures': 'unauthenticated',
  forbidden: 'forbidden',
  'cross-origin': 'forbidden',
  'body-too-large': 'too-large',
  'body-malformed': 'malformed',
  'media-type-unsupported': 'malformed',
  'payload-malformed': 'malformed',
  'not-durable': 'not-durable',
};

function portOf({ alerts }: HttpPorts): AlertsPort {
  if (alerts === undefined) throw new Problem('not-found', 'what takes alerts is gone');
  return alerts;
}
