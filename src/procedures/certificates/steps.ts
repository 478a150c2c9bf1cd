import { startReplica, stopReplica } from '../../dialects/replication-statements.js';
import { reloadTls } from '../../dialects/tls-statements.js';
import { sql, type Action } from '../../domain/action.js';
import type { PlaceAction, StageAction } from '../../domain/certificate-action.js';
import type { Scene } from '../../domain/scene.js';
import type { ServerSnapshot } from '../../domain/snapshot.js';
import type { Seen, Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { viewOf } from '../view.js';
import { isBroken, isReceiving, linksOf, serverChanges, type Exchange, type Link } from './exchange.js';
import {
  clientCertificate,
  readyCertificate,
  serverCertificate,
  trustedBy,
  trusting,
  type Trusting,
  keysStaying,
} from './holder.js';
import { handshakes, logins } from './rehearsal.js';

/**
 * Make ready, rehearse, let it be read, reload, and let every link shake hands anew, one after the other. Whatever fails
 * puts the files back that were there, and reloads those; a link that could not connect is then made to try again.
 */
export function exchangeSteps(exchange: Exchange, scene: Scene): readonly Step[] {
  const links = linksOf(exchange, scene);
  return [
    stage(exchange),
    rehearse(exchange, scene),
    place(exchange),
    ...(serverChanges(exchange) ? [load(exchange)] : []),
    ...links.map((link, index) => reconnect(exchange, link, index)),
  ];
}

function stage({ holder, prefix, leaves, trust }: Exchange): Step {
  const { next, previous, discarded } = notesOf(prefix);
  const action: StageAction = {
    kind: 'stage-certificates',
    on: holder.name,
    directory: holder.own.directory,
    files: holder.files,
    leaves: leaves.map(({ leaf }) => leaf),
    trust,
    ...keysStaying(holder),
    noteAs: { next, previous },
  };
  const what = leaves.length === 0 ? 'the authorities that' : 'new certificates for';
  return {
    id: `${prefix}stage`,
    title: `Lay ${what} ${holder.name}${leaves.length === 0 ? ' is to trust' : ''} beside those in use`,
    plan: [action],
    done: ({ notes }) => notes[next] !== undefined,
    undo: {
      plan: [{ kind: 'discard-certificates', on: holder.name, directory: holder.own.directory, noteAs: discarded }],
      done: ({ notes }) => notes[discarded] !== undefined,
    },
    within: 120,
  };
}

function rehearse(exchange: Exchange, scene: Scene): Step {
  const { holder, prefix } = exchange;
  const { rehearsed } = notesOf(prefix);
  const plan: readonly Action[] = [handshakes(exchange, scene, rehearsed), ...logins(exchange, scene, rehearsed)];
  const gives = plan.flatMap((action) =>
    'noteAs' in action && typeof action.noteAs === 'string' ? [action.noteAs] : [],
  );
  return {
    id: `${prefix}rehearse`,
    title: `Shake hands with what is to come on ${holder.name}, as everybody who will meet it`,
    plan,
    done: ({ notes }) => gives.every((note) => notes[note] !== undefined),
    within: 60,
  };
}

function place(exchange: Exchange): Step {
  const { holder, prefix } = exchange;
  return {
    id: `${prefix}place`,
    title: `Let ${holder.name} read them, all at once`,
    plan: [placed(exchange, 'next')],
    done: (seen) => isPlaced(exchange, seen),
    undo: { plan: putBack(exchange), done: (seen) => isBack(exchange, seen) },
  };
}

function load(exchange: Exchange): Step {
  const { holder, prefix } = exchange;
  const { loaded } = notesOf(prefix);
  const words = holder.column.reloadsTls
    ? 'read its certificates anew'
    : 'start anew, for it reads its certificates only then';
  return {
    id: `${prefix}load`,
    title: `Let ${holder.name} ${words}, and see on the wire what it serves`,
    plan: loading(exchange),
    done: (seen) => seen.notes[loaded] !== undefined && isPlaced(exchange, seen) && serves(exchange, seen),
    within: holder.column.reloadsTls ? 30 : 180,
  };
}

/** Sessions outlive a certificate that nobody would accept any more, until they break for another reason. */
function reconnect(exchange: Exchange, link: Link, index: number): Step {
  const { prefix } = exchange;
  const note = `${prefix}reconnected-${index + 1}`;
  const again = reconnecting(link, note);
  const source = link.source?.name ?? 'its source';
  return {
    id: `${prefix}reconnect-${index + 1}`,
    title: isBroken(link)
      ? `Let ${link.words}, which cannot connect to ${source} as it is, try anew`
      : `Let ${link.words} connect to ${source} anew, and see it receive`,
    plan: [again],
    done: (seen) => seen.notes[note] !== undefined && (isBroken(link) || receives(link, seen)),
    undo: {
      plan: [...putBack(exchange), again],
      // One that did not receive before need not do so for all to be as before.
      done: (seen) => isBack(exchange, seen) && (!isReceiving(link.channel) || receives(link, seen)),
    },
  };
}

function reconnecting({ replica, column, channel }: Link, note: string): Action {
  return change(replica, stopReplica(column, channel.name, 'io'), startReplica(column, channel.name, 'io'), {
    ...sql`SELECT UTC_TIMESTAMP() AS at`,
    notes: { at: note },
  });
}

function loading({ holder, prefix }: Exchange): readonly Action[] {
  const { loaded } = notesOf(prefix);
  const statement = reloadTls(holder.column);
  if (statement !== undefined)
    return [change(holder.name, statement, { ...sql`SELECT UTC_TIMESTAMP() AS at`, notes: { at: loaded } })];
  const [service = ''] = holder.own.services;
  return [{ kind: 'restart', on: holder.name, service, noteAs: loaded }];
}

/** The files that were there, and the server told so. */
function putBack(exchange: Exchange): readonly Action[] {
  return [placed(exchange, 'previous'), ...(serverChanges(exchange) ? loading(exchange) : [])];
}

function placed({ holder, prefix }: Exchange, which: 'next' | 'previous'): PlaceAction {
  const { directory } = holder.own;
  const notes = notesOf(prefix);
  return {
    kind: 'place-certificates',
    on: holder.name,
    directory,
    files: holder.files,
    generation: { note: notes[which] },
    over: { note: notes[which === 'next' ? 'previous' : 'next'] },
    ...keysStaying(holder),
  };
}

/** Whether the files that the server and its channels name hold what is new. */
function isPlaced(exchange: Exchange, seen: Seen): boolean {
  const { leaves, trust, holder, added } = exchange;
  const server = viewOf(seen).server(holder.name);
  return (
    leaves.every(({ leaf, present }) =>
      inFiles(server, present).every((print) => print !== undefined && print === seen.notes[leaf.noteAs]),
    ) &&
    trust.every(({ file, drop }) =>
      trusting(holder, file).every((of) => {
        const prints = trustedBy(server, of).map(({ fingerprint }) => fingerprint);
        return (
          prints.length > 0 &&
          added.every((one) => prints.includes(one.fingerprint)) &&
          !drop.some((one) => prints.includes(one))
        );
      }),
    )
  );
}

/**
 * Whether files, and what is served, are what they were when it was planned. Where it served another certificate than its
 * file held, it serves that of the file once it was told of the files anew, and nothing brings the other one back.
 */
function isBack(exchange: Exchange, seen: Seen): boolean {
  const { leaves, trust, holder } = exchange;
  const server = viewOf(seen).server(holder.name);
  const now = leaves.flatMap(({ present }) => inFiles(server, present));
  const before = leaves.flatMap(({ present }) => inFiles(holder.server, present));
  const served = [servedPrint(holder.server), serverCertificate(holder.server, 'file')?.fingerprint];
  const same = (of: Trusting) => prints(server, of) === prints(holder.server, of);
  return (
    server?.facts !== undefined &&
    now.every((print, index) => print !== undefined && print === before[index]) &&
    trust.every(({ file }) => trusting(holder, file).every(same)) &&
    (!leaves.some(({ present }) => present.use !== 'client') || served.includes(servedPrint(server)))
  );
}

function serves({ holder, leaves }: Exchange, seen: Seen): boolean {
  const server = viewOf(seen).server(holder.name);
  const leaf = leaves.find(({ present }) => present.use !== 'client')?.leaf;
  const { login } = server ?? {};
  return (
    login?.failure === undefined &&
    login?.handshake !== undefined &&
    (holder.own.checked === undefined || login.handshake.verification?.verified === true) &&
    (leaf === undefined || holder.own.checked === undefined || servedPrint(server) === seen.notes[leaf.noteAs])
  );
}

function receives({ replica, channel }: Link, seen: Seen): boolean {
  const now = viewOf(seen).channel(replica, channel.name);
  return now !== undefined && isReceiving(now);
}

/** Of each file that holds a certificate, its SHA-256: the server's own, then those of its channels. */
function inFiles(server: ServerSnapshot | undefined, present: Exchange['leaves'][number]['present']) {
  return [
    ...(present.use === 'client' ? [] : [serverCertificate(server, 'file')?.fingerprint]),
    ...present.channels.map(({ name }) => clientCertificate(server, name)?.fingerprint),
    ...(present.use === 'client' && present.channels.length === 0 ? [readyCertificate(server)?.fingerprint] : []),
  ];
}

function prints(server: ServerSnapshot | undefined, of: Trusting): string {
  return trustedBy(server, of)
    .map(({ fingerprint }) => fingerprint)
    .join();
}

function servedPrint(server: ServerSnapshot | undefined): string | undefined {
  return serverCertificate(server, 'handshake')?.fingerprint;
}

function notesOf(prefix: string) {
  const named = (name: string) => `${prefix}${name}`;
  return {
    next: named('next-generation'),
    previous: named('previous-generation'),
    discarded: named('discarded'),
    rehearsed: named('rehearsed'),
    loaded: named('loaded'),
  };
}
