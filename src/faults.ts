import type { Log } from './base/log.js';

/** Reached at every fault point of the engine. */
export type FaultHook = (point: string) => Promise<void> | void;

/**
 * For tests alone: `LOCKSTEP_FAULT=step:promote:ends=kill` ends this process with SIGKILL when that point is reached,
 * `=stop` freezes it with SIGSTOP until somebody thaws it, `=fail` breaks there as when the step had failed, each once;
 * several with commas between them. Without the variable nothing ever happens.
 */
export function faultHook(log: Log, setting = process.env['LOCKSTEP_FAULT']): FaultHook {
  if (setting === undefined || setting === '') return () => undefined;
  const faults = new Map(setting.split(',').map(pointAndDeed));
  log.warn({ faults: Object.fromEntries(faults) }, 'LOCKSTEP_FAULT is set: this process will be broken on purpose');
  return async (reached) => {
    const deed = faults.get(reached);
    if (!faults.delete(reached)) return;
    if (deed === 'fail') throw new Error(`LOCKSTEP_FAULT: it fails at ${reached}`);
    process.kill(process.pid, deed === 'stop' ? 'SIGSTOP' : 'SIGKILL');
    // The signal arrives when it will: nothing more is to happen before it.
    if (deed !== 'stop') await new Promise(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 1));
  };
}

/** Of `step:promote:ends=kill`. */
function pointAndDeed(fault: string): readonly [string, string] {
  const at = fault.lastIndexOf('=');
  return [fault.slice(0, at), fault.slice(at + 1)];
}
