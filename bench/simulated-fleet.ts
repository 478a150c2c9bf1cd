import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Scope } from '../src/base/scope.js';
import type { Recorded } from './recording-proxy.js';
import type { Recording } from './recording.js';
import type { Hang } from './simulated-server.js';

/** A recording as it is sent from process to process: bytes in base64. */
export interface RecordedText {
  readonly greeting: string;
  readonly answers: readonly (readonly [query: string, answer: string])[];
}

export type FleetRequest =
  | {
      readonly kind: 'listen';
      readonly servers: number;
      readonly primary: RecordedText;
      readonly replica: RecordedText;
      readonly cert: string;
      readonly key: string;
    }
  | { readonly kind: 'hang'; readonly servers: readonly (readonly [index: number, how: Hang])[] }
  | { readonly kind: 'state' };

export type FleetReply =
  | { readonly kind: 'listening'; readonly ports: readonly number[] }
  | { readonly kind: 'hanging' }
  | { readonly kind: 'state'; readonly sessions: number; readonly unknown: readonly string[] };

/** Simulated servers in a process of their own; even ones are primaries, the odd one after each is its replica. */
export class SimulatedFleet {
  private constructor(
    readonly child: ChildProcess,
    /** Of each server, on 127.0.0.1. */
    readonly ports: readonly number[],
  ) {}

  /** @param tls what every server presents, PEM */
  static async start(
    scope: Scope,
    servers: number,
    recording: Recording,
    tls: { readonly cert: string; readonly key: string },
  ): Promise<SimulatedFleet> {
    const child = fork(path.join(import.meta.dirname, 'simulated-fleet-process.js'), { serialization: 'advanced' });
    scope.defer(async () => {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    });
    const { primary, replica } = recording;
    const reply = await ask(child, {
      kind: 'listen',
      servers,
      primary: textOf(primary),
      replica: textOf(replica),
      ...tls,
    });
    if (reply.kind !== 'listening') throw new Error('the simulated servers do not listen');
    return new SimulatedFleet(child, reply.ports);
  }

  async hang(servers: readonly (readonly [index: number, how: Hang])[]): Promise<void> {
    await ask(this.child, { kind: 'hang', servers });
  }

  /** How many servers have a session open, and the queries that they did not know. */
  async state(): Promise<{ readonly sessions: number; readonly unknown: readonly string[] }> {
    const reply = await ask(this.child, { kind: 'state' });
    if (reply.kind !== 'state') throw new Error('the simulated servers do not tell');
    return reply;
  }
}

async function ask(child: ChildProcess, request: FleetRequest): Promise<FleetReply> {
  const reply = once(child, 'message');
  child.send(request);
  const [message] = (await Promise.race([reply, ended(child)])) as [FleetReply];
  return message;
}

async function ended(child: ChildProcess): Promise<never> {
  await once(child, 'exit');
  throw new Error('the process of the simulated servers ended');
}

function textOf({ greeting, answers }: Recorded): RecordedText {
  return {
    greeting: greeting.toString('base64'),
    answers: [...answers].map(([query, answer]) => [query, answer.toString('base64')]),
  };
}
