import { setTimeout as pause } from 'node:timers/promises';
import { DeadlineError } from '../base/deadline.js';
import { LockstepError } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import type { Row } from '../dialects/question.js';
import { secretsOf, shown, written, type Known } from '../dialects/written.js';
import {
  sessionNames,
  type Action,
  type AnnounceAction,
  type CopyAction,
  type KillAction,
  type PutBackAction,
  type ReceivedAction,
  type ReleaseAction,
  type ReadersAction,
  type SecretName,
  type SessionName,
  type SqlAction,
  type Statement,
  type SwapAction,
  type Value,
  type VerifyAction,
} from '../domain/action.js';
import type { Progress } from '../domain/progress.js';
import type { ServerName } from '../domain/snapshot.js';
import { verificationLines, type Verification } from '../domain/verification.js';
import type { Actor } from '../engine/ports.js';
import type { Host } from '../hosts/host.js';
import { copy } from './copy/copy.js';
import { load } from './copy/load.js';
import { discard } from './copy/discard.js';
import { empty } from './copy/empty.js';
import type { DataNames } from './copy/places.js';
import { putBack } from './copy/put-back.js';
import { measure } from './copy/room.js';
import { swap } from './copy/swap.js';
import type { Notes } from '../engine/procedure.js';
import { LoginError, QueryError, type Target } from '../mysql/session.js';
import { certificateAction, type CertificateReach } from './certificates/actor.js';
import { HeldSession, lockName } from './held-session.js';
import type { WorkMemory } from './verify/memory.js';
import { verify } from './verify/verify.js';
import { received } from './received.js';
import { runOn, type ProgramRunner } from './program.js';
import { rehearse, type FileReader } from './rehearse.js';

/** How the servers of one cluster are reached and what may be sent there. */
export interface Reach {
  /** How to log in on the operate account. @throws LockstepError `unknown-server` */
  target(server: ServerName): Promise<Target>;
  secret(name: SecretName): Promise<Secret>;
  /** Files on a server's machine; undefined where Lockstep does not reach it. */
  files(server: ServerName): FileReader | undefined;
  /** A server's machine itself; whoever asks closes it. undefined where Lockstep does not reach it. */
  host(server: ServerName): Host | undefined;
  /** What a step of this run has to remember over a restart, by a name of its own. */
  memory(name: string): WorkMemory;
  /** Why a replica no longer follows that source on that channel; undefined: it does. */
  follows(replica: ServerName, channel: string, source: ServerName, signal: AbortSignal): Promise<string | undefined>;
  /** Keeps what a verification has shown, durably. */
  verified(verification: Omit<Verification, 'cluster'>): Promise<void>;
  /** @returns what its note learned @throws LockstepError `announcement-failed` naming each announcer and what it said */
  announce(action: AnnounceAction | ReadersAction, signal: AbortSignal): Promise<Notes>;
  /** Programs on a server's machine; undefined or left out where Lockstep does not reach it. */
  program?(server: ServerName): ProgramRunner | undefined;
  /** Left out: no certificate is changed. */
  readonly certificates?: CertificateReach;
}

/** ER_NO_SUCH_THREAD: whom we were to end has gone by itself. */
const noSuchThread = 1094;
/** ER_KILL_DENIED_ERROR; MySQL says it of the sessions of users with SYSTEM_USER too. */
const denied = 1095;
const unlockWithin = 5000;
/** How long what hides others is waited for, and between two looks at it, milliseconds. */
const [settlesWithin, settlePause] = [15_000, 100];
/** How long one that is held for dead may take to let us in, milliseconds: many times what a login takes. */
const deadWithin = 250;

/** The hands of one run: its sessions, each under its advisory lock. */
export class SqlActor implements Actor {
  readonly #sessions = new Map<string, HeldSession>();

  constructor(readonly reach: Reach) {}

