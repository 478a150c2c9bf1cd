import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import { controlSocket } from '../../src/http/control-socket.js';
import { createControl, type Control } from '../../src/http/control.js';
import { MemoryAutomation } from '../http/automation.js';
import { open, ports } from '../http/listener.js';

/** A configuration with a journal directory, and an instance that answers on its control socket. */
export class Instance {
  readonly automation = new MemoryAutomation();
  readonly folder = mkdtempSync(path.join(tmpdir(), 'lockstep-cli-'));
  readonly config = path.join(this.folder, 'lockstep.yml');
  #control: Control | undefined;

  constructor() {
    mkdirSync(path.join(this.folder, 'journal'), { mode: 0o700 });
    writeFileSync(path.join(this.folder, 'password'), 'a-password-of-nobody', { mode: 0o600 });
    writeFileSync(
      this.config,
      `version: 1
journal: { directory: journal }
defaults: { accounts: { monitor: { user: m, password_file: password } } }
clusters:
  shop: { servers: { db1: { address: '192.0.2.1' }, db2: { address: '192.0.2.2' } } }
  other: { servers: { db1: { address: '192.0.2.3' } } }
`,
    );
    instances.push(this);
  }

  async start(): Promise<this> {
    const socket = controlSocket(path.join(this.folder, 'journal'));
    const targets = [
      ...ports.targets(),
      { cluster: 'other', server: 'db1', address: { host: '192.0.2.3', port: 3306 } },
    ];
    this.#control = createControl(
      { ...ports, targets: () => targets, automation: () => this.automation },
      () => open,
      socket,
      silentLog,
    );
    await this.#control.start();
    return this;
  }

  async stop(): Promise<void> {
    await this.#control?.stop(0);
  }

  /** The only run, once somebody has asked for it. */
  async asked(): Promise<string> {
    for (;;) {
      const [run] = this.automation.runs();
      if (run !== undefined) return run.id;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Settles once so many watch. */
  async watched(count = 1): Promise<void> {
    while (this.automation.listeners < count) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const instances: Instance[] = [];

afterEach(async () => {
  for (const instance of instances.splice(0)) {
    await instance.stop();
    rmSync(instance.folder, { recursive: true, force: true });
  }
});
