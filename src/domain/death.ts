import { silentReasons, type Outage } from './outlook.js';
import { knownError } from './replication-errors.js';
import type { Scene } from './scene.js';
import type { Channel, ServerName, ServerSnapshot } from './snapshot.js';
import { topologyOf } from './topology.js';

/** What it takes before Lockstep's own looks count as evidence. Both must hold. */
export interface EvidenceRules {
  /** Looks that failed one after the other. */
  readonly looks: number;
  /** From the first of them to now, seconds. */
  readonly seconds: number;
}

/** `unknown` is never a yes: it is asked again. The sentence says what was seen. */
export interface Death {
  readonly verdict: 'dead' | 'alive' | 'unknown';
  readonly why: string;
}

/**
 * Whether a primary is dead, by two kinds of evidence that do not depend on each other: Lockstep's own looks over time,
 * and what every replica that can be asked says of its receiver. Any sign of life is a veto, whoever saw it: a greeting,
 * a TLS failure, a refused password, too many connections, a blocked host, a full disk. Silence alone is evidence, and
 * one kind of it is not enough.
 */
export function deathOf(scene: Scene, primary: ServerName, rules: EvidenceRules): Death {
  const own = ownView(scene, primary, rules);
  const since = outageOf(scene, primary)?.since;
  const replicas = replicasOf(scene, primary).map((replica) => replicaView(replica, primary, since));
  const views = [own, ...replicas];
  const alive = views.filter(({ verdict }) => verdict === 'alive');
  if (alive.length > 0) return combined('alive', alive);
  const unknown = views.filter(({ verdict }) => verdict === 'unknown');
  if (unknown.length > 0) return combined('unknown', unknown);
  if (replicas.length === 0)
    return { verdict: 'unknown', why: `${own.why}; and no replica of ${primary} can be asked what it sees` };
  return combined('dead', views);
}

/** Servers that can be asked and replicate from it, each with the channel. */
export interface DirectReplica {
  readonly server: ServerSnapshot;
  readonly channel: Channel;
}

export function replicasOf({ snapshot }: Pick<Scene, 'snapshot'>, primary: ServerName): readonly DirectReplica[] {
  return topologyOf(snapshot).links.flatMap((link) => {
    const server = snapshot.servers.find(({ name }) => name === link.replica);
    const channel = server?.facts?.channels?.find(({ name }) => name === link.channel);
    return link.source !== primary || server === undefined || channel === undefined ? [] : [{ server, channel }];
  });
}

export function outageOf({ outlook }: Pick<Scene, 'outlook'>, server: ServerName): Outage | undefined {
  return outlook?.outages.find((outage) => outage.server === server);
}

function ownView(scene: Scene, primary: ServerName, { looks, seconds }: EvidenceRules): Death {
  const server = scene.snapshot.servers.find(({ name }) => name === primary);
  if (server === undefined) return { verdict: 'unknown', why: `${primary} is not configured` };
  const { failure, login, facts } = server;
  if (facts !== undefined) return { verdict: 'alive', why: `${primary} answers` };
  if (failure === undefined) return { verdict: 'unknown', why: `${primary} was not looked at yet` };
  if (!silentReasons.has(failure.reason)) {
    // A name that cannot be resolved says nothing of the server.
    if (failure.reason === 'unknown-host') return { verdict: 'unknown', why: failure.message };
    return { verdict: 'alive', why: `${primary} is alive, and does not let Lockstep in (${failure.reason})` };
  }
  const outage = outageOf(scene, primary);
  if (outage === undefined) return { verdict: 'unknown', why: `${primary} has only just fallen silent` };
  const others = outage.reasons.filter((reason) => !silentReasons.has(reason));
  if (others.length > 0)
    return { verdict: 'alive', why: `${primary} gave a sign of life since it cannot be asked (${others.join(', ')})` };
  const greeted = login?.handshake?.at;
  if (greeted !== undefined && greeted > outage.since)
    return { verdict: 'alive', why: `${primary} has greeted since it cannot be asked` };
  // A look that found it silent may have ended after this one began.
  const passed = Math.max(0, scene.snapshot.at - outage.since) / 1000;
  const silent = `${primary} has said nothing for ${passed.toFixed(1)} s, in ${outage.looks} looks (${outage.reasons.join(', ')})`;
  if (outage.looks < looks || passed < seconds)
    return { verdict: 'unknown', why: `${silent}; it takes ${seconds} s and ${looks} looks before that counts` };
  return { verdict: 'dead', why: silent };
}

/** @param since when the primary was first found silent; undefined: it was not, or just now */
function replicaView(
  { server: { name, facts, at }, channel }: DirectReplica,
  primary: ServerName,
  since: number | undefined,
): Death {
  const words = channel.name === '' ? name : `${name} (channel ${channel.name})`;
  if (channel.io === 'running') {
    if (channel.silent === true)
      return { verdict: 'dead', why: `${words} has received nothing from it for more than two heartbeats` };
    if (channel.silent === undefined)
      return {
        verdict: 'unknown',
        why: `whether ${words} still hears of ${primary} is not known: it gets no heartbeats`,
      };
    const why = `${words} has a connection to ${primary}, and not yet been without a word of it for two heartbeats`;
    // What it heard may be older than the silence: its receiver takes a moment to meet a death, and two heartbeats to miss a word.
    const older = since === undefined || at - since <= 2000 * (channel.heartbeatPeriodSeconds ?? 0);
    return { verdict: older ? 'unknown' : 'alive', why };
  }
  const error = channel.ioError;
  if (error === undefined || error.errno === 0)
    return { verdict: 'unknown', why: `${words} ${channel.io === 'stopped' ? 'does not receive, without an error: somebody stopped it' : 'is connecting, and has met no error so far'}` }; // prettier-ignore
  const kind = facts && knownError(facts.identity.flavour, error.errno)?.kind;
  const hungUp = error.errno === lost && /authori[sz]ation|authentication/i.test(error.message);
  if (answers.includes(error.errno) || kind === 'access' || kind === 'tls' || kind === 'place' || hungUp)
    return { verdict: 'alive', why: `${primary} answers ${words} (error ${error.errno})` };
  if (!unreached.includes(error.errno))
    return {
      verdict: 'unknown',
      why: `${words} does not receive, which says nothing of ${primary} (error ${error.errno})`,
    };
  return { verdict: 'dead', why: `${words} has no connection to it (error ${error.errno})` };
}

/** What a replica meets when nobody answers: client library, and reading or writing on the way. */
const unreached = [2002, 2003, 2006, 2013, 2055, 1158, 1159, 1160, 1161, 1189, 1190, 1218];
/** Error packets among what a replica tries again by itself: too many connections, and a server on its way down. */
const answers = [1040, 1203, 1053];
/** CR_SERVER_LOST. Its text says where it happened; text is only ever taken for a sign of life here. */
const lost = 2013;

function combined(verdict: Death['verdict'], views: readonly Death[]): Death {
  return { verdict, why: views.map(({ why }) => why).join('; ') };
}
