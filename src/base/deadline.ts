/** The reason of every signal that ended because its time was over. */
export class DeadlineError extends Error {
  readonly code = 'deadline';
  constructor(readonly milliseconds: number) {
    super(`gave up after ${milliseconds} ms`);
    this.name = 'DeadlineError';
  }
}

/**
 * A signal that aborts after `milliseconds`, or with `parent`, whichever comes first.
 * `clear` releases its timer; call it when the work is over. Never write it as `AbortSignal.any` of an
 * `AbortSignal.timeout`: Node 20 collects that as garbage while it is waited for, and it then never aborts.
 */
export function deadline(milliseconds: number, parent?: AbortSignal): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DeadlineError(milliseconds)), milliseconds);
  const follow = () => controller.abort(parent?.reason);
  if (parent?.aborted) follow();
  else parent?.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', follow);
    },
  };
}

/** Does `work` with such a signal. */
export async function within<T>(
  milliseconds: number,
  parent: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, clear } = deadline(milliseconds, parent);
  try {
    return await work(signal);
  } finally {
    clear();
  }
}

/** Settles as `work` does, or rejects with the signal's reason as soon as it aborts; `work` itself is not stopped. */
export async function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let give = (): void => undefined;
  const ended = new Promise<never>((_, reject) => {
    give = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
  try {
    // Raced even when the signal is over already: work that fails with nobody listening would end the process.
    return await Promise.race([ended, work]);
  } finally {
    signal.removeEventListener('abort', give);
  }
}
