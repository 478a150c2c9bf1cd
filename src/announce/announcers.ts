import { systemClock, type Clock } from '../base/clock.js';
import { raced } from '../base/deadline.js';
import { adviceOf, LockstepError, messageOf } from '../base/errors.js';
import type { AnnounceAction, ReadersAction } from '../domain/action.js';
import type { AnnouncedServer, Announcement, AnnouncerName, SiteAnnouncer } from '../domain/announcement.js';
import type { ReadersSeen } from '../domain/readers.js';
import type { ServerName } from '../domain/snapshot.js';
import type { Announcer } from './announcer.js';
import type { ReadSide } from './read-side.js';

/**
 * The announcers of a cluster. Several are told at once, each in its own time; what one of them is asked for comes after
 * what it was asked for before, so that nothing late undoes what is newer.
 */
export class Announcers {
  readonly #members: readonly Member[];

  constructor(
    announcers: readonly Announcer[],
    readonly clock: Clock = systemClock,
    /** The read sides of those that have one. */
    readSides: ReadonlyMap<AnnouncerName, ReadSide> = new Map(),
  ) {
    this.#members = announcers.map((announcer) => new Member(announcer, readSides.get(announcer.site.name)));
  }

  /** In the order of the configuration. */
  get site(): readonly SiteAnnouncer[] {
    return this.#members.map(({ announcer }) => announcer.site);
  }

  /**
   * Does it with all that the action names. All are tried, whatever one of them does.
   * @returns what failed, under the name that the action gives, a sentence for each announcer, '' when nothing did
   * @throws LockstepError `announcement-failed` naming each announcer and what it said, unless the action may fail
   */
  async carryOut(
    action: AnnounceAction | ReadersAction,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    if (action.kind === 'readers') return this.#moveReaders(action, signal);
    const server = { name: action.primary, address: action.address };
    const failures = await this.each(action.announcers, action.act, server, signal);
    const told = toldOf(failures);
    if (failures.size > 0 && action.mayFail !== true) throw failed(failures);
    return action.noteAs === undefined ? {} : { [action.noteAs]: told };
  }

  /** @returns what each that failed has thrown */
  async each(
    names: readonly AnnouncerName[],
    act: AnnounceAction['act'],
    server: AnnouncedServer,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<AnnouncerName, unknown>> {
    return failuresOf(names, (name) => this.#named(name).act(act, server, signal));
  }

  /**
   * Tries what changing the read sides will take, and changes nothing.
   * @param primary who would stand in, where that is known
   * @returns what each that failed has thrown
   */
  async tryReaders(signal: AbortSignal, primary: ServerName | undefined): Promise<ReadonlyMap<AnnouncerName, unknown>> {
    const names = this.#members.flatMap(({ announcer, readSide }) => (readSide === undefined ? [] : [announcer.site.name])); // prettier-ignore
    return failuresOf(names, (name) =>
      this.#named(name).inTurn((readSide) => readSide.prepare(signal, primary), signal),
    );
  }

  /**
   * What all of them tell now, those that can be read back, in the order of the configuration. Never fails: one that
   * cannot be read says why.
   */
  async readBack(signal: AbortSignal): Promise<readonly Announcement[]> {
    const readable = this.#members.filter(({ announcer }) => announcer.site.readsBack);
    return Promise.all(readable.map(async ({ announcer }) => this.#readOne(announcer, signal)));
  }

  /** From whom all that lead readers let them read now, alike. */
  async readReaders(signal: AbortSignal): Promise<readonly ReadersSeen[]> {
    const readable = this.#members.filter(({ announcer: { site } }) => site.readers?.readsBack === true);
    return Promise.all(readable.map(async (member) => this.#readersOf(member, signal)));
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#members.map(async ({ announcer, readSide }) => {
        await readSide?.close();
        await announcer.close();
      }),
    );
  }

  async #moveReaders(action: ReadersAction, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const { act, server: name, address, fallback, announcers } = action;
    const change = { act, server: { name, address }, fallback };
    const failures = await failuresOf(announcers, (one) =>
      this.#named(one).inTurn((readSide) => readSide.change(change, signal), signal),
    );
    if (failures.size > 0) throw failed(failures);
    return { [action.noteAs]: name };
  }

  async #readersOf({ announcer, readSide }: Member, signal: AbortSignal): Promise<ReadersSeen> {
    const told = { announcer: announcer.site.name, readers: [], found: undefined };
    try {
      const reading = readSide && (await raced(readSide.read(signal), signal));
      return { ...told, ...reading, failure: undefined, at: this.clock.now() };
    } catch (thrown) {
      return { ...told, failure: messageOf(thrown), at: this.clock.now() };
    }
  }

  async #readOne(announcer: Announcer, signal: AbortSignal): Promise<Announcement> {
    const told = { announcer: announcer.site.name, says: undefined, found: undefined, holding: false };
    try {
      const reading = await raced(announcer.read(signal), signal);
      return { ...told, ...reading, failure: undefined, at: this.clock.now() };
    } catch (thrown) {
      return { ...told, failure: messageOf(thrown), at: this.clock.now() };
    }
  }

  #named(name: AnnouncerName): Member {
    const found = this.#members.find(({ announcer }) => announcer.site.name === name);
    if (found !== undefined) return found;
    throw new LockstepError(
      'announcer-unknown',
      `the configuration names no announcer "${name}" any more`,
      'Name it again under `announce`, or plan anew.',
    );
  }
}

/** All are tried, whatever one of them does. */
async function failuresOf(
  names: readonly AnnouncerName[],
  work: (name: AnnouncerName) => Promise<void>,
): Promise<ReadonlyMap<AnnouncerName, unknown>> {
  const results = await Promise.allSettled(names.map(async (name) => work(name)));
  return new Map(
    results.flatMap((result, index) =>
      result.status === 'rejected' ? [[names[index] ?? '', result.reason as unknown] as const] : [],
    ),
  );
}

function toldOf(failures: ReadonlyMap<AnnouncerName, unknown>): string {
  return [...failures].map(([announcer, thrown]) => `${announcer}: ${adviceOf(thrown)}`).join(' ');
}

function failed(failures: ReadonlyMap<AnnouncerName, unknown>): LockstepError {
  return new LockstepError('announcement-failed', toldOf(failures), undefined, { cause: [...failures.values()][0] });
}

/** An announcer. What it tells of the primary waits for no reader, who may take minutes to go. */
class Member {
  readonly #acts = new Order();
  readonly #readSides = new Order();

  constructor(
    readonly announcer: Announcer,
    readonly readSide: ReadSide | undefined,
  ) {}

  act(act: AnnounceAction['act'], server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    return this.#acts.after(() => this.announcer[act](server, signal), signal);
  }

  /** @throws LockstepError `announcer-without-readers` */
  inTurn(work: (readSide: ReadSide) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { readSide } = this;
    if (readSide !== undefined) return this.#readSides.after(() => work(readSide), signal);
    throw new LockstepError(
      'announcer-without-readers',
      `the configuration gives "${this.announcer.site.name}" no \`readers\` any more`,
      'Give it again, or plan anew.',
    );
  }
}

/** What is asked for later comes later. */
class Order {
  #last: Promise<unknown> = Promise.resolve();

  after(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const before = this.#last;
    const mine = (async () => {
      await raced(before, signal);
      await work();
    })();
    // The next one waits until this has really ended, also when nobody waits for it any more.
    this.#last = Promise.allSettled([before, mine]);
    return raced(mine, signal);
  }
}
