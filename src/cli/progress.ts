import type { WriteStream } from 'node:tty';
import pc from 'picocolors';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** Says what is being done and how long each step took: one line a step, with a moving sign on a terminal. */
export class Progress {
  #step: { readonly text: string; readonly began: number; readonly timer: NodeJS.Timeout | undefined } | undefined;

  constructor(readonly stream: WriteStream) {}

  /** Ends the step before and begins this one. */
  step(text: string): void {
    this.done();
    const began = performance.now();
    let frame = 0;
    const draw = () => {
      frame = (frame + 1) % frames.length;
      this.stream.write(`\r\u001b[K${pc.cyan(frames[frame] ?? '')} ${text}`);
    };
    this.#step = { text, began, timer: this.stream.isTTY ? setInterval(draw, 80) : undefined };
    if (this.stream.isTTY) draw();
  }

  done(): void {
    if (this.#step === undefined) return;
    const { text, began, timer } = this.#step;
    clearInterval(timer);
    const took = `${((performance.now() - began) / 1000).toFixed(1)} s`;
    this.stream.write(`${this.stream.isTTY ? '\r\u001b[K' : ''}${pc.green('✔')} ${text} ${pc.dim(took)}\n`);
    this.#step = undefined;
  }
}
