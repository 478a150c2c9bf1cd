import { readFile } from 'node:fs/promises';
import { SqlActor, type Reach } from '../../src/actors/sql-actor.js';
import { systemClock } from '../../src/base/clock.js';
import { silentLog } from '../../src/base/log.js';
import type { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import { loadConfig } from '../../src/config/load.js';
import type { Parameters, Scene, Site } from '../../src/domain/scene.js';
import type { Notes, Procedure, Step } from '../../src/engine/procedure.js';
import type { Observer } from '../../src/observe/observer.js';
import type { Account } from '../../src/sandbox/accounts.js';
import { createCluster, type ClusterOptions, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { writeConfiguration } from '../../src/sandbox/configuration.js';
import { until } from '../../src/sandbox/until.js';
import { siteOf } from '../../src/site.js';
import { observerOf } from '../../src/watched.js';

/** A sandbox cluster with Lockstep's eyes on it and its hands at hand, and no engine in between. */
export class Mending {
  constructor(
    readonly sandbox: SandboxCluster,
    readonly observer: Observer,
    readonly site: Site,
  ) {}

  /** What is seen now, all of it asked anew. */
  async scene(): Promise<Scene> {
    const signal = AbortSignal.timeout(15_000);
    const { snapshot } = await this.observer.lookAtCluster(this.site.cluster, { signal, thorough: true });
    return { snapshot, site: this.site };
  }

  /** Looks until the scene is as wanted. */
  async sceneUntil(what: string, wanted: (scene: Scene) => boolean): Promise<Scene> {
    let scene = await this.scene();
    await until(what, async () => {
      scene = await this.scene();
      return wanted(scene);
    });
    return scene;
  }

  /** On the operate account, or another. */
  async actor(account: Account = this.sandbox.accounts.operate): Promise<SqlActor> {
    return new SqlActor(await reachOf(this.sandbox, account));
  }

  /**
   * Does what a procedure would do about the scene, step by step, and waits until each is seen to be done.
   * @throws where an action fails
   */
  async apply(procedure: Procedure, scene: Scene, parameters: Parameters): Promise<Notes> {
    const actor = await this.actor();
    try {
      let notes: Notes = {};
      for (const step of procedure.steps(scene, parameters)) {
        for (const action of step.plan)
          notes = { ...notes, ...(await actor.send(action, notes, AbortSignal.timeout(20_000))) };
        await this.untilDone(step, notes);
      }
      return notes;
    } finally {
      await actor.close();
    }
  }

  async untilDone(step: Step, notes: Notes = {}): Promise<void> {
    await this.sceneUntil(`"${step.title}" to be seen`, (seen) => step.done({ ...seen, notes, held: new Set() }));
  }
}

/** All of it goes with the scope. */
export async function openMending(scope: Scope, options: ClusterOptions): Promise<Mending> {
  const sandbox = await createCluster(options);
  scope.defer(() => sandbox.stop());
  const config = await loadConfig(await writeConfiguration(sandbox));
  const [cluster] = config.clusters;
  if (cluster === undefined) throw new Error('the configuration has no cluster');
  const observer = observerOf(config, { clock: systemClock, log: silentLog });
  scope.defer(() => observer.close());
  const { monitor, operate, replication } = sandbox.accounts;
  const accounts: Site['accounts'] = {
    monitor: monitor.user,
    operate: operate.user,
    replication: { user: replication.user, require: 'x509' },
  };
  return new Mending(sandbox, observer, { ...siteOf(cluster), accounts });
}

async function reachOf(sandbox: SandboxCluster, { user, password }: Account): Promise<Reach> {
  const { client, accounts } = sandbox;
  const [ca, cert, key] = await Promise.all([readFile(client.ca), readFile(client.cert), readFile(client.key)]);
  return {
    target: (name) =>
      Promise.resolve({
        address: sandbox.server(name).address,
        user,
        password: () => Promise.resolve(password),
        tls: { verify: 'identity', ca, cert, key: new Secret(key.toString()) },
      }),
    secret: (name) => Promise.resolve(accounts[name].password),
    files: () => undefined,
  };
}
