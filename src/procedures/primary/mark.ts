import type { Column } from '../../dialects/capabilities.js';
import { notedCoordinates, notedGtid } from '../../dialects/primary-statements.js';
import { plainSql, sql } from '../../domain/action.js';
import type { ServerName } from '../../domain/snapshot.js';
import type { Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { viewOf } from '../view.js';
import { channelOf, type Following } from './follow.js';
import { hasApplied, hasExecuted, marked, notedPosition } from './positions.js';

/**
 * A first write, which shows that the new primary takes any, and that everybody must have: what a channel says of
 * itself is not taken for it.
 * @param within seconds that the slowest may take to apply what it has received
 */
export function mark(server: ServerName, column: Column, followings: readonly Following[], within = 90): Step {
  return {
    id: 'mark',
    title: `Write a row on ${server}${followings.length === 0 ? '' : ', and see that everybody has it'}`,
    plan: [
      change(
        server,
        plainSql('CREATE DATABASE IF NOT EXISTS lockstep'),
        plainSql(
          'CREATE TABLE IF NOT EXISTS lockstep.changes (id TINYINT PRIMARY KEY, server VARCHAR(255) NOT NULL, at TIMESTAMP NOT NULL)',
        ),
        sql`REPLACE INTO lockstep.changes (id, server, at) VALUES (1, ${server}, NOW())`,
        notedGtid(column, marked),
        notedCoordinates(column, marked),
      ),
    ],
    done: (seen) =>
      notedPosition(seen.notes, marked) !== undefined &&
      followings.every(({ replica, channel, from }) =>
        typeof from === 'string'
          ? hasApplied(viewOf(seen).server(replica)?.facts, seen.notes[marked.gtid])
          : hasExecuted(channelOf(seen, { replica, channel }), notedPosition(seen.notes, marked)),
      ),
    within,
  };
}
