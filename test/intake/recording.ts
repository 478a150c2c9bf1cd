import type { Automation } from '../../src/engine/automation.js';
import type { RunRequest, RunView } from '../../src/engine/run.js';

/** What alerts may ask of it: says yes to all, keeps what it was asked, and opens one episode for what is the same. */
export class RecordingAutomation implements Pick<Automation, 'request' | 'resolved'> {
  readonly requests: RunRequest[] = [];
  readonly resolutions: Pick<RunRequest, 'procedure' | 'parameters'>[] = [];
  readonly #open = new Map<string, RunView>();

  /** @param before what happens before a request is answered: nothing, a wait, a refusal */
  constructor(private readonly before: (request: RunRequest) => Promise<void> | void = () => undefined) {}

  async request(request: RunRequest): Promise<{ readonly run: RunView; readonly repeated: boolean }> {
    this.requests.push(request);
    await this.before(request);
    const key = keyOf(request);
    const open = this.#open.get(key);
    if (open !== undefined) return { run: open, repeated: true };
    const run = viewOf(request, `run-${this.#open.size + 1}`);
    this.#open.set(key, run);
    return { run, repeated: false };
  }

  resolved(given: Pick<RunRequest, 'procedure' | 'parameters'>): void {
    this.resolutions.push(given);
  }
}

/** What makes two requests the same. */
export function keyOf({ procedure, parameters }: Pick<RunRequest, 'procedure' | 'parameters'>): string {
  return JSON.stringify([procedure, Object.entries(parameters).sort()]);
}

function viewOf(request: RunRequest, id: string): RunView {
  return {
    ...request,
    id,
    state: 'waiting',
    guard: undefined,
    outcome: undefined,
    why: 'it was asked for',
    requestedAt: 0,
    startedAt: undefined,
    endedAt: undefined,
    expiresAt: 0,
    digest: undefined,
    steps: [],
    approval: undefined,
    committed: false,
  };
}
