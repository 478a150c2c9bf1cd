import { readFile } from 'node:fs/promises';
import { writeAtomically } from '../base/atomic.js';
import { messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { sightingsAfter, type ServerSightings, type Sightings } from '../domain/plaintext.js';
import type { ClusterName, ServerSnapshot } from '../domain/snapshot.js';

/** How often what is new goes to the disk, milliseconds: a crash forgets no more. */
const saveEvery = 60_000;

/** Remembers who was seen without TLS, over restarts of Lockstep too, in a file of its own. */
export class PlaintextMemory {
  readonly #clusters = new Map<ClusterName, Map<string, ServerSightings>>();
  #changed = false;
  #saving: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    readonly file: string,
    readonly log: Log,
  ) {}

  /** A file that is not there, or cannot be read, begins a new memory: then nobody was observed for long. */
  static async open(file: string, log: Log): Promise<PlaintextMemory> {
    const memory = await PlaintextMemory.read(file, log);
    memory.#timer = setInterval(() => void memory.#save(), saveEvery);
    memory.#timer.unref();
    return memory;
  }

  /** What another instance has written down: never written to. */
  static async read(file: string, log: Log): Promise<PlaintextMemory> {
    const memory = new PlaintextMemory(file, log);
    try {
      memory.#take(JSON.parse(await readFile(file, 'utf8')));
    } catch (cause) {
      const none = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
      const error = messageOf(cause);
      if (!none) log.warn({ file, error }, 'who was seen without TLS is forgotten: its file is unreadable');
    }
    return memory;
  }

  note(snapshot: ServerSnapshot): void {
    const servers = this.#clusters.get(snapshot.cluster) ?? new Map<string, ServerSightings>();
    const before = servers.get(snapshot.name);
    const after = sightingsAfter(before, snapshot);
    if (after === undefined || after === before) return;
    this.#clusters.set(snapshot.cluster, servers.set(snapshot.name, after));
    this.#changed = true;
  }

  of(cluster: ClusterName): Sightings {
    return { servers: Object.fromEntries(this.#clusters.get(cluster) ?? []) };
  }

  /** Writes what is new, and writes no more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#save();
  }

  #save(): Promise<void> {
    if (!this.#changed) return this.#saving;
    this.#changed = false;
    const clusters = Object.fromEntries(
      [...this.#clusters].map(([name, servers]) => [name, Object.fromEntries(servers)]),
    );
    const text = `${JSON.stringify({ v: 1, clusters })}\n`;
    this.#saving = this.#saving
      .then(() => writeAtomically(this.file, text, { mode: 0o600 }))
      .catch((cause: unknown) => {
        this.#changed = true;
        this.log.warn(
          { file: this.file, error: messageOf(cause) },
          'who was seen without TLS could not be written down',
        );
      });
    return this.#saving;
  }

  #take(content: unknown): void {
    for (const [cluster, servers] of entriesOf(
      isRecord(content) && content['v'] === 1 ? content['clusters'] : undefined,
    )) {
      const known = entriesOf(servers).flatMap(([name, one]) => (isSightings(one) ? [[name, one] as const] : []));
      this.#clusters.set(cluster, new Map(known));
    }
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSightings(value: unknown): value is ServerSightings {
  return (
    isRecord(value) &&
    (value['how'] === 'sessions' || value['how'] === 'logins') &&
    typeof value['since'] === 'number' &&
    typeof value['last'] === 'number' &&
    isRecord(value['counts']) &&
    Array.isArray(value['seen']) &&
    value['seen'].every((one) => isRecord(one) && typeof one['user'] === 'string' && typeof one['last'] === 'number')
  );
}
