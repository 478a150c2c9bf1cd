import type { WriteStream } from 'node:tty';
import type { RunView } from '../engine/run.js';
import type { Colours } from './colours.js';
import { frameLines } from './run-frame.js';
import type { Update } from './run-updates.js';
import { clean, timeWords } from './words.js';

/** The one who writes while a run is watched. */
export interface RunReporter {
  update(update: Update): void;
  /** A sentence besides. */
  say(text: string): void;
  /** Leaves the terminal to others, what was last seen above it. */
  pause(): void;
}

/** A live picture on a terminal, lines where there is none, JSON lines when asked for. */
export function reporterFor(stream: WriteStream, json: boolean, colours: Colours): RunReporter {
  if (json) return new JsonReporter(stream);
  return stream.isTTY ? new LiveReporter(stream, colours) : new LineReporter(stream);
}

class JsonReporter implements RunReporter {
  constructor(private readonly stream: WriteStream) {}

  update(update: Update): void {
    this.stream.write(`${JSON.stringify(update)}\n`);
  }

  say(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  pause(): void {
    // Nothing is left open.
  }
}

/** Between two lines of how far long work has come, milliseconds. */
const progressEvery = 10_000;

class LineReporter implements RunReporter {
  #last = '';
  #toldProgress = 0;

  constructor(private readonly stream: WriteStream) {}

  update(update: Update): void {
    const line = lineOf(update);
    // Each stream begins with where the run stands, which may have been told.
    if (line === undefined || line === this.#last || this.#isTooSoon(update)) return;
    this.#last = line;
    this.stream.write(`${line}\n`);
  }

  /** Long work tells twice a second how far it has come. */
  #isTooSoon(update: Update): boolean {
    if (update.kind !== 'event' || update.event.type !== 'progress') return false;
    if (update.event.at - this.#toldProgress < progressEvery) return true;
    this.#toldProgress = update.event.at;
    return false;
  }

  say(text: string): void {
    this.stream.write(`${text}\n`);
  }

  pause(): void {
    // Nothing is left open.
  }
}

function lineOf(update: Update): string | undefined {
  switch (update.kind) {
    case 'event':
      return `${timeWords(update.event.at)}  ${clean(update.event.sentence)}`;
    case 'history':
      return `${timeWords(update.line.at)}  ${clean(update.line.sentence)}`;
    case 'lost':
      return `${timeWords(Date.now())}  ${clean(update.why)}; trying again`;
    case 'state':
      return undefined;
  }
}

/** How often the picture moves, milliseconds. */
const tick = 100;

class LiveReporter implements RunReporter {
  #run: RunView | undefined;
  #note: string | undefined;
  #said: string | undefined;
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #began = new Map<string, number>();
  readonly #beganAt = new Map<string, number>();
  readonly #took = new Map<string, number>();

  constructor(
    private readonly stream: WriteStream,
    private readonly colours: Colours,
  ) {}

  update(update: Update): void {
    if (update.kind === 'history') return;
    this.#note = update.kind === 'lost' ? `${update.why}; trying again` : this.#said;
    if (update.kind !== 'lost') this.#run = update.run;
    if (update.kind === 'event') this.#time(update.event);
    this.#draw();
    this.#timer ??= setInterval(() => this.#draw(), tick);
  }

  say(text: string): void {
    this.#said = text;
    this.#note = text;
    this.#draw();
  }

  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#draw();
    this.#drawn = 0;
  }

  #time(event: Extract<Update, { kind: 'event' }>['event']): void {
    if (event.type === 'step-began') {
      this.#began.set(event.step, performance.now());
      this.#beganAt.set(event.step, event.at);
    }
    // By the instance's clock: what is told late did not take longer.
    const since = event.type === 'step-ended' ? this.#beganAt.get(event.step) : undefined;
    if (event.type === 'step-ended' && since !== undefined) this.#took.set(event.step, event.at - since);
  }

  #draw(): void {
    if (this.#run === undefined) return;
    const lines = frameLines(
      {
        run: this.#run,
        began: this.#began,
        took: this.#took,
        now: performance.now(),
        at: Date.now(),
        note: this.#note,
        columns: this.stream.columns,
        rows: this.stream.rows,
      },
      this.colours,
    );
    // Up over the last picture, then each line over the old one, then away with what is left of it: no flicker.
    const up = this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A`;
    this.stream.write(`${up}\r${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
    this.#drawn = lines.length;
  }
}
