// What `npm run demo` and `npm test` start with, on a machine that has Node and npm and nothing else of ours:
// packages are installed, sources compiled, then the command runs. Imports node:* only, since nothing is there yet.
//
//   node tools/bootstrap.mjs demo [arguments of `lockstep demo`]
//   node tools/bootstrap.mjs test [arguments of `vitest run`]
//   node tools/bootstrap.mjs bench scrape|fleet|webhook|switchover|failover|rebuild|restart [arguments of that benchmark]
//   node tools/bootstrap.mjs fuzz [--cases COUNT] [--seed NUMBER]
//   node tools/bootstrap.mjs crash [--all] [--shard I/N] [--seed NUMBER]
//   node tools/bootstrap.mjs chaos [--minutes COUNT] [--seed NUMBER] [--version NAME] [--round NUMBER] [--failovers SHARE]

import { spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const root = path.resolve(import.meta.dirname ?? '.', '..');
const oldestNode = [20, 19];
/** Live files that may run once more on CI: where more fail, it is no mishap. */
const mostAgain = 6;

const commands = { demo, test, bench, fuzz, crash, chaos };
const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined)
  fail(`"${name}" is not a command of bootstrap.mjs: use demo, test, bench, fuzz, crash or chaos.`, 2);
checkMachine();
await install();
await build();
process.exitCode = await command(args);

async function demo(given) {
  return run(process.execPath, ['dist/main.js', 'demo', ...given]);
}

async function bench([which = '', ...given]) {
  if (!['scrape', 'fleet', 'webhook', 'switchover', 'failover', 'rebuild', 'restart'].includes(which))
    fail(`"${which}" is not a benchmark: use scrape, fleet, webhook, switchover, failover, rebuild or restart.`, 2);
  const code = await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.bench.json']);
  if (code !== 0) fail('the benchmarks do not compile: see above.', code);
  return run(process.execPath, [`build/bench/${which}.js`, ...given]);
}

/** The webhook's hostile bodies, many more of them than `test` takes. Its title tells the seed. */
async function fuzz(given) {
  const options = { cases: { type: 'string', default: '100000' }, seed: { type: 'string' } };
  const { cases, seed } = parseArgs({ args: given, options }).values;
  process.env.LOCKSTEP_FUZZ_CASES = cases;
  if (seed !== undefined) process.env.LOCKSTEP_FUZZ_SEED = seed;
  return test(['--project=rooms', 'test/intake/fuzz.test.ts']);
}

/** Kills at every fault point and freezes at some, once per flavour; with --all everything everywhere. */
async function crash(given) {
  const options = { all: { type: 'boolean' }, shard: { type: 'string' }, seed: { type: 'string' } };
  const { all, shard, seed } = parseArgs({ args: given, options }).values;
  process.env.LOCKSTEP_EXTENT = all ? 'all' : 'flavours';
  if (shard !== undefined) process.env.LOCKSTEP_SHARD = shard;
  if (seed !== undefined) process.env.LOCKSTEP_SEED = seed;
  return test(['--project=live', 'test/live/crash-']);
}

/** Changes of the primary under load while everything bad happens; the counts are printed as it goes on. */
async function chaos(given) {
  const options = { minutes: { type: 'string', default: '10' }, seed: { type: 'string' }, version: { type: 'string' }, round: { type: 'string' }, failovers: { type: 'string' } }; // prettier-ignore
  const { minutes, seed, version, round, failovers } = parseArgs({ args: given, options }).values;
  process.env.LOCKSTEP_CHAOS_MINUTES = minutes;
  if (seed !== undefined) process.env.LOCKSTEP_SEED = seed;
  if (version !== undefined) process.env.LOCKSTEP_VERSIONS = version;
  if (round !== undefined) process.env.LOCKSTEP_CHAOS_ROUND = round;
  if (failovers !== undefined) process.env.LOCKSTEP_CHAOS_FAILOVERS = failovers;
  return test(['--project=live', 'test/live/chaos.test.ts']);
}

/**
 * Without arguments the short form, unless LOCKSTEP_EXTENT says otherwise (test/live/extent.ts); what is named is run on all its versions.
 * Ends with one line for people and machines: `312 passed, 0 failed, 4 skipped`. No test at all is a failure.
 * On CI the live files that failed, if they are few, run once more, one at a time and with servers of their own anew.
 */
async function test(given) {
  const extent = (process.env.LOCKSTEP_EXTENT ??= given.length === 0 ? 'short' : 'versions');
  const seed = (process.env.LOCKSTEP_SEED ??= String(randomInt(2 ** 31)));
  say(`extent ${extent}; what chance chooses is chosen again with LOCKSTEP_SEED=${seed}`);
  const first = await vitest(given);
  const failed = first.files.filter((one) => one.live && hasFailed(one)).map(({ file }) => file);
  if (process.env.CI === undefined || failed.length === 0 || failed.length > mostAgain) return conclude(first, []);
  say(`once more, one at a time: ${failed.join(', ')}`);
  const again = await vitest(['--project=live', '--maxWorkers=1', ...failed]);
  const files = first.files.map((one) => again.files.find(({ file }) => file === one.file) ?? one);
  const mended = first.files.filter((one) => again.files.some((now) => now.file === one.file && !hasFailed(now)));
  return conclude({ files, unhandled: [...first.unhandled, ...again.unhandled] }, mended);
}

