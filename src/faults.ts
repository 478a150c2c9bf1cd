import type { Log } from './base/log.js';

/** Reached at every fault point of the engine. */
export type FaultHook = (point: string) => Promise<void> | void;

/**
 * For tests alone: `LOCKSTEP_FAULT=step:promote:ends=kill` ends this process with SIGKILL when that point is reached,
 * `=stop` freezes it with SIGSTOP until somebody thaws it, each once. Without the variable nothing ever happens.
 */
export function faultHook(log: Log, setting = process.env['LOCKSTEP_FAULT']): FaultHook {
  if (setting === undefined || setting === '') return () => undefined;
  const at = setting.lastIndexOf('=');
  const [point, deed] = [setting.slice(0, at), setting.slice(at + 1)];
  log.warn({ point, deed }, 'LOCKSTEP_FAULT is set: this process will be broken on purpose');
  let done = false;
  return async (reached) => {
    if (done || reached !== point) return;
    done = true;
    process.kill(process.pid, deed === 'stop' ? 'SIGSTOP' : 'SIGKILL');
    // The signal arrives when it will: nothing more is to happen before it.
    if (deed !== 'stop') await new Promise(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 1));
  };
}
