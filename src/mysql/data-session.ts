import { systemClock } from '../base/clock.js';
import { LockstepError } from '../base/errors.js';
import type { Driver } from './driver.js';
import { logIn } from './login.js';
import { headed, lengthAt, packetOf, PacketReader } from './packets.js';
import { refusalIn } from './query-error.js';
import { RowText } from './row-text.js';
import { sessionOf, type Session } from './session.js';
import type { Target } from './target.js';

/** A session between whose statements rows go straight from its server to another, or into it. */
export interface DataSession extends Session {
  readonly driver: Driver;
}

/** @throws as openSession */
export async function openDataSession(target: Target, signal: AbortSignal): Promise<DataSession> {
  const login = await logIn(target, signal, systemClock, { sendsRows: true });
  return Object.assign(sessionOf(login, target), { driver: login.driver });
}

export interface RowsToCopy {
  readonly from: DataSession;
  /** Lists rows; values that LOAD DATA cannot take as the text protocol gives them are converted by it. */
  readonly select: string;
  readonly to: DataSession;
  /** LOAD DATA LOCAL INFILE, with the default format. */
  readonly load: string;
  /** Text bytes after which one LOAD DATA is ended, and with it its transaction, and another begun. */
  readonly perLoad: number;
  readonly signal: AbortSignal;
  /** Told after each piece what came since the last. What it returns is waited for before more is read. */
  readonly came: (rows: number, bytes: number) => Promise<void> | undefined;
}

/**
 * Copies the rows of one statement, never holding more than a few pieces: whoever is slower sets the pace.
 * Both sessions go on afterwards; when it fails, both are closed, so that the server takes back what it was being given.
 * @returns how many rows @throws QueryError, SessionLost, LockstepError `copy-failed` (rows that were not taken as they are)
 */
