import type { Channel } from '../domain/snapshot.js';

/** What was seen of one channel's counters, to tell when something last arrived on it. */
interface Trace {
  readonly counters: string;
  /** When the counters were first seen at all, and when they were last seen to have moved. Ours, milliseconds. */
  readonly since: number;
  readonly moved: number | undefined;
  /** Whether it ran, and at which period; and when that was last seen to have changed: nothing can have arrived in between. */
  readonly running: string;
  readonly restarted: number | undefined;
}

/**
 * Remembers when events or heartbeats last arrived on each channel of one server.
 *
 * A frozen source leaves IO Yes, SQL Yes and Seconds_Behind 0 until slave_net_timeout (60 s by default), on both
 * flavours; only the heartbeats that stop coming give it away. MySQL dates them. MariaDB counts them, so a look that
 * finds the counters moved dates the arrival to itself.
 */
export class Arrivals {
  #traces = new Map<string, Trace>();

  /**
   * The channels with `receivedAt` and `silent` filled in.
   * @param at our time of this look, milliseconds
   * @param clockOffsetSeconds the server's clock minus ours, to put the times that the server gives onto our clock
   */
  fill(channels: readonly Channel[], at: number, clockOffsetSeconds = 0): Channel[] {
    const traces = new Map<string, Trace>();
    const filled = channels.map((channel) => {
      const trace = follow(this.#traces.get(channel.name), channel, at);
      traces.set(channel.name, trace);
      const told = channel.receivedAt === undefined ? undefined : channel.receivedAt - clockOffsetSeconds * 1000;
      const receivedAt = latest(told, trace.moved);
      return {
        ...channel,
        receivedAt,
        silent: silenceOf(channel, latest(receivedAt ?? trace.since, trace.restarted) ?? at, at),
      };
    });
    this.#traces = traces;
    return filled;
  }
}

function follow(before: Trace | undefined, channel: Channel, at: number): Trace {
  const counters = countersOf(channel);
  const running = JSON.stringify([channel.io, channel.heartbeatPeriodSeconds]);
  if (before === undefined) return { counters, since: at, moved: undefined, running, restarted: undefined };
  return {
    ...before,
    counters,
    moved: before.counters === counters ? before.moved : at,
    running,
    restarted: before.running === running ? before.restarted : at,
  };
}

function countersOf({ source, heartbeatsReceived, read, gtid }: Channel): string {
  return JSON.stringify([source.host, source.port, heartbeatsReceived, read.file, read.position, gtid.received]);
}

function silenceOf(channel: Channel, heard: number, at: number): boolean | undefined {
  if (channel.io !== 'running' || !channel.heartbeatPeriodSeconds) return undefined;
  return at - heard > 2 * channel.heartbeatPeriodSeconds * 1000;
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}