  get held(): ReadonlySet<string> {
    return new Set([...this.#sessions].filter(([, session]) => !session.closed).map(([key]) => key));
  }

  async lock(servers: readonly ServerName[], signal: AbortSignal, dead: readonly ServerName[] = []) {
    const results = await Promise.allSettled(
      servers.map((server) => this.#lockOne(server, signal, dead.includes(server))),
    );
    const failures = results.flatMap((one, index) => {
      const server = servers[index];
      return one.status === 'rejected' && server !== undefined ? [{ server, cause: one.reason as unknown }] : [];
    });
    const held = failures.find(({ cause }) => !isUnreachable(cause));
    if (held?.cause instanceof DeadlineError)
      throw new LockstepError('unanswered', `${held.server} let us in, and said nothing of its lock: ${held.cause.message}`, undefined, { cause: held.cause }); // prettier-ignore
    if (held !== undefined) throw held.cause;
    return { unreachable: failures.map(({ server }) => server) };
  }

  async send(
    action: Action,
    notes: Notes,
    signal: AbortSignal,
    told: (progress: Progress) => void = () => undefined,
  ): Promise<Notes> {
    switch (action.kind) {
      case 'sql':
        return this.#sql(action, notes, signal);
      case 'kill':
        await this.#kill(action, notes, signal);
        return {};
      case 'login':
        return { [action.noteAs]: await rehearse(action, this.reach, signal) };
      case 'received':
        return this.#received(action, signal);
      case 'release':
        await this.#release(action);
        return {};
      case 'verify':
        return this.#verify(action, notes, signal, told);
      case 'copy': {
        const { position, cost } = await this.#copy(action, notes, signal, told);
        return { [action.noteAs]: position, ...(cost === undefined ? {} : { cost }) };
      }
      case 'load': {
        const target = (server: ServerName) => this.reach.target(server);
        // Whoever finds it finished needs what it remembers: that goes with the run.
        const memory = this.reach.memory(`load-${action.on}`);
        const { position, cost } = await load(action, { target, memory, progress: told }, signal);
        return { [action.noteAs]: position, cost };
      }
      case 'room': {
        const target = (server: ServerName) => this.reach.target(server);
        return { [action.noteAs]: await this.#onHost(action.on, (host) => measure(action, target, host, noted(notes, action.data), signal)) }; // prettier-ignore
      }
      case 'empty':
        return { [action.noteAs]: String(await empty(await this.reach.target(action.on), signal)) };
      case 'put-back':
        await this.#onHost(action.on, async (host) => putBack(action, notes, host, await this.reach.target(action.on), namesIn(notes, action), signal)); // prettier-ignore
        return { [action.noteAs]: 'yes' };
      case 'swap':
        await this.#onHost(action.on, async (host) => swap(action, host, await this.reach.target(action.on), namesIn(notes, action), signal)); // prettier-ignore
        return { [action.noteAs]: 'yes' };
      case 'discard':
        await this.#onHost(action.on, (host) => discard(host, noted(notes, action.data), action.place, signal)); // prettier-ignore
        return { [action.noteAs]: 'yes' };
      case 'announce':
      case 'readers':
        return this.reach.announce(action, signal);
      case 'program':
        return runOn(action, this.reach, notes, signal);
      case 'stage-certificates':
      case 'rehearse-certificates':
      case 'place-certificates':
      case 'discard-certificates':
      case 'option-file':
      case 'check-configuration':
      case 'meet-certificate':
      case 'restart':
      case 'change-trust':
      case 'prove-authority':
      case 'own-certificate':
        if (this.reach.certificates === undefined)
          throw new LockstepError('no-host', 'no certificate can be changed from here');
        return certificateAction(action, this.reach.certificates, notes, signal);
    }
  }

  async #verify(
    action: VerifyAction,
    notes: Notes,
    signal: AbortSignal,
    progress: (progress: Progress) => void,
  ): Promise<Notes> {
    const { reach } = this;
    const memory = reach.memory(`verify-${action.on}`);
    const result = await verify(
      action,
      {
        target: (server) => reach.target(server),
        memory,
        progress,
        follows: ({ on, channel, with: source }, limit) => reach.follows(on, channel, source, limit),
      },
      signal,
    );
    await reach.verified(result);
    await memory.forget();
    const lines = [...(notes['cost'] === undefined ? [] : [notes['cost']]), ...verificationLines({ ...result, cluster: '' })]; // prettier-ignore
    if (action.mustEqual === true && result.differingTables > 0) throw new LockstepError('differs', lines.join('; '));
    if (action.mustEqual === true && (result.unreadTables ?? 0) > 0)
      throw new LockstepError('not-compared', lines.join('; '), 'See why these tables cannot be read: nothing is known of them.'); // prettier-ignore
    return {
      [action.noteAs]: result.differingTables === 0 ? 'equal' : 'differs',
      report: lines.join('\n'),
    };
  }

  #copy(action: CopyAction, notes: Notes, signal: AbortSignal, progress: (progress: Progress) => void) {
    const { reach } = this;
    const data = { from: noted(notes, action.data.from), on: noted(notes, action.data.on) };
    const taken = (from?: Host) =>
      this.#onHost(
        action.on,
        (to) =>
        copy(action, { target: (server) => reach.target(server), password: () => reach.secret('operate'), from, to, progress }, data, signal), // prettier-ignore
      );
    // Nothing else runs a program on the donor's machine, which Lockstep may not reach.
    return action.method === 'backup' ? this.#onHost(action.from, taken) : taken();
  }

  async #onHost<T>(server: ServerName, work: (host: Host) => Promise<T>): Promise<T> {
    const host = this.reach.host(server);
    if (host === undefined)
      throw new LockstepError('host-unknown', `Lockstep does not reach the machine of ${server}`, 'Configure its `hosts`.'); // prettier-ignore
    try {
      return await work(host);
    } finally {
      await host.close();
    }
  }

