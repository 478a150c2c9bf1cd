import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../../src/base/errors.js';
import type { ServerName } from '../../../src/domain/snapshot.js';
import { sourcePrefix } from '../../../src/sandbox/semi-sync.js';
import { Scrape } from '../scrape.js';
import type { Asked } from '../lockstep-process.js';
import { database } from './cluster.js';
import { channelsOf, lackedBy } from './final.js';
import type { Stage } from './operation.js';

/** All is well within this time, milliseconds. */
const healsWithin = 90_000;
/** A run that was told to look again rests within this time, milliseconds. */
const restsWithin = 120_000;
/** MariaDB takes a minute to notice that a disk has space again; killed meanwhile it leaves half an event in its log. Milliseconds. */
const writesWithin = 75_000;
/** So long nothing is done: replicas come back, and an announcer is told again, by themselves. */
const patience = 4000;

/**
 * Until one server takes writes and all others follow it, Lockstep is asked to mend what is left, by the procedures
 * that its policies would start. What it leaves to people is done by hand, counted and told.
 */
export async function heal(stage: Stage): Promise<void> {
  const { cluster, tell, counts } = stage;
  for (const server of cluster.servers.filter(({ running }) => !running)) {
    tell(`${server.name} had died: it is started`);
    await server.start();
  }
  await people(stage);
  const began = performance.now();
  let byHand = 0;
  const told = new Set<string>();
  for (;;) {
    const wrong = await wrongWith(stage).catch((cause: unknown) => `it cannot be asked: ${messageOf(cause)}`);
    if (wrong === undefined) break;
    const waited = performance.now() - began;
    if (waited > healsWithin) throw new Error(`the cluster does not heal: ${wrong}`);
    if (waited > patience && !(await mended(stage, told)) && waited > (healsWithin / 4) * (byHand + 1)) {
      byHand += 1;
      tell(`by hand: ${wrong}`);
      counts.add('healing', 'by hand');
      const { length } = await cluster.writable();
      if (length === 0) await openByHand(stage);
      else if (length > 1) await stopHard(stage);
      else await rebuildByHand(stage);
    }
    await pause(200);
  }
  await (await cluster.primary()).sql(`INSERT INTO ${database}.slow (n) VALUES (0)`, writesWithin);
}

/** What keeps the cluster from being as it ought to be; undefined: nothing. */
export async function wrongWith({ cluster }: Stage): Promise<string | undefined> {
  const open = await cluster.writable();
  const [primary] = open;
  if (primary === undefined || open.length > 1) return `writable: ${open.join(', ') || 'none'}`;
  for (const server of cluster.servers) {
    const [channel] = await channelsOf(server, cluster.network);
    if (server.name === primary && channel !== undefined) return `${primary} is open and has a channel`;
    if (server.name === primary) continue;
    if (channel === undefined) return `${server.name} follows nobody`;
    if (channel.sourcedFrom !== primary || channel.io !== 'Yes' || channel.sql !== 'Yes')
      return `${server.name} follows ${channel.sourcedFrom ?? 'a stranger'} (io ${channel.io}, sql ${channel.sql}, ${channel.error}), not ${primary}`;
  }
  const says = await cluster.announcer.says();
  const { host, port } = cluster.network.to(primary, 'replicas').address;
  return says === `${host}:${port}` ? undefined : `applications are told ${says}, and ${primary} is the primary`;
}

/** Runs that need a human are told to look again; where that does not help, they are given up. Each must have raised its alarm. */
async function people({ cluster, tell, counts }: Stage): Promise<void> {
  const { lockstep } = cluster;
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const needing = (await lockstep.runs()).filter(({ state }) => state === 'needs-human');
    if (needing.length === 0) return;
    const alarmed = await alarms(lockstep.url);
    if (alarmed !== needing.length) throw new Error(`${needing.length} runs need a human, and the metrics tell of ${alarmed}`); // prettier-ignore
    for (const { id, procedure, why } of needing) {
      counts.add(procedure, attempt === 1 ? 'needed a human' : 'given up');
      tell(`${procedure} needs a human: ${why}`);
      if (attempt === 1) await lockstep.api('POST', `/runs/${id}/resume`);
      else await lockstep.api('POST', `/runs/${id}/abandon`, { reason: 'the chaos test goes on' });
      // A server that its disk had kept from everything takes a minute to notice that there is room again.
      await lockstep.until(id, 'at rest', ({ state }) => state === 'ended' || state === 'needs-human', restsWithin);
    }
  }
}

/** How many runs the metrics say need a human. */
export async function alarms(url: string): Promise<number> {
  const page = new Scrape(await (await fetch(`${url}/metrics`)).text());
  return page.all('lockstep_runs_open', { state: 'needs-human' }).reduce((sum, { value }) => sum + value, 0);
}

