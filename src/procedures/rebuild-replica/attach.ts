import { comparingSession, standsAt, waitsFor } from '../../dialects/comparing-statements.js';
import { closeToSuper, isClosed } from '../../dialects/read-only.js';
import { stopReplica } from '../../dialects/replication-statements.js';
import { plainSql, sql, type Action } from '../../domain/action.js';
import type { Scene } from '../../domain/scene.js';
import type { Seen, Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { follow, isFollowing, type Following } from '../primary/follow.js';
import { columnOf, viewOf } from '../view.js';
import { discardStep } from './copy-steps.js';
import { notes } from './notes.js';
import type { Subject } from './subject.js';

/** Like those of other procedures. */
const [chunkSeconds, waitSeconds, atMost] = [0.25, 10, 14 * 86_400];

/** The copy follows the primary, with every word of TLS, from where it was taken. */
export function attachSteps(scene: Scene, subject: Subject): readonly Step[] {
  const following = followingOf(scene, subject);
  if (following === undefined) return [];
  const [point, start] = follow(following);
  if (point === undefined || start === undefined) return [];
  const { column } = following;
  // A copied channel may read from the right source already, on a server that is not closed to everybody yet.
  const closed = (seen: Seen) => {
    const state = viewOf(seen).server(subject.name)?.facts?.state;
    return closeToSuper(column).length === 0 || (state !== undefined && isClosed(column, state));
  };
  const pointed = { ...point, done: (seen: Seen) => point.done(seen) && closed(seen) };
  return [pointed, { ...start, done: (seen) => isFollowing(seen, following), within: 120 }];
}

/** Nothing of the old goes before the new was found equal. */
export function compareStep(scene: Scene, subject: Subject): readonly Step[] {
  const { name, server, primary, emptying, discards } = subject;
  if (server?.facts === undefined || primary?.facts === undefined) return [];
  const [here, there] = [columnOf(server.facts), columnOf(primary.facts)];
  const { gtid } = primary.facts;
  return [
    {
      id: 'compare',
      title: `Compare every row of ${name} with ${primary.name}, while both are at work`,
      plan: [
        {
          kind: 'verify',
          on: name,
          with: primary.name,
          channel: '',
          sessions: { source: comparingSession(there), replica: comparingSession(here) },
          position: standsAt(there, gtid),
          wait: waitsFor(here, gtid, { name: '' }, waitSeconds),
          chunkSeconds,
          noteAs: 'verified',
          mustEqual: true,
        },
      ],
      done: (seen) => seen.notes['verified'] === 'equal',
      within: atMost,
      // It goes on where a connection was lost.
      attempts: 3,
    },
    // Where it was emptied before, nothing was kept.
    ...(emptying !== undefined && discards ? [] : [discardStep(scene, subject)]),
  ];
}

function followingOf(scene: Scene, subject: Subject): Following | undefined {
  const { name, server, primary, donor, channel, tls, method } = subject;
  const user = scene.site.accounts.replication?.user;
  const address = scene.site.servers.find((one) => one.name === primary?.name)?.address;
  if (server?.facts === undefined || primary === undefined || donor === undefined) return undefined;
  if (user === undefined || address === undefined || tls === undefined) return undefined;
  const column = columnOf(server.facts);
  const mysql = column.flavour === 'mysql';
  // MySQL's CLONE copies the channels of its donor, and starts them.
  const copied = method === 'clone' && (donor.facts.channels?.length ?? 0) > 0;
  const before: Action[] = mysql
    ? copied
      ? [change(name, stopReplica(column, ''))]
      : []
    : [
        // A log that lies outside the data is still that of before, and would speak against the new place.
        ...(server.facts.binlog?.enabled === false ? [] : [change(name, plainSql('RESET MASTER'))]),
        change(name, sql`SET GLOBAL gtid_slave_pos = ${{ note: notes.copied }}`),
      ];
  const closed = closeToSuper(column).map((statement) => change(name, statement));
  return {
    replica: name,
    column,
    channel: '',
    exists: false,
    source: { name: primary.name, address },
    login: user,
    from: 'gtid',
    tls,
    heartbeatPeriodSeconds: channel?.heartbeatPeriodSeconds,
    wrote: false,
    before: [...closed, ...before],
    section: 'attach',
  };
}
