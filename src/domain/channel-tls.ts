import type { Members } from './members.js';
import type { ChannelRelation, TlsProof } from './relations.js';
import type { Channel, ServerSnapshot, Stream } from './snapshot.js';
import type { Link } from './topology.js';

/**
 * What is known of a channel's encryption. A replica's status only repeats its configuration: a MariaDB channel with
 * TLS on and verification off falls back to plaintext and still says Yes. So the source is asked first; where it
 * cannot tell, what would have refused a plaintext login stands in. `negotiated` is undefined while no stream runs.
 */
export function channelTlsOf(link: Link, channel: Channel, members: Members): ChannelRelation['tls'] {
  const replica = members.server(link.replica);
  const source = members.server(link.source);
  const fallbackPossible = mayFallBack(replica, channel, source);
  const seen = channel.io === 'running' ? observed(replica, source) : undefined;
  if (seen !== undefined) return { ...seen, proof: 'observed', fallbackPossible };
  const proof = proofOf(replica, channel, source);
  const negotiated = channel.tls.enabled ? (proof === 'none' ? undefined : true) : false;
  return {
    negotiated: channel.io === 'running' ? negotiated : undefined,
    proof,
    protocol: undefined,
    cipher: undefined,
    fallbackPossible,
  };
}

/** Proof without the source's view of the session; the strongest that holds. */
function proofOf(replica: ServerSnapshot | undefined, channel: Channel, source: ServerSnapshot | undefined): TlsProof {
  // A channel without TLS speaks plaintext, whatever the source would ask of the next login.
  if (!channel.tls.enabled) return 'none';
  if (enforces(replica, channel)) return 'replica-enforces';
  if (accountRequires(source, channel) === true) return 'account-requires';
  return source?.facts?.tls?.required === true ? 'source-requires' : 'none';
}

/** MySQL refuses a source without TLS as soon as TLS is on; MariaDB only when it also verifies. */
function enforces(replica: ServerSnapshot | undefined, channel: Channel): boolean {
  return channel.tls.enabled && (replica?.facts?.identity.flavour === 'mysql' || channel.tls.verify);
}

/** Whether every account of that name that streams now must use TLS; undefined when none was seen. */
function accountRequires(source: ServerSnapshot | undefined, channel: Channel): boolean | undefined {
  const accounts = source?.facts?.accounts?.streaming.filter(({ user }) => user === channel.source.user) ?? [];
  return accounts.length === 0 ? undefined : accounts.every(({ requires }) => requires !== 'nothing');
}

function mayFallBack(
  replica: ServerSnapshot | undefined,
  channel: Channel,
  source: ServerSnapshot | undefined,
): boolean | undefined {
  if (!channel.tls.enabled || enforces(replica, channel)) return false;
  const account = accountRequires(source, channel);
  const required = source?.facts?.tls;
  if (account === true || required?.required === true) return false;
  return account === undefined || required === undefined ? undefined : true;
}

interface Observed {
  readonly negotiated: boolean;
  readonly protocol: string | undefined;
  readonly cipher: string | undefined;
}

/** The source's view of this replica's stream; undefined when it cannot tell which, or whether it is encrypted. */
function observed(replica: ServerSnapshot | undefined, source: ServerSnapshot | undefined): Observed | undefined {
  const threads = source?.facts?.streams?.threads ?? [];
  const uuid = replica?.facts?.identity.uuid?.toLowerCase();
  if (uuid !== undefined && threads.some((thread) => thread.uuid !== undefined))
    return agreed(threads.filter((thread) => thread.uuid?.toLowerCase() === uuid));
  // MariaDB does not say whose stream it is: what holds for all streams, or for all from its host, holds for it.
  const all = agreed(threads);
  if (all !== undefined || replica === undefined) return all;
  const names = [replica.address.host, replica.facts?.identity.hostname].map((name) => name?.toLowerCase());
  return agreed(threads.filter((thread) => names.includes(hostOf(thread.host))));
}

function agreed(threads: readonly Stream[]): Observed | undefined {
  const [first] = threads;
  if (first?.encrypted === undefined) return undefined;
  if (threads.some(({ encrypted }) => encrypted !== first.encrypted)) return undefined;
  const shared = (pick: (thread: Stream) => string | undefined) =>
    threads.every((thread) => pick(thread) === pick(first)) ? pick(first) : undefined;
  return {
    negotiated: first.encrypted,
    protocol: shared(({ version }) => version),
    cipher: shared(({ cipher }) => cipher),
  };
}

/** The processlist writes `host:port`; an IPv6 address has more colons. */
function hostOf(host: string): string {
  const [, bracketed] = /^\[(.+)\](?::\d+)?$/.exec(host) ?? [];
  return (bracketed ?? host.replace(/^([^:]*):\d+$/, '$1')).toLowerCase();
}
