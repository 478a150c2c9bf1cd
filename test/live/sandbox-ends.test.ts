import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach } from './matrix.js';

const root = path.resolve(import.meta.dirname, '../..');
/** Below node_modules, so that the packages are found from there. */
const compiled = path.join(root, 'node_modules/.cache', `lockstep-ends-${process.pid}`);

/** Boots a cluster, says what belongs to it, and waits to be ended. */
const script = `
import { createCluster } from './sandbox/cluster.js';
const cluster = await createCluster({ version: process.argv[2], replicas: 1 });
const end = async () => { await cluster.stop(); process.exit(0); };
process.on('SIGTERM', end);
const pids = cluster.servers.map((server) => server.pid);
console.log(JSON.stringify({ pids, directories: cluster.servers.map((server) => server.directory) }));
setInterval(() => undefined, 1000);
`;

interface Booted {
  readonly owner: ChildProcess;
  readonly pids: readonly number[];
  readonly directories: readonly string[];
}

beforeAll(() => {
  const rooms = ['base', 'domain', 'dialects', 'mysql', 'pki', 'sandbox'];
  for (const room of rooms) {
    for (const file of readdirSync(path.join(root, 'src', room), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const target = path.join(compiled, room, file.replace(/\.ts$/, '.js'));
      mkdirSync(path.dirname(target), { recursive: true });
      const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true };
      const source = readFileSync(path.join(root, 'src', room, file), 'utf8');
      writeFileSync(target, ts.transpileModule(source, { compilerOptions: options }).outputText);
    }
  }
  writeFileSync(path.join(compiled, 'package.json'), '{"type":"module"}');
  writeFileSync(path.join(compiled, 'owner.js'), script);
});

afterAll(() => rmSync(compiled, { recursive: true, force: true }));

async function boot(version: string): Promise<Booted> {
  const owner = spawn(process.execPath, [path.join(compiled, 'owner.js'), version], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  owner.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const line = await until('the cluster to be up', () => (text.includes('\n') ? text : undefined), { within: 60_000 });
  const { pids, directories } = JSON.parse(line) as Omit<Booted, 'owner'>;
  expect(pids.map(runs)).toEqual([true, true]);
  return { owner, pids, directories };
}

/** A process that is dead but not yet reaped does not run. */
function runs(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(text.slice(text.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

await describeEach('the end of a sandbox', (version) => {
  it('stops its servers and removes its files when it is asked to end', async () => {
    const { owner, pids, directories } = await boot(version);
    const ended = once(owner, 'exit');
    owner.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(pids.map(runs)).toEqual([false, false]);
    expect(directories.map((directory) => existsSync(directory))).toEqual([false, false]);
  });

  it('leaves no process when it is killed, even one that is frozen; the next one removes its files', async () => {
    const { owner, pids, directories } = await boot(version);
    process.kill(pids[0] ?? 0, 'SIGSTOP');
    owner.kill('SIGKILL');
    await until('all of it to be gone', () => owner.signalCode !== null && !pids.some(runs));
    const scope = new Scope();
    await takeDirectory(scope);
    await scope.end();
    expect(directories.map((directory) => existsSync(directory))).toEqual([false, false]);
  });
});
