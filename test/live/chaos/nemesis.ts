import { Admin } from '../../../src/sandbox/admin.js';
import { issueReplicaClient, keepFiles } from '../../../src/sandbox/certificates.js';
import { fillDisk } from '../../../src/sandbox/disk.js';
import { dropStreams, expired, swapServerCertificate } from '../../../src/sandbox/faults.js';
import type { SandboxServer } from '../../../src/sandbox/server.js';
import { until } from '../../../src/sandbox/until.js';
import { database, primaryName, type ChaosCluster } from './cluster.js';
import type { Dice } from '../dice.js';
import { comers, type Comer } from './network.js';

/** What a fault is done to: the servers of the change under way. */
export interface Scene {
  readonly cluster: ChaosCluster;
  readonly dice: Dice;
  readonly from: SandboxServer;
  readonly to: SandboxServer;
  /** Who may be struck besides. */
  readonly others: readonly SandboxServer[];
}

/** A fault under way. */
export interface Fault {
  /** What was done, for the story of a round: `db2 is frozen`. */
  readonly words: string;
  /** Takes it back, all of it, whatever became of it meanwhile. */
  readonly end: () => Promise<void>;
}

export interface Nemesis {
  readonly name: string;
  /** How much more often than others it is chosen. Default 1. */
  readonly weight?: number;
  /** How long it lasts at most, milliseconds. */
  readonly lasts: number;
  readonly possible?: (scene: Scene) => boolean;
  readonly strike: (scene: Scene) => Promise<Fault>;
}

/** Everything that can happen to servers, network, disks and certificates while a primary is changed. */
export const nemeses: readonly Nemesis[] = [
  { name: 'server killed', lasts: 3000, weight: 2, strike: killed },
  { name: 'server frozen', lasts: 6000, weight: 2, strike: frozen },
  { name: 'link cut', lasts: 4000, weight: 2, strike: (scene) => broken(scene, 'cut') },
  { name: 'link black', lasts: 6000, weight: 2, strike: (scene) => broken(scene, 'black') },
  { name: 'link slow', lasts: 4000, strike: (scene) => broken(scene, 'slow') },
  { name: 'server cut off', lasts: 4000, strike: cutOff },
  { name: 'long transaction', lasts: 5000, strike: longTransaction },
  {
    name: 'long change',
    lasts: 7000,
    strike: (scene) => longStatement(scene, `UPDATE ${database}.slow SET n = n + 1 + SLEEP(6)`),
  },
  { name: 'long read', lasts: 7000, strike: (scene) => longStatement(scene, `SELECT SLEEP(6) FROM ${database}.slow`) },
  { name: 'table locked', lasts: 4000, strike: lockedTable },
  {
    name: 'disk full',
    lasts: 4000,
    possible: ({ cluster }) => cluster.options.diskMegabytes !== undefined,
    strike: diskFull,
  },
  { name: 'announcer hangs', lasts: 8000, strike: ({ cluster }) => announcer(cluster, 'hang') },
  { name: 'announcer fails', lasts: 5000, strike: ({ cluster }) => announcer(cluster, 'fail') },
  { name: 'certificate expired', lasts: 4000, strike: certificateExpired },
  { name: 'certificate swapped', lasts: 4000, strike: certificateSwapped },
  { name: 'replica certificate expired', lasts: 4000, strike: replicaCertificateExpired },
];

/** Of those that are possible here, by their weights; undefined for none. */
export function chosen(scene: Scene, among: readonly Nemesis[]): Nemesis | undefined {
  const possible = among.filter((one) => one.possible?.(scene) ?? true);
  if (possible.length === 0) return undefined;
  return scene.dice.pick(possible.flatMap((one) => Array.from({ length: one.weight ?? 1 }, () => one)));
}

function anyServer({ dice, from, to, others }: Scene): SandboxServer {
  return dice.pick([from, from, to, to, ...others]);
}

async function killed(scene: Scene): Promise<Fault> {
  const server = anyServer(scene);
  await server.kill();
  return { words: `${server.name} is killed`, end: () => server.start() };
}

async function frozen(scene: Scene): Promise<Fault> {
  const server = anyServer(scene);
  await server.freeze();
  const end = () => {
    server.thaw();
    return Promise.resolve();
  };
  return { words: `${server.name} is frozen`, end };
}

async function broken(scene: Scene, how: 'cut' | 'black' | 'slow'): Promise<Fault> {
  const { cluster, dice } = scene;
  const server = anyServer(scene);
  const comer = dice.pick(comers);
  const link = cluster.network.to(server.name, comer);
  if (how === 'cut') await link.cut();
  else if (how === 'black') link.blackhole();
  else link.delay(dice.between(20, 300));
  const words = { cut: 'is cut', black: 'carries nothing', slow: 'is slow' }[how];
  return { words: `the link of ${comer} to ${server.name} ${words}`, end: () => link.mend() };
}

