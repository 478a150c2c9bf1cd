import { createHash } from 'node:crypto';
import type { Moment } from '../base/moment.js';
import type { LastFacts, LastSeen } from '../domain/outlook.js';
import type { ClusterName, GtidFacts, SemiSyncFacts, ServerName } from '../domain/snapshot.js';

/** One server as it was last seen, and when. */
export interface Entry {
  readonly cluster: ClusterName;
  readonly server: ServerName;
  readonly moment: Moment;
  readonly seen: Omit<LastSeen, 'at' | 'facts'> & { readonly facts: LastFacts };
}

/** The version of the format: another one is not read. */
const version = 1;

/** Two lines: what vouches for the second, and the entries. */
export function textOf(entries: readonly Entry[]): string {
  const second = JSON.stringify({ servers: entries });
  return `${JSON.stringify({ v: version, sha256: digest(second) })}\n${second}\n`;
}

/** @throws Error with what is wrong, and where; nothing of a file that is not whole is taken */
export function entriesIn(text: string): readonly Entry[] {
  const [first, second, end] = text.split('\n');
  if (first === undefined || second === undefined || end !== '') throw new Error('it is cut off');
  const header = recordOf(parsed(first, 'its first line'), 'its first line');
  if (header['v'] !== version) throw new Error(`it has the format ${String(header['v'])}, and only ${version} can be read`); // prettier-ignore
  if (header['sha256'] !== digest(second)) throw new Error('its second line is not what its first line vouches for');
  return list(recordOf(parsed(second, 'its second line'), 'its second line'), 'servers').map((one, index) =>
    entryOf(one, `entry ${index + 1}`),
  );
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function parsed(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(`${where} is no JSON`);
  }
}

function entryOf(value: unknown, where: string): Entry {
  const entry = recordOf(value, where);
  const moment = recordOf(entry['moment'], `${where}, moment`);
  const seen = recordOf(entry['seen'], `${where}, seen`);
  const address = recordOf(seen['address'], `${where}, address`);
  return {
    cluster: string(entry, 'cluster', where),
    server: string(entry, 'server', where),
    moment: {
      at: number(moment, 'at', where),
      boot: left(moment, 'boot', where, string),
      up: number(moment, 'up', where),
    },
    seen: {
      address: { host: string(address, 'host', where), port: number(address, 'port', where) },
      facts: factsOf(recordOf(seen['facts'], `${where}, facts`), where),
    },
  };
}

function factsOf(facts: Fields, where: string): LastFacts {
  const identity = recordOf(facts['identity'], `${where}, identity`);
  const semiSync = leftRecord(facts, 'semiSync', where);
  const source = semiSync && leftRecord(semiSync, 'source', where);
  const binlog = leftRecord(facts, 'binlog', where);
  const current = binlog && leftRecord(binlog, 'current', where);
  const activity = leftRecord(facts, 'activity', where);
  const gtid = leftRecord(facts, 'gtid', where);
  return {
    identity: {
      flavour: word(identity, 'flavour', where, ['mysql', 'mariadb'] as const),
      serverId: number(identity, 'serverId', where),
      uuid: left(identity, 'uuid', where, string),
    },
    gtid: gtid && gtidOf(gtid, where),
    semiSync: semiSync && { source: source && sourceOf(source, where) },
    binlog: binlog && {
      current: current && { file: string(current, 'file', where), position: number(current, 'position', where) },
    },
    activity: activity && { waitingForReplicas: number(activity, 'waitingForReplicas', where) },
  };
}

function gtidOf(gtid: Fields, where: string): GtidFacts {
  const text = (name: string) => string(gtid, name, where);
  if (word(gtid, 'kind', where, ['mysql', 'mariadb'] as const) === 'mysql')
    return {
      kind: 'mysql',
      mode: word(gtid, 'mode', where, ['OFF', 'OFF_PERMISSIVE', 'ON_PERMISSIVE', 'ON'] as const),
      executed: text('executed'),
      purged: text('purged'),
    };
  return {
    kind: 'mariadb',
    binlogPos: text('binlogPos'),
    binlogState: text('binlogState'),
    slavePos: text('slavePos'),
    currentPos: text('currentPos'),
    domainId: number(gtid, 'domainId', where),
    strict: flag(gtid, 'strict', where),
  };
}

function sourceOf(source: Fields, where: string): NonNullable<SemiSyncFacts['source']> {
  const prefix = left(source, 'prefix', where, string);
  return {
    ...(prefix === undefined ? {} : { prefix }),
    enabled: flag(source, 'enabled', where),
    active: flag(source, 'active', where),
    waitPoint: left(source, 'waitPoint', where, (fields, name) =>
      word(fields, name, where, ['after-sync', 'after-commit'] as const),
    ),
    timeoutSeconds: left(source, 'timeoutSeconds', where, number),
    waitsFor: left(source, 'waitsFor', where, number),
    waitsWithout: left(source, 'waitsWithout', where, flag),
    clients: number(source, 'clients', where),
    protectedTransactions: number(source, 'protectedTransactions', where),
    unprotectedTransactions: number(source, 'unprotectedTransactions', where),
    degradations: number(source, 'degradations', where),
  };
}

type Fields = Readonly<Record<string, unknown>>;
type Read<T> = (fields: Fields, name: string, where: string) => T;

function recordOf(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(`${where}: it should be an object`);
}

/** What is left out is unknown. */
function left<T>(fields: Fields, name: string, where: string, read: Read<T>): T | undefined {
  return fields[name] === undefined ? undefined : read(fields, name, where);
}

function leftRecord(fields: Fields, name: string, where: string): Fields | undefined {
  return left(fields, name, where, () => recordOf(fields[name], `${where}, ${name}`));
}

function list(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new Error(`${name} should be a list`);
}

const string: Read<string> = (fields, name, where) => {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw new Error(`${where}: ${name} should be a text`);
};

const number: Read<number> = (fields, name, where) => {
  const value = fields[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new Error(`${where}: ${name} should be a number`);
};

const flag: Read<boolean> = (fields, name, where) => {
  const value = fields[name];
  if (typeof value === 'boolean') return value;
  throw new Error(`${where}: ${name} should be true or false`);
};

function word<const T extends string>(fields: Fields, name: string, where: string, words: readonly T[]): T {
  const found = words.find((one) => one === fields[name]);
  if (found !== undefined) return found;
  throw new Error(`${where}: ${name} should be ${words.join(' or ')}`);
}
