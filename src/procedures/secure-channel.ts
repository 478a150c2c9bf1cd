import type { Parameters, Scene } from '../domain/scene.js';
import { spell } from '../domain/spell.js';
import type { Need, Procedure, Step } from '../engine/procedure.js';
import { refusalsFor } from './secure-channel/refusals.js';
import { stepsFor } from './secure-channel/steps.js';
import { fetchesAgain, reasonsToAsk, subjectOf, type Subject } from './secure-channel/subject.js';
import { given, identityPremise, viewOf } from './view.js';

/**
 * Re-points a channel to its own source with every TLS option, after a login with the very files that it will use, and
 * sees on both ends that it is encrypted. Nothing else about the channel changes, and none of what it received is lost.
 */
export const secureChannel: Procedure = {
  name: 'secure-channel',
  purpose: 'Let a replication channel speak TLS alone, and verify whom it talks to',
  parameters: [
    { name: 'server', kind: 'server', required: true, help: 'the replica' },
    {
      name: 'channel',
      kind: 'channel',
      required: false,
      default: '',
      help: 'the channel; default the one without a name',
    },
    {
      name: 'rehearsal',
      kind: 'choice',
      values: ['full', 'partial'],
      required: false,
      help: 'full: log in with the files of the replica first; partial: what Lockstep itself sees of the source has to do. Default full where `hosts` reaches the replica, unless keys stay there',
    },
  ],
  locks: 'server',
  needed,
  refusals: (scene, parameters) => withSubject(scene, parameters, (subject) => refusalsFor(subject, scene)),
  asks,
  premises,
  steps,
  remarks: (scene, parameters) => withSubject(scene, parameters, remarksFor),
};

function needed(scene: Scene, parameters: Parameters): Need {
  const subject = subjectOf(scene, parameters);
  if (subject === undefined) return unseen(scene, parameters);
  const { channel, relation, words, sourceWords, tls } = subject;
  const yes = (why: string): Need => ({ observed: 'yes', why });
  if (!channel.tls.enabled) return yes(`${words} replicates from ${sourceWords} without TLS`);
  if (relation.tls.negotiated === false)
    return yes(`${words} says TLS, and its stream from ${sourceWords} is not encrypted`);
  if (channel.tls.verify) return { observed: 'no', why: `${words} speaks TLS alone, and verifies ${sourceWords}` };
  if (relation.tls.fallbackPossible === true)
    return yes(`${words} does not verify ${sourceWords}, and would go on in plaintext if that stopped offering TLS`);
  if (tls?.verify !== false || channel.tls.caFile === undefined)
    return yes(`${words} does not verify that it talks to ${sourceWords}`);
  return relation.tls.fallbackPossible === false
    ? { observed: 'no', why: `${words} verifies the authority of ${sourceWords} alone, as the configuration wants it` }
    : {
        observed: 'unknown',
        why: `whether ${words} would go on in plaintext cannot be seen while ${sourceWords} is not`,
      };
}

function unseen(scene: Scene, parameters: Parameters): Need {
  const name = given(parameters, 'server');
  const server = viewOf(scene).server(name);
  if (server?.facts?.channels === undefined)
    return {
      observed: 'unknown',
      why: `the replication of ${name} cannot be seen: ${server?.failure?.message ?? 'no answer'}`,
    };
  return { observed: 'no', why: `${name} has no channel "${given(parameters, 'channel')}"` };
}

function asks(scene: Scene, parameters: Parameters): string | undefined {
  const reasons = withSubject(scene, parameters, reasonsToAsk);
  return reasons.length === 0 ? undefined : reasons.join('; and ');
}

/** Who both ends are, how the channel is set up, and which of its threads run; never positions or lag. */
function premises(scene: Scene, parameters: Parameters): unknown {
  const subject = subjectOf(scene, parameters);
  if (subject === undefined) return undefined;
  const { replica, facts, channel, source, relation, runs, rehearsal, site } = subject;
  return {
    server: replica.name,
    identity: identityPremise(facts.identity),
    source: source?.facts && { name: source.name, ...identityPremise(source.facts.identity) },
    channel: {
      name: channel.name,
      source: { host: channel.source.host, port: channel.source.port, user: channel.source.user },
      gtid: channel.gtid.mode,
      delay: channel.delaySeconds,
      heartbeat: channel.heartbeatPeriodSeconds,
      tls: channel.tls,
    },
    reads: relation.source,
    runs,
    rehearsal,
    account: site.accounts.replication,
  };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const subject = subjectOf(scene, parameters);
  return subject?.tls === undefined ? [] : stepsFor(subject, subject.tls);
}

function remarksFor(subject: Subject): readonly string[] {
  const { words, sourceWords, channel, runs, rehearsal, tls, column } = subject;
  const bytes = channel.relayLogBytes === undefined ? '' : ` (its relay log has ${channel.relayLogBytes} bytes)`;
  return [
    `Once it is changed, ${words} does not go back to plaintext by itself: if it cannot connect, the run needs a human.`,
    ...(rehearsal === 'partial'
      ? [`Not rehearsed: the certificate, the key and the authority of ${words}, and the password that it has.`]
      : []),
    ...(fetchesAgain(subject)
      ? [`What ${words} has received and not applied is thrown away${bytes}, and fetched from ${sourceWords} again.`]
      : []),
    ...(runs.io
      ? []
      : [`The receiver of ${words} was stopped on purpose and stays so: encrypted it is seen only later.`]),
    ...(runs.sql ? [] : [`The applier of ${words} was stopped on purpose and stays so.`]),
    ...(channel.delaySeconds === 0 ? [] : [`${words} stays ${spell(channel.delaySeconds)} behind on purpose.`]),
    ...(tls?.crlFile === undefined && tls?.crlPath === undefined
      ? []
      : [`Its list of revoked certificates stays, and is no part of the rehearsal.`]),
    ...(column.flavour === 'mysql' && channel.heartbeatPeriodSeconds === undefined
      ? [`Its heartbeat period is not known, and becomes half of replica_net_timeout.`]
      : []),
    ...semiSyncRemark(subject),
  ];
}

function semiSyncRemark({ source, sourceWords, runs }: Subject): readonly string[] {
  const semiSync = source?.facts?.semiSync?.source;
  if (!runs.io || semiSync?.active !== true || semiSync.clients > 1) return [];
  const bound = semiSync.timeoutSeconds === undefined ? '' : `, at most ${spell(semiSync.timeoutSeconds)}`;
  return [`It is the only replica that ${sourceWords} waits for: commits wait until it is back${bound}.`];
}

function withSubject<T>(scene: Scene, parameters: Parameters, of: (subject: Subject) => readonly T[]): readonly T[] {
  const subject = subjectOf(scene, parameters);
  return subject === undefined ? [] : of(subject);
}