/** Asks for each procedure that mends, whether it is needed, and lets the first one that may run. @returns whether one ran */
async function mended(
  { cluster, tell, counts }: Pick<Stage, 'cluster' | 'tell' | 'counts'>,
  told: Set<string>,
): Promise<boolean> {
  const { lockstep, servers } = cluster;
  await lockstep.api('POST', '/clusters/sandbox/acknowledge').catch(() => undefined);
  const asked: readonly Asked[] = [
    ...['open-primary', 'failover'].map((procedure) => ({ procedure, parameters: { cluster: 'sandbox' } })),
    ...['rejoin', 'restart-replication'].flatMap((procedure) => servers.map(({ name }) => ({ procedure, parameters: { cluster: 'sandbox', server: name } }))), // prettier-ignore
  ];
  for (const one of asked) {
    const plan = await lockstep.plan(one).catch((cause: unknown) => tell(`${one.procedure}: ${messageOf(cause)}`));
    const against = (plan?.guards ?? []).filter(({ guard }) => guard !== 'approval');
    for (const { why } of against) {
      const said = `${one.procedure} ${one.parameters['server'] ?? ''}: not, for ${why}`;
      if (!told.has(said)) tell(said);
      told.add(said);
    }
    if (plan?.digest === undefined || against.length > 0) {
      if (plan?.guards.some(({ reason }) => reason === 'commits-wait') === true) return false;
      continue;
    }
    const { id } = await lockstep.run({ ...one, mode: 'auto' });
    const run = await lockstep.until(id, 'at rest', ({ state, guard }) => state === 'ended' || state === 'needs-human' || guard?.guard === 'approval', 60_000); // prettier-ignore
    if (run.guard?.guard === 'approval') {
      await lockstep.api('POST', `/runs/${id}/approve`);
      await lockstep.until(id, 'at rest', ({ state }) => state === 'ended' || state === 'needs-human', 60_000);
    }
    const { outcome = 'needs-human', why } = await lockstep.shown(id);
    tell(`${one.procedure} ${one.parameters['server'] ?? ''}: ${outcome}: ${why}`);
    counts.add('healing', `${one.procedure} ${outcome}`);
    if (one.procedure === 'rejoin' && outcome === 'needs-human') await rebuilt({ cluster, tell, counts }, id, one.parameters['server'] ?? ''); // prettier-ignore
    return true;
  }
  return false;
}

/** It has what nobody else has, and Lockstep left it closed for a person: who gives that up, and rebuilds it. */
async function rebuilt(
  { cluster, tell, counts }: Pick<Stage, 'cluster' | 'tell' | 'counts'>,
  run: string,
  name: ServerName,
): Promise<void> {
  // prettier-ignore
  if ((await cluster.writable()).includes(name)) throw new Error(`${name} is to be rebuilt, and accepts writes`);
  await cluster.lockstep.api('POST', `/runs/${run}/abandon`, { reason: 'it is rebuilt' });
  tell(`${name} is rebuilt by hand`);
  counts.add('healing', 'rebuilt for its tail');
  await cluster.rebuild(cluster.sandbox.server(name), await cluster.primary());
}

/** Whoever does not follow the primary, and whom no procedure brought to it. */
async function rebuildByHand({ cluster, tell, counts }: Stage): Promise<void> {
  const primary = await cluster.primary();
  for (const server of cluster.servers.filter((one) => one !== primary)) {
    const [channel] = await channelsOf(server, cluster.network);
    if (channel?.sourcedFrom === primary.name && channel.io === 'Yes' && channel.sql === 'Yes') continue;
    tell(`${server.name} is rebuilt by hand`);
    counts.add('healing', 'rebuilt by hand');
    await cluster.rebuild(server, primary);
  }
}

/** A former primary whose commits wait for replicas that have left it cannot be closed: whom applications are not told of is killed, and starts read-only. */
async function stopHard({ cluster, tell, counts }: Stage): Promise<void> {
  const says = await cluster.announcer.says();
  for (const name of await cluster.writable()) {
    const { host, port } = cluster.network.to(name, 'replicas').address;
    if (says === `${host}:${port}`) continue;
    tell(`${name} is stopped hard, and started`);
    counts.add('healing', 'stopped hard');
    await cluster.sandbox.server(name).kill();
    await cluster.sandbox.server(name).start();
  }
}

/** What `open-primary` does, where it may not: the one server that follows nobody, and never one that lacks what another has, for which there is `failover`. */
async function openByHand({ cluster, tell }: Stage): Promise<void> {
  const channels = await Promise.all(cluster.servers.map(async (server) => [server, await channelsOf(server, cluster.network)] as const)); // prettier-ignore
  const alone = channels.filter(([, own]) => own.length === 0);
  const [only] = alone;
  if (only === undefined || alone.length > 1 || (await cluster.writable()).length > 0) return;
  const lacked = await lackedBy(only[0].name, cluster.servers);
  if (lacked.length > 0) {
    tell(`${only[0].name} is not opened: ${lacked.join(', ')}`);
    return;
  }
  tell(`${only[0].name} is opened by hand, and applications are told`);
  if (cluster.options.semiSync === true)
    await only[0].sql(`SET GLOBAL ${sourcePrefix(cluster.sandbox.version)}_enabled = ON`);
  await cluster.sandbox.open(only[0]);
  await cluster.announcer.tell(cluster.network.to(only[0].name, 'replicas').address);
}
