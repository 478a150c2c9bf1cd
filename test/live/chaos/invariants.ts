import type { Attempt, Evidence, FinalServer, Sample, WrittenRow } from './history.js';

/** What must never be, found in a round; the sentence says where. */
export interface Violation {
  readonly invariant: keyof typeof invariants;
  readonly sentence: string;
}

/** Judges a round by every invariant. Pure. */
export function violationsOf(evidence: Evidence): readonly Violation[] {
  return Object.entries(invariants).flatMap(([name, judge]) =>
    judge(evidence).map((sentence) => ({ invariant: name as keyof typeof invariants, sentence })),
  );
}

/** Each gives a sentence for every violation that it sees. */
export const invariants = {
  'no acknowledged write is lost': lost,
  'nothing is there that nobody wrote': unattempted,
  'what was refused is not there': refusedButThere,
  'never do two servers acknowledge': acknowledgedByTwo,
  'never are two servers writable': twoWritable,
  'one server is writable in the end': oneWritable,
  'all servers hold the same': differences,
  'no transaction is errant': errant,
  'every replica follows the primary': notFollowing,
  'every link is verified TLS': unsafeLinks,
  'nothing is left behind': leftBehind,
  'the journal is true': untold,
} satisfies Record<string, (evidence: Evidence) => readonly string[]>;

/** Acknowledged writes that at least one server does not hold, the highest count of a server. */
export function lostOf({ attempts, servers }: Pick<Evidence, 'attempts' | 'servers'>): number {
  return Math.max(0, ...servers.map((server) => missing(attempts, server).length));
}

/** Of these, those of no time that a failover had named: the highest count of a server. */
export function undeclaredOf(evidence: Pick<Evidence, 'attempts' | 'servers' | 'losses'>): number {
  const bound = boundOf(evidence);
  return Math.max(0, ...evidence.servers.map((server) => undeclared(evidence, server).length - bound));
}

function lost(evidence: Evidence): readonly string[] {
  const bound = boundOf(evidence);
  return evidence.servers.flatMap((server) => {
    const gone = undeclared(evidence, server);
    return gone.length <= bound
      ? []
      : [`${server.name} lacks ${gone.length} acknowledged writes (at most ${bound}): ${listed(gone.map(words))}`];
  });
}

function undeclared(
  { attempts, losses }: Pick<Evidence, 'attempts' | 'losses'>,
  server: FinalServer,
): readonly Attempt[] {
  // prettier-ignore
  const declared = ({ endedAt }: Attempt) => losses.some(({ since, until }) => since <= endedAt && endedAt <= until);
  return missing(attempts, server).filter((one) => !declared(one));
}

function boundOf({ losses }: Pick<Evidence, 'losses'>): number {
  return losses.reduce((sum, { transactions }) => sum + transactions, 0);
}

function missing(attempts: readonly Attempt[], { rows }: FinalServer): readonly Attempt[] {
  const there = new Set(rows.map(key));
  return attempts.filter((one) => one.outcome === 'acked' && !there.has(key(one)));
}

function unattempted({ attempts, servers }: Evidence): readonly string[] {
  const tried = new Set(attempts.map(key));
  return servers.flatMap(({ name, rows }) => {
    const strange = rows.filter((row) => !tried.has(key(row)));
    return strange.length === 0
      ? []
      : [`${name} holds ${strange.length} that nobody tried: ${listed(strange.map(key))}`];
  });
}

function refusedButThere({ attempts, servers }: Evidence): readonly string[] {
  const refused = new Set(attempts.filter(({ outcome }) => outcome === 'refused').map(key));
  return servers.flatMap(({ name, rows }) => {
    const strange = rows.filter((row) => refused.has(key(row)));
    return strange.length === 0
      ? []
      : [`${name} holds ${strange.length} that were refused: ${listed(strange.map(key))}`];
  });
}

/**
 * Rows carry the server that took them and its clock while it did, and all clocks are one. In their order the servers
 * must follow one another as the primaries did: a primary's writes all lie before those of its successor.
 */
function acknowledgedByTwo(evidence: Evidence): readonly string[] {
  return [...outOfTurn(evidence), ...acknowledgedLate(evidence)];
}

/** As clients were told, for what was acknowledged and is lost is in nobody's rows: a write was sent to a former primary, and acknowledged, after the next one had acknowledged. */
function acknowledgedLate({ attempts, servers, primaries }: Evidence): readonly string[] {
  const names = new Map(servers.map(({ name, serverId }) => [serverId, name]));
  const acked = attempts
    .filter(({ outcome, server }) => outcome === 'acked' && server !== undefined)
    .map((one) => ({ ...one, name: names.get(one.server ?? 0) ?? '' }))
    .sort((a, b) => a.sentAt - b.sentAt);
  let reached = 0;
  for (const one of acked) {
    const at = primaries.indexOf(one.name, reached);
    // One that was sent before may be answered by the next one's time.
    const next = acked.find((other) => other.name === primaries[reached] && other.endedAt < one.sentAt);
    if (at === -1 && next !== undefined) return [`${one.name} acknowledged ${key(one)}, sent after ${next.name} had acknowledged ${key(next)}; primaries were ${primaries.join(', ')}`]; // prettier-ignore
    if (at !== -1) reached = at;
  }
  return [];
}

