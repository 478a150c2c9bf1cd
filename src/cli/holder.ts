import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AutomationService } from '../automation-service.js';
import { readAutomation } from '../automation.js';
import { systemClock } from '../base/clock.js';
import { LockstepError } from '../base/errors.js';
import { createLog, silentLog, type Log } from '../base/log.js';
import { Scope } from '../base/scope.js';
import type { AutomationConfig } from '../config/automation.js';
import type { Config } from '../config/config.js';
import { Exporter } from '../exporter.js';
import { controlSocket } from '../http/control-socket.js';
import { createControl } from '../http/control.js';
import type { HttpPorts } from '../http/ports.js';
import { httpSettingsOf } from '../http-settings.js';
import { loadWhole } from '../load-whole.js';
import { observerOf } from '../watched.js';

/** An engine in this process, reached as any other instance is. */
export interface Held {
  /** Where it answers. */
  readonly socket: string;
  /** Runs at work end at their next step boundary, or are resumed by the next who holds the journal. Harmless twice. */
  stop(): Promise<void>;
}

/**
 * Holds the journal for as long as a command needs it; other commands on this machine find it as if it were `serve`.
 * @param acts whether open runs go on and notifications go out, or things are only recorded for the next who does so
 * @throws LockstepError `journal-held`, and others of the journal; those of the configuration
 */
export async function holding({ file }: Config, { journal }: AutomationConfig, acts: boolean): Promise<Held> {
  const config = await loadWhole(file);
  // On a terminal there is one writer: what happens is told by the run itself.
  const log = process.stderr.isTTY ? silentLog : createLog('warn');
  const socket = controlSocket(journal.directory);
  return held(socket, async (scope) => {
    const exporter = eyesOf(scope, config, log);
    const service = await AutomationService.open({ config: () => config, observer: () => exporter.observer, log });
    if (service === undefined) throw new Error('a journal went missing from the configuration');
    const control = createControl(
      portsOf(exporter, () => service.engine),
      () => httpSettingsOf(config),
      socket,
      log,
    );
    // While runs come to their end, whoever watches them still hears of it.
    scope.defer(() => control.stop());
    scope.defer(() => service.stop());
    await control.start();
    if (acts) service.start();
  });
}

/** Reads the journal as it is, looks and plans, and changes nothing. @throws LockstepError of the journal */
export async function reading(config: Config): Promise<Held> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lockstep-'));
  const socket = path.join(folder, 'control.sock');
  return held(socket, async (scope) => {
    scope.defer(() => rm(folder, { recursive: true, force: true }));
    const exporter = eyesOf(scope, config, silentLog);
    const options = { config: () => config, observer: () => exporter.observer, log: silentLog };
    const engine = await readAutomation(options);
    const control = createControl(
      portsOf(exporter, () => engine),
      () => httpSettingsOf(config),
      socket,
      silentLog,
    );
    scope.defer(() => control.stop());
    await control.start();
  });
}

async function held(socket: string, open: (scope: Scope) => Promise<void>): Promise<Held> {
  const scope = new Scope();
  try {
    await open(scope);
  } catch (cause) {
    await scope.end();
    throw cause;
  }
  let stopping: Promise<void> | undefined;
  return { socket, stop: () => (stopping ??= scope.end()) };
}

function eyesOf(scope: Scope, config: Config, log: Log): Exporter {
  const observer = scope.own(observerOf(config, { clock: systemClock, log }), (eyes) => eyes.close());
  return new Exporter(config, observer, () => undefined);
}

/** No pages: who scrapes asks `serve`. */
function portsOf(exporter: Exporter, automation: HttpPorts['automation']): HttpPorts {
  const nothing = () =>
    Promise.reject(new LockstepError('not-served', 'a command serves no pages', 'Start lockstep serve.'));
  return {
    collectors: [],
    targets: () => exporter.targets,
    probe: nothing,
    metrics: nothing,
    roleOf: (cluster, server) => exporter.roleOf(cluster, server),
    cluster: (cluster, signal) => exporter.report(cluster, signal),
    automation,
    answered: () => undefined,
    ready: () => ({ ready: true }),
    reload: nothing,
  };
}
