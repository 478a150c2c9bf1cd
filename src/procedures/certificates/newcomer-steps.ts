import path from 'node:path/posix';
import { configurationChecks, turnTlsOff, turnTlsOn } from '../../dialects/tls-options.js';
import type { Action } from '../../domain/action.js';
import type {
  CheckConfigurationAction,
  OptionFileAction,
  Peer,
  PlaceAction,
  RestartAction,
} from '../../domain/certificate-action.js';
import { channelText } from '../../domain/problems/check.js';
import type { Scene, SiteOptionFiles } from '../../domain/scene.js';
import type { Seen, Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { stepsFor } from '../secure-channel/steps.js';
import { viewOf } from '../view.js';
import { channelsOf, type NewcomerChannel } from './newcomer-channels.js';
import { firstLeaf, newFiles, offersTls, type Newcomer } from './newcomer.js';
import { isReached } from './rehearsal.js';

const notes = {
  next: 'next-generation',
  previous: 'previous-generation',
  discarded: 'discarded',
  rehearsed: 'rehearsed',
  accepted: 'options-accepted',
  placed: 'placed',
  file: 'option-file',
  checked: 'configuration-checked',
  restarted: 'restarted',
  served: 'served',
  back: 'turned-off-again',
} as const;

/** What Lockstep's option file is called: the last that servers read, which take them by their names. */
const optionFileName = 'zz-lockstep-tls.cnf';
/** What a file of the sort before held, once it was taken back. */
const asBefore = 'as before';

/**
 * Make ready, rehearse, place, configure, turn on: until then all of it is taken back, and the server runs without it
 * again. Then channels, one after the other, of which the first is the commit point: a channel that speaks TLS alone
 * would not outlive its end.
 */
export function newcomerSteps(newcomer: Newcomer, optionFiles: SiteOptionFiles, scene: Scene): readonly Step[] {
  const channels = channelsOf(newcomer, scene);
  const repointed = channels.filter(({ tls }) => tls !== undefined);
  return [
    stage(newcomer),
    rehearse(newcomer, optionFiles, channels, scene),
    place(newcomer),
    configure(newcomer, optionFiles),
    turnOn(newcomer, optionFiles),
    ...repointed.flatMap(({ subject, tls }, index) =>
      tls === undefined ? [] : stepsFor(subject, tls, { prefix: `channel-${index + 1}-`, committed: index > 0 }),
    ),
  ];
}

function stage(newcomer: Newcomer): Step {
  const { name, own, site } = newcomer;
  return {
    id: 'stage',
    title: `Make a certificate for ${name}, where nothing reads it yet`,
    plan: [
      {
        kind: 'stage-certificates',
        on: name,
        directory: own.directory,
        files: allFiles,
        leaves: [firstLeaf(newcomer)],
        trust: [{ file: newFiles.trust, add: [site.authority], drop: [] }],
        ...keysStaying(newcomer),
        noteAs: { next: notes.next, previous: notes.previous },
      },
    ],
    done: ({ notes: learned }) => learned[notes.next] !== undefined,
    undo: {
      plan: [{ kind: 'discard-certificates', on: name, directory: own.directory, noteAs: notes.discarded }],
      done: ({ notes: learned }) => learned[notes.discarded] !== undefined,
    },
    within: 120,
  };
}

function rehearse(
  newcomer: Newcomer,
  optionFiles: SiteOptionFiles,
  channels: readonly NewcomerChannel[],
  scene: Scene,
): Step {
  const { name, own, paths } = newcomer;
  const peers = peersOf(newcomer, channels, scene);
  return {
    id: 'rehearse',
    title: `Shake hands with it as everybody who will meet it, and let the program of ${name} say that it takes the options`,
    plan: [
      {
        kind: 'rehearse-certificates',
        on: name,
        directory: own.directory,
        ...(newcomer.site.keys === 'host' ? { keysStay: true as const } : {}),
        serves: { pair: { certificate: newFiles.certificate, key: newFiles.key }, peers },
        presents: channels.flatMap(({ subject: { replica, source }, tls }) => {
          const caFile = source?.facts?.tls?.caFile;
          if (replica.name !== name || tls?.certFile !== paths.certFile || source === undefined || caFile === undefined)
            return [];
          if (!isReached(source.name, scene)) return [];
          const pair = { certificate: newFiles.certificate, key: newFiles.key };
          return [{ pair, to: { name: source.name, file: { on: source.name, path: caFile } } }];
        }),
        noteAs: notes.rehearsed,
      },
      check(newcomer, optionFiles, true),
    ],
    done: ({ notes: learned }) => learned[notes.rehearsed] !== undefined && learned[notes.accepted] !== undefined,
    within: 60,
  };
}

function peersOf({ name, own }: Newcomer, channels: readonly NewcomerChannel[], scene: Scene): readonly Peer[] {
  const view = viewOf(scene);
  const replicas = view.topology.links.flatMap(({ replica, channel: of, source }): readonly Peer[] => {
    const channel = view.channel(replica, of);
    const next = channels.find(({ subject }) => subject.replica.name === replica && subject.channel.name === of)?.tls;
    const tls = next ?? channel?.tls;
    if (source !== name || channel === undefined || tls?.caFile === undefined || !isReached(replica, scene)) return [];
    if (next === undefined && !channel.tls.enabled) return [];
    const expects = tls.verify ? channel.source.host : undefined;
    return [{ name: channelText({ server: replica, channel: of }), file: { on: replica, path: tls.caFile }, expects }];
  });
  // Where Lockstep does not look, whoever trusts the authority is to accept it.
  const client: Peer =
    own.checked === undefined
      ? {
          name: 'a client',
          file: { on: name, path: path.join(own.directory, 'next', newFiles.trust) },
          expects: own.names[0],
        }
      : { name: 'Lockstep', file: 'lockstep', expects: own.checked.name };
  return [...replicas, client];
}

function place(newcomer: Newcomer): Step {
  return {
    id: 'place',
    title: `Put it where ${newcomer.name} will look for it`,
    plan: [placed(newcomer, 'next')],
    done: ({ notes: learned }) => isPlaced(learned),
    undo: {
      plan: [putBack(newcomer)],
      done: ({ notes: learned }) => learned[notes.placed] === learned[notes.previous],
    },
  };
}

function configure(newcomer: Newcomer, optionFiles: SiteOptionFiles): Step {
  const { name } = newcomer;
  return {
    id: 'configure',
    title: `Write an option file for ${name}, and let its own program read the whole configuration`,
    plan: [optionFile(newcomer, optionFiles, 'put'), check(newcomer, optionFiles, false)],
    done: ({ notes: learned }) => learned[notes.checked] !== undefined,
    undo: {
      plan: [optionFile(newcomer, optionFiles, 'take-back')],
      done: ({ notes: learned }) => learned[notes.file] === asBefore,
    },
    within: 60,
  };
}

function turnOn(newcomer: Newcomer, optionFiles: SiteOptionFiles): Step {
  const { name, site, way } = newcomer;
  const how = way === 'reload' ? `Turn TLS on, on ${name}` : `Restart ${name}, which turns TLS on`;
  return {
    id: 'turn-on',
    title: `${how}, and see on the wire what it serves`,
    plan: [
      ...turning(newcomer, 'on'),
      {
        kind: 'meet-certificate',
        on: name,
        authority: site.authority,
        expects: { note: firstLeaf(newcomer).noteAs },
        noteAs: notes.served,
      },
    ],
    done: (seen) => serves(newcomer, seen),
    undo: {
      // A server that is down because of them needs them gone before it starts.
      plan: [optionFile(newcomer, optionFiles, 'take-back'), putBack(newcomer), ...turning(newcomer, 'off')],
      done: (seen) => seen.notes[notes.file] === asBefore && isAsBefore(newcomer, seen),
    },
    within: way === 'reload' ? 30 : 180,
  };
}

function turning(newcomer: Newcomer, to: 'on' | 'off'): readonly Action[] {
  const { name, column, paths, facts, own, way } = newcomer;
  if (way === 'reload' && facts?.tls !== undefined)
    return [change(name, ...(to === 'on' ? (turnTlsOn(column, paths) ?? []) : turnTlsOff(facts.tls)))];
  const [service = ''] = own.services;
  const restart: RestartAction = {
    kind: 'restart',
    on: name,
    service,
    until: 'greeting',
    noteAs: to === 'on' ? notes.restarted : notes.back,
  };
  return [restart];
}

function placed(newcomer: Newcomer, which: 'next' | 'previous'): PlaceAction {
  const { name, own } = newcomer;
  return {
    ...keysStaying(newcomer),
    kind: 'place-certificates',
    on: name,
    directory: own.directory,
    files: allFiles,
    generation: { note: notes[which] },
    over: { note: notes[which === 'next' ? 'previous' : 'next'] },
    noteAs: notes.placed,
  };
}

function putBack(newcomer: Newcomer): PlaceAction {
  return placed(newcomer, 'previous');
}

function optionFile(
  newcomer: Newcomer,
  { directory }: SiteOptionFiles,
  act: OptionFileAction['act'],
): OptionFileAction {
  return {
    kind: 'option-file',
    on: newcomer.name,
    act,
    file: path.join(directory, optionFileName),
    lines: newcomer.options.map(([option, value]) => (value === true ? option : `${option} = ${value}`)),
    mark: { note: firstLeaf(newcomer).noteAs },
    noteAs: notes.file,
  };
}

function check(
  { name, column, options }: Newcomer,
  { command }: SiteOptionFiles,
  asWords: boolean,
): CheckConfigurationAction {
  return {
    kind: 'check-configuration',
    on: name,
    command,
    checks: configurationChecks(column, options, asWords),
    noteAs: asWords ? notes.accepted : notes.checked,
  };
}

function isPlaced(learned: Seen['notes']): boolean {
  return learned[notes.placed] !== undefined && learned[notes.placed] === learned[notes.next];
}

/** Its greeting offers TLS, and the new certificate was met; where Lockstep logs in over TLS, this look has met it too. */
function serves(newcomer: Newcomer, seen: Seen): boolean {
  const { name, own } = newcomer;
  const server = viewOf(seen).server(name);
  const wanted = seen.notes[firstLeaf(newcomer).noteAs];
  const handshake = server?.login?.handshake;
  return (
    isPlaced(seen.notes) &&
    wanted !== undefined &&
    seen.notes[notes.served] === wanted &&
    offersTls(server) === true &&
    server?.facts !== undefined &&
    (own.checked === undefined ||
      (handshake?.verification?.verified === true && handshake.chain[0]?.fingerprint === wanted))
  );
}

/** It answers, as it did when it was planned: what it once said when it greeted is remembered of one that is down. */
function isAsBefore({ name, server: before }: Newcomer, seen: Seen): boolean {
  const server = viewOf(seen).server(name);
  const login = server?.login;
  return (
    login?.handshake !== undefined &&
    login.failure?.reason === before.login?.failure?.reason &&
    offersTls(server) === false
  );
}

function keysStaying({ site }: Newcomer): { readonly keysStay?: readonly string[] } {
  return site.keys === 'host' ? { keysStay: [newFiles.key] } : {};
}

const allFiles = Object.values(newFiles);