  async #release({ on, session }: ReleaseAction): Promise<void> {
    const key = keyOf(on, session);
    const held = this.#sessions.get(key);
    this.#sessions.delete(key);
    await held?.end();
  }

  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(sessions.map((session) => session.end()));
  }

  /** Its own lock for good; those of other sessions long enough to know that nobody holds them. */
  async #lockOne(server: ServerName, signal: AbortSignal, dead: boolean): Promise<void> {
    // One that lets us in is not dead: its lock is waited for, like any other.
    const control = await this.#session(server, 'control', signal, dead ? deadWithin : undefined);
    for (const name of sessionNames.filter((one) => one !== 'control' && !this.held.has(keyOf(server, one)))) {
      await control.take(lockName(name), server, signal);
      await control.release(lockName(name), AbortSignal.timeout(unlockWithin));
    }
  }

  async #session(
    server: ServerName,
    name: SessionName,
    signal: AbortSignal,
    loginWithin?: number,
  ): Promise<HeldSession> {
    const key = keyOf(server, name);
    const known = this.#sessions.get(key);
    if (known !== undefined && !known.closed) return known;
    const opened = await HeldSession.open(await this.reach.target(server), server, name, signal, loginWithin);
    this.#sessions.set(key, opened);
    return opened;
  }

  async #sql(
    { on, session: name, statements, detached }: SqlAction,
    notes: Notes,
    signal: AbortSignal,
  ): Promise<Notes> {
    const session = await this.#session(on, name, signal);
    const known = await this.#known(statements, notes);
    const text = statements.map((statement) => written(statement, known).reveal()).join('; ');
    if (detached === true) {
      session.detach(text);
      return {};
    }
    let answers: readonly (readonly Row[])[];
    try {
      answers = await session.query(text, signal);
    } catch (cause) {
      throw refused(on, statements, cause);
    }
    return statements.reduce<Notes>((learned, statement, index) => {
      const [row] = answers[index] ?? [];
      check(on, statement, row, { ...notes, ...learned });
      return { ...learned, ...learnedFrom(on, statement, row) };
    }, {});
  }

  async #kill(action: KillAction, notes: Notes, signal: AbortSignal): Promise<void> {
    const { on, session: name, settles, select, gone, leaves } = action;
    const session = await this.#session(on, name, signal);
    if (settles !== undefined) await this.#settled(session, settles, signal);
    const text = written(select, await this.#known([select], notes)).reveal();
    const [rows = []] = await session.query(text, signal);
    const ids = rows.map((row) => Number(Object.values(row)[0]));
    if (!ids.every((id) => Number.isSafeInteger(id))) throw unexpected(on, select, 'it lists no session numbers');
    const passed = [noSuchThread, ...(leaves === 'denied' ? [denied] : [])];
    const left: QueryError[] = [];
    // All in one round trip; behind one that is gone, or is left, it goes on with the next.
    for (let rest = ids; rest.length > 0;)
      rest = await session.query(rest.map((id) => `KILL ${id}`).join('; '), signal).then(
        () => [],
        (cause: unknown) => {
          if (!(cause instanceof QueryError) || !passed.includes(cause.errno)) throw cause;
          if (cause.errno === denied) left.push(cause);
          return rest.slice(cause.statement + 1);
        },
      );
    if (gone !== undefined && ids.length > left.length) await this.#settled(session, gone, signal);
  }

  async #settled(session: HeldSession, settles: Statement, signal: AbortSignal): Promise<void> {
    const text = written(settles, await this.#known([settles], {})).reveal();
    const until = performance.now() + settlesWithin;
    while (performance.now() < until) {
      const [rows = []] = await session.query(text, signal);
      if (rows.length === 0) return;
      await pause(settlePause, undefined, { signal });
    }
  }

  async #received(action: ReceivedAction, signal: AbortSignal): Promise<Notes> {
    const session = await this.#session(action.on, action.session, signal);
    return received(action, async (statement, notes) => {
      const [rows = []] = await session.query(written(statement, { secrets: {}, notes }).reveal(), signal);
      return rows;
    });
  }

  async #known(statements: readonly Statement[], notes: Notes): Promise<Known> {
    const names = [...new Set(statements.flatMap(secretsOf))];
    const secrets = await Promise.all(names.map(async (name) => [name, await this.reach.secret(name)] as const));
    return { secrets: Object.fromEntries(secrets), notes };
  }
}