export async function copyRows(what: RowsToCopy): Promise<number> {
  const { from, to, signal } = what;
  signal.throwIfAborted();
  let fail: (cause: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined);
  const abort = () => fail(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const lost = (which: string) => () => fail(new LockstepError('connection-lost', `the connection to the ${which} was lost while rows were copied`)); // prettier-ignore
  from.onClose(lost('donor'));
  to.onClose(lost('target'));
  try {
    return await new Flow(what, fail, failed).run();
  } catch (cause) {
    from.close();
    to.close();
    signal.throwIfAborted();
    throw cause;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

class Flow {
  readonly #text = new RowText((packet) => this.#send(packet));
  readonly #loader: Loader;
  /** Ready packets for which no LOAD DATA is open yet. */
  #ready: Buffer[] = [];
  #open = false;
  #full = false;
  #rowsLoaded = 0;
  #bytesLoaded = 0;
  #told = { rows: 0, bytes: 0 };

  constructor(
    readonly what: RowsToCopy,
    readonly fail: (cause: unknown) => void,
    readonly failed: Promise<never>,
  ) {
    this.#loader = new Loader(what.to.driver, fail);
  }

  async run(): Promise<number> {
    const { from, select } = this.what;
    const ended = new Promise<void>((resolve) => {
      const giveBack = takeOver(from.driver, (chunk) => {
        try {
          this.#text.take(chunk);
        } catch (cause) {
          this.fail(cause);
          return;
        }
        if (this.#text.ended) {
          giveBack();
          resolve();
          return;
        }
        const waits = this.#settle();
        if (waits === undefined) return;
        from.driver.stream.pause();
        waits.then(() => from.driver.stream.resume(), this.fail);
      });
      from.driver.stream.write(queryPacket(select));
    });
    await Promise.race([ended, this.failed]);
    this.#text.flush();
    await Promise.race([this.#settle(), this.failed]);
    await Promise.race([this.#endLoad(), this.failed]);
    this.#loader.giveBack();
    return this.#text.rows;
  }

  #send(packet: Buffer): void {
    if (this.#open) this.#full = !this.#loader.write(packet) || this.#full;
    else this.#ready.push(packet);
  }

  /** What must happen before more is read; undefined: nothing. */
  #settle(): Promise<void> | undefined {
    const { rows, bytes } = this.#text;
    const gate = this.what.came(rows - this.#told.rows, bytes - this.#told.bytes);
    this.#told = { rows, bytes };
    const due = this.#open && bytes - this.#bytesLoaded >= this.what.perLoad;
    if (gate === undefined && !due && !this.#full && this.#ready.length === 0) return undefined;
    return this.#work(gate, due);
  }

  async #work(gate: Promise<void> | undefined, due: boolean): Promise<void> {
    if (due) {
      this.#text.flush();
      await this.#endLoad();
    }
    if (this.#ready.length > 0) {
      await this.#loader.begin(this.what.load);
      this.#open = true;
      for (const packet of this.#ready.splice(0)) this.#send(packet);
    }
    if (this.#full) await this.#loader.drained();
    this.#full = false;
    await gate;
  }

  async #endLoad(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const rows = this.#text.rows - this.#rowsLoaded;
    this.#rowsLoaded = this.#text.rows;
    this.#bytesLoaded = this.#text.bytes;
    const { affected, warnings } = await this.#loader.end();
    // LOCAL passes over what a server would refuse, and says so only here.
    if (affected === rows && warnings === 0) return;
    this.#loader.giveBack();
    const [said = []] = await this.what.to.query('SHOW WARNINGS LIMIT 3', { signal: this.what.signal });
    const words = said.map((row) => `${row['Code'] ?? ''} ${row['Message'] ?? ''}`).join('; ');
    throw new LockstepError(
      'copy-failed',
      `of ${rows} rows ${affected} were taken, with ${warnings} warnings: ${words}`,
    );
  }
}

/** One LOAD DATA LOCAL after the other on one session. */
class Loader {
  readonly giveBack: () => void;
  #sequence = 0;
  #answer: ((payload: Buffer) => void) | undefined;

  constructor(
    readonly driver: Driver,
    fail: (cause: unknown) => void,
  ) {
    const reader = new PacketReader();
    this.giveBack = takeOver(driver, (chunk) =>
      reader.take(chunk, (bytes, start, end) => {
        const payload = Buffer.from(bytes.subarray(start, end));
        // In the middle of the rows, too: it does not take any more.
        if (payload[0] === 0xff) fail(refusalIn(payload));
        else this.#answer?.(payload);
      }),
    );
  }

  async begin(load: string): Promise<void> {
    const answer = this.#next();
    this.driver.stream.write(queryPacket(load));
    if ((await answer)[0] !== 0xfb) throw new LockstepError('copy-failed', 'the target does not ask for the rows');
    this.#sequence = 2;
  }

  /** @returns whether more may follow at once */
  write(packet: Buffer): boolean {
    return this.driver.stream.write(headed(packet, this.#sequence++));
  }

  drained(): Promise<void> {
    const { stream } = this.driver;
    return stream.writableNeedDrain ? new Promise((resolve) => void stream.once('drain', resolve)) : Promise.resolve();
  }

  async end(): Promise<{ readonly affected: number; readonly warnings: number }> {
    const answer = this.#next();
    this.write(Buffer.alloc(4));
    const payload = await answer;
    const affected = lengthAt(payload, 1);
    const inserted = lengthAt(payload, affected.next);
    return { affected: affected.length, warnings: payload.readUInt16LE(inserted.next + 2) };
  }

  #next(): Promise<Buffer> {
    return new Promise((resolve) => (this.#answer = resolve));
  }
}

/** COM_QUERY. */
function queryPacket(text: string): Buffer {
  return packetOf(Buffer.concat([Buffer.from([3]), Buffer.from(text)]), 0);
}

/** The bytes of a session at rest go to somebody else than mysql2, until they are given back. */
function takeOver({ stream }: Driver, take: (chunk: Buffer) => void): () => void {
  const others = stream.listeners('data') as ((chunk: Buffer) => void)[];
  for (const other of others) stream.off('data', other);
  stream.on('data', take);
  return () => {
    stream.off('data', take);
    for (const other of others) stream.on('data', other);
  };
}
