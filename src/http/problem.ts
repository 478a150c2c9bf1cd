import type { ErrorRequestHandler, Response } from 'express';
import { DeadlineError } from '../base/deadline.js';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { errorTable, type ErrorCode } from './errors.js';

/** An error that becomes an `application/problem+json` answer (RFC 9457). */
export class Problem extends LockstepError {
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;

  /**
   * @param detail one sentence that quotes what was given
   * @param more a better remedy than the table's, response headers, further members of the answer
   */
  constructor(
    override readonly code: ErrorCode,
    detail: string,
    more: {
      readonly remedy?: string | undefined;
      readonly headers?: Readonly<Record<string, string>>;
      readonly members?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(code, detail, more.remedy ?? errorTable[code].remedy);
    this.headers = more.headers ?? {};
    this.members = more.members ?? {};
  }
}

/** Writes the answer. The status, title and type follow from the code. */
export function sendProblem(response: Response, problem: Problem): void {
  const { status, title } = errorTable[problem.code];
  const body = JSON.stringify({
    type: `urn:lockstep:problem:${problem.code}`,
    title,
    status,
    code: problem.code,
    detail: problem.message,
    remedy: problem.remedy,
    ...problem.members,
  });
  response.status(status).set(problem.headers).set('Content-Type', 'application/problem+json; charset=utf-8');
  response.set('Content-Length', String(Buffer.byteLength(body))).end(body);
}

/** The last handler: everything thrown becomes a problem; what nobody expected is logged and not shown. */
export function problemHandler(log: Log): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) {
      next(thrown);
      return;
    }
    if (response.destroyed) return;
    const problem = problemOf(thrown);
    if (problem.code === 'internal')
      log.error({ method: request.method, path: request.path, error: messageOf(thrown) }, 'a request failed');
    sendProblem(response, problem);
  };
}

/** Text from outside as a message may quote it: bounded and on one line. */
export function quoted(given: string): string {
  return JSON.stringify(given.length > 120 ? `${given.slice(0, 120)}…` : given);
}

function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  // Of the other rooms: what stands in the table was written for whoever asks.
  if (thrown instanceof LockstepError && isCode(thrown.code))
    return new Problem(thrown.code, thrown.message, { remedy: thrown.remedy });
  if (thrown instanceof DeadlineError)
    return new Problem('scrape-timeout', `there was no answer within ${(thrown.milliseconds / 1000).toFixed(2)} s`);
  // The router's own: an address with a broken percent escape.
  if (thrown instanceof Error && 'status' in thrown && thrown.status === 400)
    return new Problem('malformed-request', 'the address cannot be decoded');
  return new Problem('internal', 'the request could not be answered');
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}
