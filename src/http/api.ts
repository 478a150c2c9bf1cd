import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Automation } from '../engine/automation.js';
import type { Identity } from './authenticate.js';
import type { BodyLimits } from './body.js';
import type { ErrorCode } from './errors.js';
import type { HttpPorts } from './ports.js';
import type { Problem } from './problem.js';
import type { Streams } from './streams.js';

/** One route of the API: what answers there, and what the description says of it. Both are made from this. */
export interface ApiRoute<Body = unknown, Query = unknown> {
  readonly method: 'get' | 'post' | 'put';
  /** As OpenAPI writes it: `/api/v1/runs/{id}`. */
  readonly path: string;
  /** Its name in the description. */
  readonly operation: string;
  readonly summary: string;
  /** `operator`, `alertmanager` (or an operator): it does not exist where nobody can be told apart. */
  readonly who: 'anyone' | 'viewer' | 'operator' | 'alertmanager';
  /** Whether it exists only where a `journal` is configured. Default false. */
  readonly automation?: true;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  /** Default those of {@link readJson}. */
  readonly bodyLimits?: BodyLimits;
  /** The code of a body that its schema does not take. Default `body-invalid`. */
  readonly bodyFault?: 'payload-malformed';
  /** Whether the body may be left out, which counts as `{}`. Default false. */
  readonly bodyOptional?: true;
  /** Request headers that it heeds, with what they are for. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<number, ApiAnswer>>;
  /** Those of its own; what every route may answer is not listed. */
  readonly problems?: readonly ErrorCode[];
  /** Told of every problem that it answers with, those of its guard too. */
  readonly refused?: (problem: Problem, ports: HttpPorts, request: Request) => void;
  /** `undefined`: it has answered by itself. */
  handle(call: ApiCall<Body, Query>): Promise<Reply | undefined> | Reply | undefined;
}

export interface ApiAnswer {
  readonly description: string;
  /** Absent: no body. */
  readonly schema?: z.ZodType;
  /** Default `application/json`. */
  readonly type?: string;
}

export interface ApiCall<Body, Query> {
  readonly ports: HttpPorts;
  readonly streams: Streams;
  readonly identity: Identity;
  /** What stands in the path, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly request: Request;
  readonly response: Response;
  /** Aborts when who asked has gone, or has waited long enough. */
  readonly signal: AbortSignal;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** @throws Problem `not-found` where nothing may act */
  readonly automation: Automation;
}

export interface Reply {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON; fields that are undefined are left out. undefined: no body at all. */
  readonly body: unknown;
}

/** Keeps the types of body and query together. */
export function route<Body = unknown, Query = unknown>(described: ApiRoute<Body, Query>): ApiRoute {
  return described;
}