/** What came of every file, as tools/results.mjs writes it down. */
async function vitest(given) {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'lockstep-test-'));
  const file = (process.env.LOCKSTEP_RESULTS = path.join(directory, 'results.json'));
  try {
    const reporters = ['--reporter=default', '--reporter=./tools/results.mjs'];
    const code = await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...given]);
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
    return { files: [], unhandled: [`vitest ended with ${code}`] };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function hasFailed({ errors, tests }) {
  return errors.length > 0 || tests.some(({ state }) => state === 'failed');
}

/** @param mended files as they were when they failed, which passed when they were run once more */
function conclude({ files, unhandled }, mended) {
  const tests = files.flatMap((one) => one.tests);
  const having = (wanted) => tests.filter(({ state }) => state === wanted);
  const broken = files.filter((one) => hasFailed(one) && !one.tests.some(({ state }) => state === 'failed'));
  for (const suite of new Set(having('skipped').map(({ suite }) => suite))) console.log(`skipped: ${suite}`);
  for (const { file, errors, tests } of mended) {
    const failures = tests.filter(({ state }) => state === 'failed').map(({ name, error }) => `${name}: ${error}`);
    console.log(`passed only when tried again: ${file}`);
    for (const line of [...errors, ...failures]) console.log(`  first: ${line}`);
  }
  for (const line of unhandled) console.log(`outside of every test: ${line}`);
  const [passed, failed, skipped] = [
    having('passed').length,
    having('failed').length + broken.length + unhandled.length,
    having('skipped').length,
  ];
  if (tests.length === 0) console.log('no test was run');
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

function checkMachine() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    fail(`Node ${process.versions.node} is too old: install Node ${oldestNode.join('.')} or newer.`);
  }
  if (process.platform !== 'linux') {
    fail(
      `This runs on Debian, where the database servers come from; ${process.platform} has none: use a Debian machine.`,
    );
  }
  const missing = [
    ['apt-get', 'apt'],
    ['dpkg-deb', 'dpkg'],
    ['setpriv', 'util-linux'],
  ].filter(([program]) => !inPath(program));
  if (missing.length === 0) return;
  const programs = missing.map(([program]) => program).join(', ');
  if (!existsSync('/etc/debian_version')) {
    fail(`${programs} missing, and this is not Debian, where the database servers come from: use a Debian machine.`);
  }
  const packages = [...new Set(missing.map(([, holder]) => holder))].join(' ');
  fail(`${programs} missing: install as root with apt-get install ${packages}.`);
}

function inPath(program) {
  return (process.env.PATH ?? '').split(':').some((directory) => {
    try {
      accessSync(path.join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** `npm ci`, when what is installed is not what package-lock.json says. */
async function install() {
  if (installed()) return;
  const npm = process.env.npm_execpath;
  const [program, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  if (program === 'npm' && !inPath('npm')) fail('npm is missing: install it beside Node.');
  say('installing npm packages');
  const code = await run(program, [...first, 'ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) fail('npm ci did not succeed: see above; the npm registry must be reachable.', code);
}

/** npm keeps a copy of the lock file beside what it installed; packages for other platforms are not in it. */
function installed() {
  try {
    const wanted = packagesOf('package-lock.json');
    const present = packagesOf('node_modules/.package-lock.json');
    return Object.entries(wanted).every(
      ([place, { version, optional }]) => place === '' || optional === true || present[place]?.version === version,
    );
  } catch {
    return false;
  }
}

function packagesOf(file) {
  return JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages;
}

/** `npm run build`, when dist/ was not made from these sources. */
async function build() {
  const stamp = path.join(root, 'dist/.sources');
  const digest = sourcesDigest();
  const built = existsSync(stamp) ? readFileSync(stamp, 'utf8') : undefined;
  if (built === digest) return;
  say('compiling');
  const code = await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
  if (code !== 0) fail('the sources do not compile: see above.', code);
  writeFileSync(stamp, digest);
}

function sourcesDigest() {
  const files = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
  const all = [
    ...files.sort(),
    ...['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((file) => path.join(root, file)),
  ];
  const hash = createHash('sha256');
  for (const file of all) hash.update(path.relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/**
 * Run a program on our terminal, give its exit code. Signals sent to us go on to it; Ctrl-C reaches it by the terminal.
 * Should we be killed, it is asked to end: it then stops the servers that it started.
 */
function run(program, argv) {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', program, ...argv], { cwd: root, stdio: 'inherit' });
  const pass = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const each of signals) process.off(each, pass);
      resolve(code ?? 128 + (os.constants.signals[signal] ?? 0));
    });
  });
}

function say(line) {
  process.stderr.write(`lockstep: ${line}\n`);
}

function fail(sentence, code = 1) {
  process.stderr.write(`lockstep: ${sentence}\n`);
  process.exit(code);
}