async function cutOff(scene: Scene): Promise<Fault> {
  const server = anyServer(scene);
  const black = scene.dice.chance(0.5);
  const links = comers.map((comer: Comer) => scene.cluster.network.to(server.name, comer));
  for (const link of links) if (black) link.blackhole();
  if (!black) await Promise.all(links.map((link) => link.cut()));
  return {
    words: `${server.name} is cut off${black ? ', silently' : ''}`,
    end: () => Promise.all(links.map((link) => link.mend())).then(nothing),
  };
}

/** A session of its own as administrator. */
function session(server: SandboxServer): Admin {
  return new Admin(server.socketPath);
}

async function longTransaction({ from }: Scene): Promise<Fault> {
  const own = session(from);
  await own.query('BEGIN');
  await own.query(`INSERT INTO ${database}.slow (n) VALUES (0)`);
  const end = async () => {
    // It may have been ended, as the switchover was told to.
    await own.query('ROLLBACK').catch(nothing);
    await own.close();
  };
  return { words: `a transaction stays open on ${from.name}`, end };
}

async function longStatement({ from }: Scene, text: string): Promise<Fault> {
  const own = session(from);
  const done = own.query(text).then(nothing, nothing);
  const end = async () => {
    await done;
    await own.close();
  };
  const runs = async () =>
    (await from.sql(`SELECT 1 AS one FROM information_schema.PROCESSLIST WHERE INFO = '${text}'`)).length > 0;
  await until(`${from.name} to be busy`, runs, { within: 2000 }).catch(async (cause: unknown) => {
    await end();
    throw cause;
  });
  return { words: `${from.name} is busy with ${text.slice(0, 6)} for six seconds`, end };
}

async function lockedTable({ from }: Scene): Promise<Fault> {
  const own = session(from);
  await own.query(`LOCK TABLES ${database}.slow WRITE`);
  return { words: `a table of ${from.name} is locked`, end: () => own.close() };
}

async function diskFull(scene: Scene): Promise<Fault> {
  const server = scene.dice.pick([scene.from, scene.to]);
  return { words: `the disk of ${server.name} is full`, end: await fillDisk(server.disk) };
}

async function announcer({ announcer: program }: ChaosCluster, how: 'hang' | 'fail'): Promise<Fault> {
  await program.misbehave(how);
  return { words: `the announcer ${how}s`, end: () => program.behave() };
}

/** Its dates are over for who comes now; MySQL takes such a one only when it starts, so there the file lies in wait. */
async function certificateExpired(scene: Scene): Promise<Fault> {
  const { cluster, dice, from, to } = scene;
  const server = dice.pick([from, to]);
  const putBack = await keepFiles(server);
  await swapServerCertificate(cluster.sandbox.authority, server, {
    ...expired(),
    names: namesOf(server),
    use: useOf(server),
  });
  const end = () => certificateBack(server, putBack);
  return { words: `the certificate of ${server.name} is over`, end };
}

async function certificateSwapped(scene: Scene): Promise<Fault> {
  const { cluster, dice, from, to } = scene;
  const server = dice.pick([from, to]);
  const putBack = await keepFiles(server);
  await swapServerCertificate(cluster.sandbox.authority, server, { names: ['somebody-else'] });
  if (dice.chance(0.5)) await dropStreams(server).catch(nothing);
  return { words: `the certificate of ${server.name} names another`, end: () => certificateBack(server, putBack) };
}

async function replicaCertificateExpired(scene: Scene): Promise<Fault> {
  const { cluster, dice, from, to } = scene;
  const server = dice.pick([from, to]);
  const putBack = await keepFiles(server);
  await issueReplicaClient(cluster.sandbox.authority, server, expired());
  return { words: `the certificate that ${server.name} shows as a replica is over`, end: putBack };
}

function useOf(server: SandboxServer): 'reload' | 'leave' {
  return server.version.flavour === 'mysql' ? 'leave' : 'reload';
}

function namesOf(server: SandboxServer): readonly string[] {
  return [server.address.host, server.name, primaryName];
}

async function certificateBack(server: SandboxServer, putBack: () => Promise<void>): Promise<void> {
  await putBack();
  const reload = async () => {
    await server.sql(server.words.reloadTls, 2000);
    return true;
  };
  if (server.running) await until(`${server.name} to read its certificate`, reload, { within: 20_000, every: 200 });
}

function nothing(): void {
  // What it answers is of no interest.
}