function outOfTurn({ attempts, servers, primaries }: Evidence): readonly string[] {
  const names = new Map(servers.map(({ name, serverId }) => [serverId, name]));
  const acked = new Set(attempts.filter(({ outcome }) => outcome === 'acked').map(key));
  const rows = new Map<string, WrittenRow>();
  for (const row of servers.flatMap((server) => server.rows)) if (acked.has(key(row))) rows.set(key(row), row);
  const blocks: WrittenRow[] = [];
  for (const row of [...rows.values()].sort((a, b) => a.at - b.at))
    if (blocks.at(-1)?.serverId !== row.serverId) blocks.push(row);
  let reached = 0;
  for (const block of blocks) {
    const name = names.get(block.serverId) ?? `server ${block.serverId}`;
    const at = primaries.indexOf(name, reached);
    if (at === -1) {
      const seen = blocks.map((one) => `${names.get(one.serverId) ?? one.serverId} from ${time(one)}`);
      return [`${name} acknowledged ${key(block)} at ${time(block)} out of turn: primaries were ${primaries.join(', ')}; writes came to ${listed(seen)}`]; // prettier-ignore
    }
    reached = at;
  }
  return [];
}

/** One server was writable before and after the answer of another that was writable too. */
function twoWritable({ samples, fenced }: Evidence): readonly string[] {
  if (!fenced) return [];
  const names = [...new Set(samples.map(({ server }) => server))];
  return names.flatMap((one, index) =>
    names.slice(index + 1).flatMap((other) => {
      const [ours, theirs] = [samples.filter(({ server }) => server === one), samples.filter(({ server }) => server === other)]; // prettier-ignore
      const when = bothWritable(ours, theirs) ?? bothWritable(theirs, ours);
      return when === undefined ? [] : [`${one} and ${other} were both writable at ${new Date(when).toISOString()}`];
    }),
  );
}

/** The first moment at which `other` was writable between two answers of `one` that say so of itself. */
function bothWritable(one: readonly Sample[], other: readonly Sample[]): number | undefined {
  let before = -1;
  for (const sample of other.filter(({ writable }) => writable)) {
    while ((one[before + 1]?.answeredAt ?? Infinity) <= sample.askedAt) before += 1;
    const next = one.slice(Math.max(before, 0)).find(({ askedAt }) => askedAt >= sample.answeredAt);
    if (one[before]?.writable === true && next?.writable === true) return sample.askedAt;
  }
  return undefined;
}

function oneWritable({ servers }: Evidence): readonly string[] {
  const open = servers.filter(({ writable }) => writable).map(({ name }) => name);
  return open.length === 1 ? [] : [`writable in the end: ${open.join(', ') || 'none'}`];
}

function differences({ servers }: Evidence): readonly string[] {
  const checksums = new Set(servers.map(({ checksum }) => checksum));
  return checksums.size <= 1 ? [] : [servers.map(({ name, checksum }) => `${name} ${checksum}`).join(', ')];
}

function errant({ servers }: Evidence): readonly string[] {
  const primary = servers.find(({ writable }) => writable);
  if (primary === undefined) return [];
  return servers.flatMap(({ name, transactions }) => {
    const extra = transactions.missingFrom[primary.name] ?? '';
    return name === primary.name || extra === '' ? [] : [`${name} holds ${extra}, which ${primary.name} lacks`];
  });
}

function notFollowing({ servers }: Evidence): readonly string[] {
  const primary = servers.find(({ writable }) => writable)?.name;
  return servers.flatMap(({ name, channels }) => {
    if (name === primary) return channels.length === 0 ? [] : [`${name} is the primary and still has a channel`];
    const [channel] = channels;
    if (channel === undefined) return [`${name} follows nobody`];
    const { sourcedFrom, io, sql } = channel;
    return sourcedFrom === primary && io === 'Yes' && sql === 'Yes'
      ? []
      : [`${name} follows ${sourcedFrom ?? 'a stranger'} (io ${io}, sql ${sql}) and not ${primary ?? 'anybody'}`];
  });
}

function unsafeLinks({ servers, channelTls }: Evidence): readonly string[] {
  return servers.flatMap(({ name, channels, plaintextStreams }) => [
    ...channels.flatMap(({ tls }) =>
      tls === channelTls[name] ? [] : [`the channel of ${name} has ${tls}, not ${channelTls[name] ?? 'that'}`],
    ),
    ...((plaintextStreams ?? 0) > 0 ? [`${name} sends its log to ${plaintextStreams} replicas in plaintext`] : []),
  ]);
}

function leftBehind({ servers }: Evidence): readonly string[] {
  return servers.flatMap(({ name, held, changed }) => [...held, ...changed].map((one) => `${name}: ${one}`));
}

function untold({ journal, runs, alarmed }: Evidence): readonly string[] {
  const unended = runs.filter(({ state }) => state !== 'ended' && state !== 'needs-human');
  const waiting = runs.filter(({ state }) => state === 'needs-human');
  return [
    ...(journal.ok ? [] : [journal.why]),
    ...unended.map(({ id, procedure, state, why }) => `run ${id} (${procedure}) is still ${state}: ${why}`),
    ...(waiting.length === alarmed ? [] : [`${waiting.length} runs need a human, and the metrics tell of ${alarmed}`]),
  ];
}

function key({ writer, seq }: { readonly writer: number; readonly seq: number }): string {
  return `${writer}/${seq}`;
}

function words(one: Attempt): string {
  return `${key(one)} (acknowledged ${new Date(one.endedAt).toISOString()})`;
}

function time({ at }: WrittenRow): string {
  return new Date(at / 1000).toISOString().replace('Z', String(Math.trunc(at % 1000)).padStart(3, '0'));
}

function listed(all: readonly string[]): string {
  const shown = all.slice(0, 8).join(', ');
  return all.length > 8 ? `${shown} and ${all.length - 8} more` : shown;
}
