import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster } from '../../src/sandbox/cluster.js';
import { writeConfiguration } from '../../src/sandbox/configuration.js';
import { until } from '../../src/sandbox/until.js';

const root = path.join(import.meta.dirname, '../..');
const readme = await readFile(path.join(root, 'README.md'), 'utf8');

/** The lines of every `sh` block, in their order. */
const commands = [...readme.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].flatMap((match) =>
  (match[1] ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== ''),
);

/** Commands that are not run here, each with where it is. */
const elsewhere: Readonly<Record<string, string>> = {
  'npm test': 'this very run',
  'npm ci && npm run build && npm install --global --ignore-scripts "$(npm pack --silent)"':
    'the package is installed into a folder below',
};

describe('the commands of the README', () => {
  const scope = new Scope();
  let folder: string;

  beforeAll(async () => {
    folder = scope.own(await mkdtemp(path.join(os.tmpdir(), 'lockstep-readme-')), (name) =>
      rm(name, { recursive: true }),
    );
    const cluster = scope.own(await createCluster({ version: 'mariadb-10.11', replicas: 1 }), (sandbox) =>
      sandbox.stop(),
    );
    const whole = { journal: { directory: 'journal' } };
    await cp(await writeConfiguration(cluster, { cluster: 'production', whole }), path.join(folder, 'lockstep.yml'));
    // What the plan is for.
    await cluster.server('db2').sql('STOP SLAVE SQL_THREAD');
  });

  afterAll(() => scope.end());

  it('are all known here', () => {
    expect(commands).toHaveLength(18);
    expect(
      commands.filter((line) => !line.startsWith('lockstep ') && !(line in elsewhere) && line !== 'npm run demo'),
    ).toEqual([]);
  });

  const finite = commands.filter((line) => line.startsWith('lockstep ') && !line.startsWith('lockstep serve'));

  it.each(finite)('%s', async (line) => {
    expect(await ended(run(line, folder)), line).toMatchObject({ code: 0, stderr: '' });
  });

  it('lockstep serve answers, and stops on SIGTERM', async () => {
    const line = commands.find((one) => one.startsWith('lockstep serve')) ?? '';
    const child = run(line, folder);
    const end = ended(child);
    let log = '';
    child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const url = await until('lockstep to say where it listens', () => /"url":"([^"]+)"/.exec(log)?.[1]);
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(
      /^mysql_cluster_writable_servers\{cluster="production"\} 1$/m,
    );
    child.kill('SIGTERM');
    expect(await end).toMatchObject({ code: 0 });
  });

  it('npm install of the packed package gives a lockstep that runs', async () => {
    const npm = (...words: string[]) => ended(spawn('npm', words, { cwd: root }));
    const packed = await npm('pack', '--silent', '--pack-destination', folder);
    const tarball = path.join(folder, packed.stdout.trim());
    expect(await npm('install', '--silent', '--global', '--ignore-scripts', '--prefix', folder, tarball)).toMatchObject(
      { code: 0 },
    );
    const lockstep = spawn(path.join(folder, 'bin/lockstep'), ['version'], { cwd: folder });
    expect((await ended(lockstep)).stdout).toMatch(/^lockstep \d+\.\d+\.\d+ \(node v/);
  });

  it('npm run demo, once', async () => {
    const child = spawn(process.execPath, ['tools/bootstrap.mjs', 'demo', '--once'], { cwd: root });
    const { code, stdout, stderr } = await ended(child);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/approved the plan .*it ended as succeeded: .*failover on demo.*it ended as succeeded: /s);
    const [, had, acknowledged] = /(\d+) of (\d+) acknowledged rows are on every server/.exec(stdout) ?? [];
    expect([had, Number(acknowledged) > 100]).toEqual([acknowledged, true]);
    expect(stdout).toContain('the journal verifies\n');
    expect(stdout).toMatch(/3 of 3 servers answer · primary: db[23] · no problems/);
  });
});

/** As in a shell, with the built program for `lockstep`. No word of the README needs more than quotes. */
function run(line: string, cwd: string): ChildProcess {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
  return spawn(process.execPath, [path.join(root, 'dist/main.js'), ...words.slice(1)], { cwd });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
