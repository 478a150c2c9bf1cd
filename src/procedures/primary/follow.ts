import type { Column } from '../../dialects/capabilities.js';
import {
  changeSource,
  startReplica,
  stopReplica,
  type ChannelTls,
  type Start,
} from '../../dialects/replication-statements.js';
import { standWhereLogEnds } from '../../dialects/primary-statements.js';
import type { Action, Statement } from '../../domain/action.js';
import type { Address, Channel, ServerName } from '../../domain/snapshot.js';
import type { Seen, Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { viewOf } from '../view.js';
import { hasTls } from './channel-tls.js';

/** Of a channel that is made anew, seconds between attempts: the servers' own default, a minute, leaves a replica behind for so long. */
export const newChannelRetry = 10;

/** A channel that is to read from another source, and all that it is to be then. */
export interface Following {
  readonly replica: ServerName;
  readonly column: Column;
  /** '' is the default channel. */
  readonly channel: string;
  /** Whether the replica has that channel already; a new one is made. */
  readonly exists: boolean;
  readonly source: { readonly name: ServerName; readonly address: Address };
  /** Whether it logs in with the account of the configuration; false: it keeps the user and the password that it has. */
  readonly login: string | undefined;
  readonly from: Start;
  readonly tls: ChannelTls;
  readonly heartbeatPeriodSeconds: number | undefined;
  /** Seconds between attempts; default what the channel has. */
  readonly connectRetrySeconds?: number;
  /** A MariaDB server that wrote itself so far: by GTID it begins where its own log ends. */
  readonly wrote: boolean;
  /** Sent first, each on its own: waits, and settings that must stand when it connects. */
  readonly before?: readonly Action[];
  readonly section: string;
}

/**
 * Re-points a channel, then starts it. The two are steps of their own, because by file and position a CHANGE that is
 * repeated once it has begun to apply would apply again.
 */
export function follow(following: Following): readonly Step[] {
  const { replica, source, channel, section } = following;
  const words = channel === '' ? replica : `${replica} (channel ${channel})`;
  const key = channel === '' ? replica : `${replica}-${channel}`;
  return [
    {
      id: `point-${key}`,
      apart: key,
      section,
      title: `Let ${words} read from ${source.name}, over TLS alone${following.tls.verify ? ', and verify that it is that server' : ''}`,
      plan: [...(following.before ?? []), change(replica, ...pointing(following))],
      done: (seen) => isPointed(seen, following),
      within: 90,
    },
    {
      id: `start-${key}`,
      apart: key,
      section,
      title: `Start ${words}`,
      plan: [change(replica, startReplica(following.column, channel))],
      done: (seen) => {
        const now = channelOf(seen, following);
        return now !== undefined && now.io !== 'stopped' && now.sql === 'running' && isPointed(seen, following);
      },
    },
  ];
}

/** Whether the channel is what {@link follow} makes of it. */
export function isPointed(seen: Seen, following: Following): boolean {
  const now = channelOf(seen, following);
  if (now === undefined) return false;
  const { host, port } = following.source.address;
  return now.source.host === host && now.source.port === port && hasTls(now, following.tls) && begins(now, following);
}

/** From both sides: it runs, is set up so, and its stream is encrypted as far as the two tell. */
export function isFollowing(seen: Seen, following: Following): boolean {
  const now = channelOf(seen, following);
  const relation = viewOf(seen).channelRelation(following.replica, following.channel);
  return (
    now !== undefined &&
    isPointed(seen, following) &&
    now.io === 'running' &&
    now.sql === 'running' &&
    relation?.source === following.source.name &&
    relation.tls.negotiated === true
  );
}

export function channelOf(
  seen: Seen,
  { replica, channel }: Pick<Following, 'replica' | 'channel'>,
): Channel | undefined {
  return viewOf(seen).channel(replica, channel);
}

function pointing(following: Following): readonly Statement[] {
  const { column, channel, exists, source, login, from, tls, wrote } = following;
  const { heartbeatPeriodSeconds: heartbeat, connectRetrySeconds: retry } = following;
  const byGtid = from === 'gtid' || from === 'current_pos';
  return [
    ...(exists ? [stopReplica(column, channel)] : []),
    ...(wrote && byGtid && column.flavour === 'mariadb' ? [standWhereLogEnds()] : []),
    changeSource(column, channel, {
      ...source.address,
      login: login === undefined ? undefined : { user: login, password: { secret: 'replication' } },
      from,
      tls,
      ...(retry === undefined ? {} : { connectRetrySeconds: retry }),
      ...(heartbeat === undefined ? {} : { heartbeatPeriodSeconds: heartbeat }),
    }),
  ];
}

function begins({ gtid }: Channel, { from, column }: Following): boolean {
  if (from === 'current_pos') return gtid.mode === 'current_pos';
  if (from === 'gtid') return gtid.mode === (column.flavour === 'mysql' ? 'auto' : 'slave_pos');
  return from === 'kept' || gtid.mode === 'off';
}
