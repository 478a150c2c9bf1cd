import { startReplica } from '../dialects/replication-statements.js';
import { isFurther } from '../domain/log-position.js';
import { channelText } from '../domain/problems/check.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { Channel, ServerFacts, ServerName, ServerSnapshot } from '../domain/snapshot.js';
import { spell } from '../domain/spell.js';
import type { Need, Procedure, Refusal, Seen, Step } from '../engine/procedure.js';
import { connectingRefusal, standingRefusals } from './channel-refusals.js';
import { errorWords, standingOf, type Standing } from './standing.js';
import { columnOf, given, identityPremise, viewOf, type View } from './view.js';

/**
 * Starts the threads of one channel that stand, and those alone, once the numbers of their errors say that time is all
 * that was needed. Nothing is ever skipped: each goes on from where it stood. A thread that is connecting is none that
 * START would help.
 */
export const restartReplication: Procedure = {
  name: 'restart-replication',
  purpose: 'Start the stopped threads of a replication channel again, after errors that pass by themselves',
  parameters: [
    { name: 'server', kind: 'server', required: true, help: 'the replica' },
    {
      name: 'channel',
      kind: 'channel',
      required: false,
      default: '',
      help: 'the channel; default the one without a name',
    },
  ],
  locks: 'server',
  needed,
  refusals,
  asks,
  premises,
  steps,
  remarks,
};

function needed(scene: Scene, parameters: Parameters): Need {
  const sight = sightOf(scene, parameters);
  const { name, channel, facts, source } = sight;
  if (facts?.channels === undefined)
    return unknown(`the replication of ${name} cannot be seen: ${sight.server?.failure?.message ?? 'no answer'}`);
  if (channel === undefined) return { observed: 'no', why: `${name} has no channel "${sight.channelName}"` };
  if (sight.standing.length === 0 && channel.io === 'running')
    return { observed: 'no', why: `both threads of ${sight.words} run` };
  if (sight.standing.length === 0 && channel.ioError === undefined)
    return unknown(`${sight.words} is connecting to ${addressOf(channel)}, and has met no error so far`);
  if (ioStands(sight) && source !== undefined && source.facts === undefined && refusals(scene, parameters).length === 0)
    return unknown(`${sight.words} can go on once its source answers: ${source.failure?.message ?? source.name}`);
  return { observed: 'yes', why: conditionOf(sight) };
}

function refusals(scene: Scene, parameters: Parameters): readonly Refusal[] {
  const sight = sightOf(scene, parameters);
  const { channel, facts, standing, words } = sight;
  if (facts === undefined || channel === undefined) return [];
  const { flavour } = facts.identity;
  const connecting =
    channel.io === 'connecting' && channel.ioError !== undefined
      ? [connectingRefusal(channel.ioError, flavour, words, addressOf(channel))]
      : [];
  const found = [...connecting, ...standingRefusals(standing, words)];
  return found.length > 0 ? found : [...logRefusals(sight), ...plaintextRefusals(sight)];
}

/** The source no longer has what it would read next: it would only stop again. */
function logRefusals(sight: Sight): readonly Refusal[] {
  if (sight.relation?.sourceLogAvailable !== false) return [];
  return [
    {
      reason: 'place-lost',
      why: `the source of ${sight.words} no longer has the binary log that it reads next`,
      remedy: 'The replica must be rebuilt: rebuild-replica, by hand docs/runbooks/SourceLogPurged.md.',
    },
  ];
}

/** MariaDB with verification off would connect in plaintext, saying nothing. */
function plaintextRefusals(sight: Sight): readonly Refusal[] {
  const { channel, relation, source } = sight;
  const offered = source?.facts?.tls?.haveSsl;
  if (!ioStands(sight) || channel?.tls.enabled !== true || offered === undefined || offered === 'YES') return [];
  if (relation?.tls.fallbackPossible === false) return [];
  return [
    {
      reason: 'source-without-tls',
      why: `${source?.name ?? 'the source'} offers no TLS, and ${sight.words} would go on in plaintext without a word`,
      remedy: 'Turn TLS on at the source first: docs/runbooks/TlsOff.md.',
    },
  ];
}

function asks(scene: Scene, parameters: Parameters): string | undefined {
  const { standing, words } = sightOf(scene, parameters);
  const stopped = standing.filter(({ byHand }) => byHand);
  const [first] = stopped;
  if (first === undefined) return undefined;
  const threads =
    stopped.length === 2 ? `both threads of ${words} stand` : `the ${first.thread} thread of ${words} stands`;
  return stopped.every(({ error }) => error === undefined)
    ? `${threads} without an error: somebody stopped ${stopped.length === 2 ? 'them' : 'it'}, and may have a reason`
    : `${threads}, although this version tries to connect for months by itself: somebody stopped it, and may have a reason`;
}