function namesIn(notes: Notes, { data, temporary }: SwapAction | PutBackAction): DataNames {
  return { data: noted(notes, data), temporary: noted(notes, temporary) };
}

function noted(notes: Notes, name: string): string {
  const value = notes[name];
  if (value !== undefined && value !== '') return value;
  throw new LockstepError('note-missing', `<${name}> was not learned in this run`);
}

function keyOf(server: ServerName, session: SessionName): string {
  return `${server}/${session}`;
}

/** A server that nobody could log in to; one that let us in and is locked is another matter. */
function isUnreachable(cause: unknown): boolean {
  return cause instanceof LoginError || (cause instanceof LockstepError && cause.code === 'connection-lost');
}

function refused(on: ServerName, statements: readonly Statement[], cause: unknown): unknown {
  if (!(cause instanceof QueryError)) return cause;
  const statement = statements[cause.statement];
  const which = statement === undefined ? '' : ` to ${shown(statement)}`;
  return new LockstepError('refused', `${on} said no${which}: ${cause.message}`, undefined, { cause });
}

function check(on: ServerName, statement: Statement, row: Row | undefined, notes: Notes): void {
  const { expect, agrees = {} } = statement;
  const [first] = Object.values(row ?? {});
  const pairs: (readonly [Value, string | null | undefined])[] = [
    ...(expect === undefined ? [] : [[expect, first] as const]),
    ...Object.entries(agrees).map(([column, value]) => [value, row?.[column]] as const),
  ];
  for (const [value, answer] of pairs) {
    const wanted = typeof value === 'object' ? ('note' in value ? notes[value.note] : undefined) : String(value);
    if (wanted === undefined || answer !== wanted)
      throw unexpected(on, statement, `it answered ${JSON.stringify(answer ?? null)}, not ${JSON.stringify(wanted ?? null)}`); // prettier-ignore
  }
}

function learnedFrom(on: ServerName, statement: Statement, row: Row | undefined): Notes {
  return Object.fromEntries(
    Object.entries(statement.notes ?? {}).map(([column, name]) => {
      const value = row?.[column];
      if (typeof value !== 'string') throw unexpected(on, statement, `its answer holds no ${column}`);
      return [name, value];
    }),
  );
}

function unexpected(on: ServerName, statement: Statement, why: string): LockstepError {
  return new LockstepError('unexpected-answer', `${on}, asked ${shown(statement)}: ${why}`);
}
