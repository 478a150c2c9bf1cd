import type { Action } from '../../src/domain/action.js';
import { sql } from '../../src/domain/action.js';
import type { Scene } from '../../src/domain/scene.js';
import type { ClusterSnapshot, ServerName, ServerSnapshot } from '../../src/domain/snapshot.js';
import { isWritable, topologyOf } from '../../src/domain/topology.js';
import type { Actor, Actors, EngineClock, SceneObserver } from '../../src/engine/ports.js';
import type { Notes, Procedure, Seen } from '../../src/engine/procedure.js';
import { down, following, healthy, lookedAt, promoted, withSection } from '../domain/build.js';

/**
 * A world of two servers that obeys a handful of words, and a switchover over it: enough to see whether the engine
 * keeps its promises when it dies anywhere. A writer writes wherever it is let, at every turn.
 */
export class ToyWorld {
  readonly servers = {
    db1: { writable: true, follows: undefined as ServerName | undefined, rows: [] as number[], up: true },
    db2: { writable: false, follows: 'db1' as ServerName | undefined, rows: [] as number[], up: true },
  };
  /** Sessions that are open, as `db1/lock`, with what they hold. */
  readonly sessions = new Map<string, { readonly owner: number; frozen: boolean }>();
  /** Which life of the process acts: what an earlier one still says is not heard. */
  life = 1;
  acknowledged = new Set<number>();
  /** Moments at which both servers accepted writes. */
  doubles = 0;
  /** Whether a server was ever closed to writes. */
  closed = false;
  now = lookedAt;
  /** How often a word is still refused. */
  readonly refuse = new Map<string, number>();
  #rows = 0;

  /** The process died: its sessions end with it. */
  crash(): void {
    this.life += 1;
    this.sessions.clear();
  }

  /** The writer writes to whoever lets it, replicas follow. */
  turn(): void {
    this.now += 50;
    const open = this.#names().filter((name) => this.#accepts(name));
    if (open.length > 1) this.doubles += 1;
    for (const name of open) {
      this.#rows += 1;
      this.servers[name].rows.push(this.#rows);
      this.acknowledged.add(this.#rows);
    }
    if (this.now % 3 === 0) this.#names().forEach((name) => this.#replicate(name));
  }

  obey(name: ServerName, word: string, session: string): string {
    const server = this.servers[name as 'db1'];
    const refused = this.refuse.get(word) ?? 0;
    this.refuse.set(word, refused - 1);
    if (refused > 0) throw new Error(`${name} said no to ${word}`);
    switch (word) {
      case 'FREEZE': {
        const held = this.sessions.get(session);
        if (held === undefined) throw new Error(`no session ${session}`);
        held.frozen = true;
        return String(server.rows.length);
      }
      case 'CATCH UP':
        this.#replicate(name as 'db2');
        return String(server.rows.length);
      case 'CLOSE':
        server.writable = false;
        this.closed = true;
        return String(server.rows.length);
      case 'OPEN':
        server.writable = true;
        return '';
      case 'PROMOTE':
        server.follows = undefined;
        server.writable = true;
        return '';
      case 'FOLLOW':
        server.follows = name === 'db1' ? 'db2' : 'db1';
        return '';
      default:
        throw new Error(`"${word}" is no word of the toy`);
    }
  }

  snapshot(): ClusterSnapshot {
    let snapshot: ClusterSnapshot = { ...healthy('mariadb'), at: this.now };
    snapshot = { ...snapshot, servers: snapshot.servers.slice(0, 2) };
    for (const name of this.#names()) {
      const server = this.servers[name];
      if (server.follows !== undefined) snapshot = following(snapshot, name, server.follows);
      else snapshot = promoted(snapshot, name);
      snapshot = withSection(snapshot, name, 'state', { readOnly: !server.writable, superReadOnly: undefined });
      snapshot = withSection(snapshot, name, 'binlog', { current: { file: 'bin', position: server.rows.length } });
      if (!server.up) snapshot = down(snapshot, name);
    }
    return snapshot;
  }

  #names(): ('db1' | 'db2')[] {
    return ['db1', 'db2'];
  }

  #accepts(name: 'db1' | 'db2'): boolean {
    const frozen = [...this.sessions].some(([session, { frozen }]) => frozen && session.startsWith(`${name}/`));
    return this.servers[name].up && this.servers[name].writable && !frozen;
  }

  #replicate(name: 'db1' | 'db2'): void {
    const { follows } = this.servers[name];
    if (follows !== undefined) this.servers[name].rows = [...this.servers[follows as 'db1'].rows];
  }
}

/** Never comes back: a dead process says nothing. */
export const death = () => new Promise<never>(() => undefined);

/** The engine's ports over the toy, for one life of the process. `at` is called before and after everything that is sent. */
export function toyPorts(world: ToyWorld, at: (point: string) => Promise<void>) {
  const { life } = world;
  const alive = () => (world.life === life ? Promise.resolve() : death());
  const observer: SceneObserver = {
    async look() {
      await alive();
      world.turn();
      return sceneOf(world.snapshot());
    },
    pauseCollection: () => () => undefined,
  };
  const actors: Actors = { open: () => toyActor(world, life, alive, at) };
  const clock: EngineClock = {
    now: () => world.now,
    monotonic: () => world.now,
    async sleep(milliseconds) {
      world.now += milliseconds;
      world.turn();
      await new Promise((resolve) => setImmediate(resolve));
      await alive();
    },
  };
  return {
    observer,
    actors,
    clock,
    silences: { covers: () => Promise.resolve('no' as const) },
    redact: (text: string) => text,
  };
}