function premises(scene: Scene, parameters: Parameters): unknown {
  const { name, channelName, channel, facts, standing, source } = sightOf(scene, parameters);
  return {
    server: name,
    identity: facts && identityPremise(facts.identity),
    channel: channel && {
      name: channelName,
      source: { ...channel.source, server: source?.name },
      gtid: channel.gtid.mode,
      delay: channel.delaySeconds,
      tls: channel.tls,
    },
    stands: standing.map(({ thread, error }) => ({ thread, errno: error?.errno ?? 0 })),
  };
}

function steps(scene: Scene, parameters: Parameters): readonly Step[] {
  const { name, channelName, channel, facts, standing, words } = sightOf(scene, parameters);
  const [first] = standing;
  if (facts === undefined || channel === undefined || first === undefined) return [];
  const both = standing.length === 2;
  const thread = both ? undefined : first.thread === 'IO' ? 'io' : 'sql';
  const statement = startReplica(columnOf(facts), channelName, thread);
  return [
    {
      id: 'start',
      title: `Start ${both ? 'both threads' : `the ${first.thread} thread`} of ${words}, and see it go on${channel.tls.enabled ? ', over TLS as before' : ''}`,
      plan: [{ kind: 'sql', on: name, session: 'control', statements: [statement] }],
      done: (seen) => goesOn(seen, name, channel),
      within: 45,
      attempts: 4,
    },
  ];
}

function remarks(scene: Scene, parameters: Parameters): readonly string[] {
  const { channel, relation, words, standing } = sightOf(scene, parameters);
  if (channel === undefined || standing.length === 0) return [];
  const gap = relation?.gtidGap;
  return [
    ...(gap === undefined || gap === 0 ? [] : [`${words} has ${gap} transactions of its source yet to apply.`]),
    ...(channel.delaySeconds === 0 ? [] : [`${words} stays ${spell(channel.delaySeconds)} behind on purpose.`]),
    ...(channel.tls.enabled ? [] : [`${words} runs without TLS, and will go on so: secure-channel mends that.`]),
    ...(channel.tls.enabled && !channel.tls.verify
      ? [`${words} does not verify its source, and will go on so: secure-channel mends that.`]
      : []),
  ];
}

/** The one channel, and what is known of its source. */
interface Sight {
  readonly name: ServerName;
  readonly channelName: string;
  readonly words: string;
  readonly server: ServerSnapshot | undefined;
  readonly facts: ServerFacts | undefined;
  readonly channel: Channel | undefined;
  readonly standing: readonly Standing[];
  readonly relation: ReturnType<View['channelRelation']>;
  readonly source: ServerSnapshot | undefined;
}

function sightOf(scene: Scene, parameters: Parameters): Sight {
  const view = viewOf(scene);
  const name = given(parameters, 'server');
  const channelName = given(parameters, 'channel');
  const server = view.server(name);
  const facts = server?.facts;
  const channel = view.channel(name, channelName);
  const relation = view.channelRelation(name, channelName);
  return {
    name,
    channelName,
    words: channelText({ server: name, channel: channelName }),
    server,
    facts,
    channel,
    standing: facts === undefined || channel === undefined ? [] : standingOf(columnOf(facts), channel),
    relation,
    source: view.server(relation?.source),
  };
}

function conditionOf({ standing, channel, words }: Sight): string {
  const threads = standing.map(({ thread, error, known }) =>
    error === undefined
      ? `the ${thread} thread of ${words} stands without an error`
      : `the ${thread} thread of ${words} stopped with ${errorWords(error, known)}`,
  );
  const connecting = channel?.io === 'connecting' ? [`${words} has no connection to ${addressOf(channel)}`] : [];
  return [...connecting, ...threads].join('; ');
}

/**
 * Both threads run, TLS is what it was, and it applies again: it got further than when the run was planned, or there is
 * nothing left to apply. Right after a start the lag that the server gives is 0 and means nothing, so it counts only
 * where nothing better is known, or where staying behind is meant.
 */
function goesOn(seen: Seen, name: ServerName, before: Channel): boolean {
  const view = viewOf(seen);
  const now = view.channel(name, before.name);
  const relation = view.channelRelation(name, before.name);
  if (now?.io !== 'running' || now.sql !== 'running' || !sameSource(before, now)) return false;
  if (before.tls.enabled && (!now.tls.enabled || relation?.tls.negotiated === false)) return false;
  if (before.tls.verify && !now.tls.verify) return false;
  if (isFurther(now.executed, before.executed)) return true;
  const end = view.server(relation?.source)?.facts?.binlog?.current;
  const left = relation?.gtidGap ?? (end === undefined ? undefined : Number(isFurther(end, now.executed)));
  if (left !== undefined && now.delaySeconds === 0) return left === 0;
  return relation?.lagKnown === true && (now.lagSeconds ?? 0) - now.delaySeconds <= seen.site.lagThreshold;
}

function sameSource({ source: before }: Channel, { source: now }: Channel): boolean {
  return before.host === now.host && before.port === now.port && before.user === now.user;
}

function ioStands({ standing }: Sight): boolean {
  return standing.some(({ thread }) => thread === 'IO');
}

function addressOf({ source }: Channel): string {
  return `${source.host}:${source.port}`;
}

function unknown(why: string): Need {
  return { observed: 'unknown', why };
}
