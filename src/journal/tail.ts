import { constants } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { syncDirectory } from '../base/atomic.js';
import { messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { settle, writeAll, writeSpaces, type OpenFile } from './disk.js';
import { isFull, journalTouched } from './failure.js';
import type { Stamp } from './journal.js';
import { segmentFile } from './layout.js';
import { lineAfter } from './line.js';
import type { Found, Kept, Last } from './recover.js';
import { readFailure } from './verify.js';
import { checkSegment } from './walk.js';

/** One record to write. */
export interface Item {
  readonly at: number;
  /** JSON */
  readonly text: string;
}

export interface TailOptions {
  readonly directory: string;
  /** A segment ends before it grows beyond this many bytes. */
  readonly segmentBytes: number;
  readonly open: OpenFile;
  readonly log: Log;
}

/** The end of the journal: writes, syncs, begins new segments, keeps space behind the last entry. One call at a time. */
export class Tail {
  readonly #options: TailOptions;
  #segments: readonly Kept[];
  #head: Stamp;
  #last: Last | undefined;
  /** The segment before, until something stands in the last one. */
  #outgrown: Last | undefined;
  /** A failed write: what lies behind the durable bytes, and whether they are still well, is not known. */
  #doubt: unknown;
  #warned = false;

  constructor(found: Found, options: TailOptions) {
    this.#options = options;
    this.#segments = found.segments;
    this.#head = found.head;
    this.#last = found.last;
  }

  get head(): Stamp {
    return this.#head;
  }

  get segments(): readonly Kept[] {
    return this.#segments;
  }

  /** Forget segments that are going to be dropped; never the last one. */
  forget(dropped: readonly Kept[]): void {
    this.#segments = this.#segments.filter((segment) => !dropped.includes(segment));
  }

  /**
   * All of them durable, or none.
   * @param aside bytes that must still be set aside afterwards
   * @throws Node's own errors; LockstepError `journal-damaged` when somebody else touched the file
   */
  async append(items: readonly Item[], aside: number): Promise<Stamp[]> {
    if (this.#doubt !== undefined) await this.#mend();
    let head = this.#head;
    const lines = items.map(({ at, text }) => {
      const line = lineAfter(head, this.#head.seq, at, text);
      head = line.stamp;
      return line;
    });
    const bytes = Buffer.concat(lines.map((line) => line.bytes));
    const last = await this.#segmentFor(bytes.length, aside);
    await this.#untouched(last);
    const length = last.length + bytes.length;
    const size = Math.max(last.size, length + aside);
    // Room first. What was set aside needs none: it is overwritten where it stands, so nobody can take it in between.
    await this.#grow(last, Math.max(last.size, length), size);
    await this.#orDoubt(async () => {
      await writeAll(last.file, bytes, last.length);
      await last.file.datasync();
    });
    [this.#last, this.#head] = [{ file: last.file, length, size }, head];
    await this.#leaveOutgrown();
    return lines.map((line) => line.stamp);
  }

  /** Makes this many bytes stand behind the last entry, durably; what is there beyond them is given back. */
  async setAside(bytes: number): Promise<void> {
    if (this.#doubt !== undefined) await this.#mend();
    const last = this.#last ?? (bytes > 0 ? await this.#begin(0) : undefined);
    if (last === undefined) return;
    await this.#untouched(last);
    const size = last.length + bytes;
    if (size > last.size) {
      await this.#grow(last, last.size, size);
      await this.#orDoubt(() => last.file.datasync());
    } else await last.file.truncate(size);
    this.#last = { ...last, size };
  }

  async close(): Promise<void> {
    // While nothing stands in the last segment, the next process goes on in the one before, with the space that it has.
    if (this.#last?.length === 0) await this.#outgrown?.file.close();
    else await this.#leaveOutgrown();
    await this.#last?.file.close();
  }

  async #segmentFor(bytes: number, aside: number): Promise<Last> {
    const last = this.#last;
    if (last !== undefined && (last.length === 0 || last.length + bytes <= this.#options.segmentBytes)) return last;
    try {
      // The room in the old one is given up only for as much in the new one.
      const spare = last === undefined ? 0 : last.size - last.length;
      return await this.#begin(spare + aside === 0 ? 0 : bytes + aside);
    } catch (cause) {
      if (last === undefined) throw cause;
      // The old segment serves as well, and has the space that was set aside.
      if (!this.#warned) this.#options.log.warn({ reason: messageOf(cause) }, 'no new segment of the journal');
      this.#warned = true;
      return last;
    }
  }

  async #begin(size: number): Promise<Last> {
    const { directory, open } = this.#options;
    const segment = { first: this.#head.seq + 1, file: segmentFile(directory, this.#head.seq + 1), before: this.#head };
    await this.#refuseTooLarge(size);
    const file = await open(segment.file, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL);
    try {
      await writeSpaces(file, 0, size);
      if (size > 0) await file.datasync();
      await syncDirectory(directory);
    } catch (cause) {
      await file.close();
      await rm(segment.file, { force: true });
      throw cause;
    }
    [this.#outgrown, this.#last, this.#warned] = [this.#last, { file, length: 0, size }, false];
    this.#segments = [...this.#segments, segment];
    return this.#last;
  }

  async #leaveOutgrown(): Promise<void> {
    const old = this.#outgrown;
    this.#outgrown = undefined;
    if (old === undefined) return;
    try {
      if (old.size > old.length) await old.file.truncate(old.length);
    } catch (cause) {
      this.#options.log.warn({ reason: messageOf(cause) }, 'space of the journal is given back at its next opening');
    } finally {
      await old.file.close().catch(() => undefined); // all of it is durable
    }
  }

  async #grow(last: Last, from: number, size: number): Promise<void> {
    if (size <= from) return;
    await this.#refuseTooLarge(size - from);
    try {
      await writeSpaces(last.file, from, size);
    } catch (cause) {
      await this.#orDoubt(() => last.file.truncate(last.size));
      throw cause;
    }
  }

  /** What is much too large must not fill the disk, even for a moment. */
  async #refuseTooLarge(bytes: number): Promise<void> {
    if (bytes < muchSpace) return;
    const { bavail, bsize } = await statfs(this.#options.directory);
    if (bytes > bavail * bsize) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  }

  /** Never acknowledge into a file that was removed, or that a second writer, whom the hold did not keep out, has written. */
  async #untouched(last: Last): Promise<void> {
    const { size, nlink } = await last.file.stat();
    if (nlink === 0) throw this.#touched('was removed');
    if (size !== last.size) throw this.#touched(`has ${size} bytes, and this process left ${last.size}`);
  }

  async #orDoubt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      this.#doubt = cause;
      // At once where that is possible, so that what was refused is not found later.
      await this.#mend().catch((failure: unknown) =>
        this.#options.log.warn({ reason: messageOf(failure) }, 'the end of the journal is in doubt'),
      );
      throw cause;
    }
  }

  async #mend(): Promise<void> {
    const [segment, last] = [this.#segments.at(-1), this.#last];
    if (segment === undefined || last === undefined) return;
    await last.file.close().catch(() => undefined); // a handle that saw an error may go on to see it
    const file = await this.#options.open(segment.file, constants.O_RDWR);
    try {
      const { size } = await file.stat();
      if (size < last.size) throw this.#touched(`has ${size} bytes, and this process left ${last.size}`);
      await settle(file, last.length, last.size, largestPage);
      if (!isFull(this.#doubt)) await this.#check(segment);
    } catch (cause) {
      await file.close();
      throw cause;
    }
    [this.#last, this.#doubt] = [{ ...last, file }, undefined];
  }

  async #check(segment: Kept): Promise<void> {
    try {
      await checkSegment(segment, segment.before, this.#head);
    } catch (cause) {
      throw readFailure(this.#options.directory, cause);
    }
  }

  #touched(what: string): Error {
    return journalTouched(this.#options.directory, this.#segments.at(-1)?.file ?? 'a file', what);
  }
}

/** From here on it is asked how much is free before it is written. */
const muchSpace = 64 * 1024;

/** The durable bytes that may share a page with what failed. */
const largestPage = 64 * 1024;
