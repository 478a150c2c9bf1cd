import { systemClock, type Clock } from '../base/clock.js';
import { raced } from '../base/deadline.js';
import { adviceOf, LockstepError, messageOf } from '../base/errors.js';
import type { AnnounceAction } from '../domain/action.js';
import type { AnnouncedServer, Announcement, AnnouncerName, SiteAnnouncer } from '../domain/announcement.js';
import type { Announcer } from './announcer.js';

/**
 * The announcers of a cluster. Several are told at once, each in its own time; what one of them is asked for comes after
 * what it was asked for before, so that nothing late undoes what is newer.
 */
export class Announcers {
  readonly #members: readonly Member[];

  constructor(
    announcers: readonly Announcer[],
    readonly clock: Clock = systemClock,
  ) {
    this.#members = announcers.map((announcer) => new Member(announcer));
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
  async carryOut(action: AnnounceAction, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const server = { name: action.primary, address: action.address };
    const failures = await this.each(action.announcers, action.act, server, signal);
    const told = [...failures].map(([announcer, thrown]) => `${announcer}: ${adviceOf(thrown)}`).join(' ');
    if (failures.size > 0 && action.mayFail !== true)
      throw new LockstepError('announcement-failed', told, undefined, { cause: [...failures.values()][0] });
    return action.noteAs === undefined ? {} : { [action.noteAs]: told };
  }

  /** @returns what each that failed has thrown */
  async each(
    names: readonly AnnouncerName[],
    act: AnnounceAction['act'],
    server: AnnouncedServer,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<AnnouncerName, unknown>> {
    const results = await Promise.allSettled(names.map(async (name) => this.#named(name).act(act, server, signal)));
    const failed = results.flatMap((result, index) =>
      result.status === 'rejected' ? [[names[index] ?? '', result.reason as unknown] as const] : [],
    );
    return new Map(failed);
  }

  /**
   * What all of them tell now, those that can be read back, in the order of the configuration. Never fails: one that
   * cannot be read says why.
   */
  async readBack(signal: AbortSignal): Promise<readonly Announcement[]> {
    const readable = this.#members.filter(({ announcer }) => announcer.site.readsBack);
    return Promise.all(readable.map(async ({ announcer }) => this.#readOne(announcer, signal)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ announcer }) => announcer.close()));
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

/** An announcer with the order of what it is asked for. */
class Member {
  #last: Promise<unknown> = Promise.resolve();

  constructor(readonly announcer: Announcer) {}

  act(act: AnnounceAction['act'], server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    const before = this.#last;
    const work = (async () => {
      await raced(before, signal);
      await this.announcer[act](server, signal);
    })();
    // The next one waits until this has really ended, also when nobody waits for it any more.
    this.#last = Promise.allSettled([before, work]);
    return raced(work, signal);
  }
}