export function sceneOf(snapshot: ClusterSnapshot): Scene {
  return {
    snapshot,
    site: {
      cluster: snapshot.cluster,
      servers: snapshot.servers.map(({ name, address }) => ({
        name,
        address,
        host: undefined,
        replicationTls: undefined,
      })),
      names: [],
      accounts: { monitor: 'look', operate: 'act', replication: undefined },
      acceptUnproven: false,
      lagThreshold: 60,
    },
  };
}

function toyActor(
  world: ToyWorld,
  life: number,
  alive: () => Promise<void>,
  at: (point: string) => Promise<void>,
): Actor {
  const held = new Set<string>();
  const hold = (session: string) => {
    const holder = world.sessions.get(session);
    if (holder !== undefined && holder.owner !== life) throw new Error(`${session} is held by another`);
    if (holder === undefined) world.sessions.set(session, { owner: life, frozen: false });
    held.add(session);
  };
  return {
    held,
    async lock(servers) {
      await alive();
      servers.filter((name) => world.servers[name as 'db1'].up).forEach((name) => hold(`${name}/control`));
      return { unreachable: servers.filter((name) => !world.servers[name as 'db1'].up) };
    },
    async send(action: Action, notes: Notes) {
      if (action.kind !== 'sql') throw new Error('the toy knows sql only');
      await at('send');
      if (!world.servers[action.on as 'db1'].up) throw new Error(`${action.on} does not answer`);
      const learned: Record<string, string> = {};
      const session = `${action.on}/${action.session}`;
      hold(session);
      for (const { text, notes: kept, expect } of action.statements) {
        const answer = world.obey(action.on, text.join(''), session);
        for (const name of Object.values(kept ?? {})) learned[name] = answer;
        if (typeof expect === 'object' && 'secret' in expect) throw new Error('the toy has no secrets');
        const wanted = typeof expect === 'object' ? { ...notes, ...learned }[expect.note] : expect;
        if (wanted !== undefined && String(wanted) !== answer)
          throw new Error(`the answer was ${answer}, not ${String(wanted)}`);
        world.turn();
      }
      await at('sent');
      return learned;
    },
    close() {
      for (const session of held) if (world.sessions.get(session)?.owner === life) world.sessions.delete(session);
      held.clear();
      return Promise.resolve();
    },
  };
}

/** From the primary to the other: freeze, catch up, close, promote, follow. */
export const toySwitchover: Procedure = {
  name: 'restart-replication',
  purpose: 'switch over',
  parameters: [],
  locks: 'cluster',
  needed: ({ snapshot }) => ({
    observed: topologyOf(snapshot).primary === 'db1' ? 'yes' : 'no',
    why: 'db1 is the primary',
  }),
  refusals: () => [],
  premises: () => ({ primary: 'db1' }),
  steps: () => [
    {
      id: 'freeze',
      section: 'switch',
      title: 'freeze db1',
      plan: [on('db1', 'lock', { ...sql`FREEZE`, notes: { position: 'frozen' } })],
      done: (seen) => seen.notes['frozen'] !== undefined,
    },
    {
      id: 'catch-up',
      section: 'switch',
      title: 'db2 has all of it',
      plan: [on('db2', 'control', { ...sql`CATCH UP`, expect: { note: 'frozen' } })],
      done: (seen) => rowsOf(seen, 'db2') >= Number(seen.notes['frozen']),
    },
    {
      id: 'close',
      section: 'switch',
      title: 'close db1',
      plan: [on('db1', 'lock', { ...sql`CLOSE`, expect: { note: 'frozen' } })],
      done: (seen) => !writable(seen, 'db1'),
      undo: { plan: [on('db1', 'control', sql`OPEN`)], done: (seen) => writable(seen, 'db1') },
    },
    {
      id: 'promote',
      section: 'switch',
      title: 'open db2',
      plan: [on('db2', 'control', sql`PROMOTE`)],
      done: (seen) => writable(seen, 'db2'),
      commits: true,
    },
    {
      id: 'follow',
      title: 'db1 follows db2',
      plan: [on('db1', 'control', sql`FOLLOW`)],
      done: (seen) => serverOf(seen, 'db1')?.facts?.channels?.length === 1,
    },
  ],
};

/** The same, with the commit record on the disk before the old primary is closed, and what the journal is to remember. */
export const recordedSwitchover: Procedure = {
  ...toySwitchover,
  steps: (...given) =>
    toySwitchover.steps(...given).map((step) => {
      if (step.id === 'close') return { ...step, afterRecord: true };
      return step.commits === true
        ? { ...step, notes: { promoted: 'db2', former: 'db1', 'former-position': { note: 'frozen' } } }
        : step;
    }),
};

function on(name: ServerName, session: 'control' | 'lock', statement: ReturnType<typeof sql>): Action {
  return { kind: 'sql', on: name, session, statements: [statement] };
}

function serverOf({ snapshot }: Seen, name: ServerName): ServerSnapshot | undefined {
  return snapshot.servers.find((server) => server.name === name);
}

function writable(seen: Seen, name: ServerName): boolean {
  const server = serverOf(seen, name);
  return server !== undefined && isWritable(server);
}

function rowsOf(seen: Seen, name: ServerName): number {
  return serverOf(seen, name)?.facts?.binlog?.current?.position ?? -1;
}

/** Mends nothing. */
export const failing: Procedure = {
  ...toySwitchover,
  steps: () => [{ id: 'never', title: 'never', plan: [], done: () => false, within: 1 }],
};
