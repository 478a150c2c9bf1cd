import { setTimeout as pause } from 'node:timers/promises';
import { fillDisk } from '../../../src/sandbox/disk.js';
import type { SandboxServer } from '../../../src/sandbox/server.js';
import { until } from '../../../src/sandbox/until.js';
import type { Asked } from '../lockstep-process.js';
import { nemeses } from './nemesis.js';
import { comers } from './network.js';
import { operate, type Stage } from './operation.js';

/** A way in which a primary is lost, or seems to be. */
interface Loss {
  readonly name: string;
  readonly weight: number;
  /** Whether it is lost; one that is not must never be replaced. */
  readonly dead: boolean;
  readonly possible?: (stage: Stage) => boolean;
  /** @returns what takes it back */
  readonly strike: (stage: Stage, primary: SandboxServer) => Promise<() => Promise<void>>;
}

const losses: readonly Loss[] = [
  { name: 'killed', weight: 3, dead: true, strike: (_, primary) => primary.kill().then(() => () => Promise.resolve()) },
  { name: 'frozen', weight: 3, dead: true, strike: frozen },
  { name: 'cut off', weight: 2, dead: true, strike: (stage, primary) => cutOff(stage, primary, false) },
  { name: 'cut off silently', weight: 2, dead: true, strike: (stage, primary) => cutOff(stage, primary, true) },
  { name: 'cut off from Lockstep alone', weight: 1, dead: false, strike: outOfSight },
  {
    name: 'without space on its disk',
    weight: 1,
    dead: false,
    possible: ({ cluster }) => cluster.options.diskMegabytes !== undefined,
    strike: (_, primary) => fillDisk(primary.disk),
  },
];
/** A replica would write something of its own. */
const notOnReplicas = 'long change';
/** Death is found out within this time, milliseconds: an alert does not come sooner. */
const knownWithin = 20_000;
/** A run that still waits for something so long after that, milliseconds, is told to end. */
const waitsAtMost = 30_000;

/** The primary is lost under load, Lockstep makes another one, whatever happens to it meanwhile, and the old one comes back. */
export async function failOver(stage: Stage, primary: SandboxServer): Promise<void> {
  const { cluster, dice, counts, tell } = stage;
  const possible = losses.filter((one) => one.possible?.(stage) ?? true);
  const loss = dice.pick(possible.flatMap((one) => Array.from({ length: one.weight }, () => one)));
  const [from, to] = cluster.servers.filter((server) => server !== primary);
  if (from === undefined || to === undefined) throw new Error('a failover takes three servers');
  await cluster.seen();
  const semiSync = cluster.options.semiSync === true;
  const parameters = { cluster: 'sandbox', ...(semiSync ? {} : { 'accept-loss': 'yes' }) };
  // As it comes back: what it was, or from its files.
  const restarted = dice.chance(0.5);
  let back: (() => Promise<void>) | undefined;
  const first = async () => {
    back = await loss.strike(stage, primary);
    tell(`the primary ${primary.name} is ${loss.name}`);
    counts.add('faults', `primary ${loss.name}`);
    if (loss.dead) await known(stage, asked);
  };
  const others = nemeses.filter(({ name }) => name !== notOnReplicas);
  const scene = { cluster, dice, from, to, others: [] };
  const asked = { procedure: 'failover', parameters };
  const under = { first, nemeses: loss.dead && stage.faults ? others : [], waitsAtMost };
  const runs = [...(await operate(stage, scene, { ...asked, mode: 'auto' }, under))];
  if (runs.at(-1)?.outcome === 'refused' && runs.at(-1)?.why.includes('may be lost') === true && loss.dead) {
    // A person has read what may be lost: Lockstep has not seen it alive since it was started, for instance.
    counts.add('failover', 'asked again, with a loss accepted');
    runs.push(...(await operate({ ...stage, faults: false }, scene, { ...asked, mode: 'auto', parameters: { ...parameters, 'accept-loss': 'yes' } }, { waitsAtMost }))); // prettier-ignore
  }
  for (const run of runs) if (process.env['LOCKSTEP_CHAOS_STORY'] !== undefined) await slow(stage, run.id);
  const committed = runs.some((run) => run.committed);
  if (committed && !loss.dead) throw new Error(`${primary.name} was replaced although it was ${loss.name}`);
  if (!committed && loss.dead && !stage.faults)
    throw new Error(`${primary.name} was ${loss.name}, nothing else was wrong, and it was not replaced: ${runs.map(({ outcome, why }) => `${outcome ?? ''} ${why}`).join('; ')}`); // prettier-ignore
  if (loss.dead) counts.add(`primary ${loss.name}`, committed ? 'replaced' : 'not replaced');
  await pause(dice.between(0, 1000));
  if (loss.dead && restarted && primary.running) {
    await primary.kill();
    tell(`${primary.name} is started anew`);
  }
  await back?.();
  if (!primary.running) await primary.start();
  tell(`${primary.name} is back`);
}

/** Lockstep knows that it is dead, as it does when the alert comes; told when it does not find out. */
async function known({ cluster, tell }: Stage, asked: Asked): Promise<void> {
  const began = performance.now();
  let seen = '';
  const dead = async () => {
    const { observed, guards } = await cluster.lockstep.plan(asked);
    seen = `${observed} ${guards.map(({ why }) => why).join('; ')}`;
    return observed.includes(' is dead: ');
  };
  await until('the primary to be known as dead', dead, { within: knownWithin, every: 200 }).then(
    () => tell(`dead for Lockstep after ${((performance.now() - began) / 1000).toFixed(1)} s`),
    () => tell(`not dead for Lockstep: ${seen}`),
  );
}

async function frozen(_: Stage, primary: SandboxServer): Promise<() => Promise<void>> {
  await primary.freeze();
  return () => {
    if (primary.running) primary.thaw();
    return Promise.resolve();
  };
}

async function cutOff({ cluster }: Stage, primary: SandboxServer, silently: boolean): Promise<() => Promise<void>> {
  const links = comers.map((comer) => cluster.network.to(primary.name, comer));
  for (const link of links) if (silently) link.blackhole();
  if (!silently) await Promise.all(links.map((link) => link.cut()));
  return async () => {
    await Promise.all(links.map((link) => link.mend()));
  };
}

async function outOfSight({ cluster }: Stage, primary: SandboxServer): Promise<() => Promise<void>> {
  const link = cluster.network.to(primary.name, 'lockstep');
  await link.cut();
  return () => link.mend();
}

async function slow({ cluster, tell }: Stage, id: string): Promise<void> {
  const { history } = await cluster.lockstep.shown(id);
  history.forEach(({ at, sentence }, index) => {
    const took = (history[index + 1]?.at ?? at) - at;
    if (took > 1500) tell(`    ${(took / 1000).toFixed(1)} s after: ${sentence}`);
  });
}
