import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import { outcomes } from '../../src/engine/run.js';
import { exitOfRun } from '../../src/cli/exit.js';
import { Command, lockstep } from './command.js';
import { Instance } from './instance.js';

const wish = ['restart-replication', '--cluster', 'shop', '--server', 'db2'] as const;
const approval = { guard: 'approval', why: 'it was asked for so', remedy: 'lockstep runs approve' } as const;

describe('lockstep run --wait', () => {
  it('tells a line for all that happens, then what came of it', async () => {
    const { folder, automation, ...instance } = await started();
    const command = Command.start(folder, 'run', ...wish, '--yes', '--wait');
    const id = await instance.asked();
    await instance.watched();
    automation.start(id);
    automation.step(id, 'running');
    automation.step(id, 'done');
    automation.end(id, 'succeeded', 'the channel runs, and its lag falls');
    expect(await command.code).toBe(0);
    expect(command.stderr).toBe('');
    const time = /^2026-\d\d-\d\d \d\d:\d\d:\d\dZ {2}/;
    const [started_, began, done, end, result, ...more] = command.stdout.split('\n');
    for (const line of [started_, began, done, end]) expect(line).toMatch(time);
    expect([began, done].map((line) => line?.slice(22))).toEqual(['the step is running', 'the step is done']);
    expect(result).toBe('succeeded: the channel runs, and its lag falls');
    expect(more).toEqual(['']);
  });

  it('is JSON, a line for all that happens, when asked for', async () => {
    const { folder, automation, ...instance } = await started();
    const command = Command.start(folder, 'run', ...wish, '--yes', '--wait', '--json');
    const id = await instance.asked();
    await instance.watched();
    automation.start(id);
    automation.end(id, 'rolled-back', 'as before');
    expect(await command.code).toBe(1);
    const lines = command.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    expect(lines).toMatchObject([
      { kind: 'state', run: { id } },
      { kind: 'event', event: { type: 'started' } },
      { kind: 'event', event: { type: 'ended' }, run: { outcome: 'rolled-back' } },
    ]);
  });

  it('ends with 4 where a human is needed, and says how to go on', async () => {
    const { folder, automation, ...instance } = await started();
    const command = Command.start(folder, 'run', ...wish, '--yes', '--wait');
    const id = await instance.asked();
    automation.move(id, { state: 'needs-human', why: 'db1 cannot be asked' }, 'needs-human', 'db1 cannot be asked');
    expect(await command.code).toBe(4);
    expect(command.stdout).toContain(`lockstep runs resume ${id}`);
  });

  it('stops watching on Ctrl-C: the run goes on', async () => {
    const { folder, automation, ...instance } = await started();
    const command = Command.start(folder, 'run', ...wish, '--yes', '--wait');
    const id = await instance.asked();
    await instance.watched();
    automation.start(id);
    await command.says('it started');
    command.child.kill('SIGINT');
    expect(await command.code).toBe(5);
    expect(command.stdout).toContain(`lockstep runs abort ${id} ends it`);
    expect(automation.run(id)?.state).toBe('running');
  });

  it('goes on over a restart of the instance, and hears what it missed', async () => {
    const instance = await started();
    const { folder, automation } = instance;
    const command = Command.start(folder, 'run', ...wish, '--yes', '--wait');
    const id = await instance.asked();
    await instance.watched();
    automation.start(id);
    await command.says('it started');
    await instance.stop();
    await command.says('trying again');
    automation.move(id, { state: 'undoing' }, 'undoing', 'it is taken back');
    await instance.start();
    await command.says('it is taken back');
    automation.end(id, 'rolled-back', 'as before');
    expect(await command.code).toBe(1);
    expect(command.stdout.match(/it is taken back/g)).toHaveLength(1);
  });
});

it('exits as the outcome says', () => {
  const codes = outcomes.map((outcome) => [outcome, exitOfRun({ state: 'ended', outcome })]);
  expect(Object.fromEntries(codes)).toEqual({
    succeeded: 0,
    planned: 0,
    failed: 1,
    'rolled-back': 1,
    cancelled: 1,
    abandoned: 1,
    refused: 3,
    expired: 3,
  });
  for (const state of ['waiting', 'running', 'undoing'] as const)
    expect(exitOfRun({ state, outcome: undefined })).toBe(5);
});

describe('lockstep run', () => {
  it('without --wait ends with 5 and says where the run is', async () => {
    const { folder, automation } = await started();
    const { code, stdout } = await lockstep(folder, 'run', ...wish, '--yes');
    expect(code).toBe(5);
    const [run] = automation.runs();
    expect(run).toMatchObject({ mode: 'auto', parameters: { cluster: 'shop', server: 'db2' } });
    expect(stdout).toContain(`lockstep runs show ${run?.id ?? ''}`);
  });

  it('asks for what the mode says', async () => {
    const { folder, automation } = await started();
    const json = await lockstep(folder, 'run', ...wish, '--mode', 'approve', '--json', '--channel', 'east');
    expect(JSON.parse(json.stdout)).toMatchObject({ mode: 'approve', parameters: { channel: 'east' } });
    expect(automation.runs()).toHaveLength(1);
  });

  it('does nothing unasked where nobody can be asked', async () => {
    const { folder, automation } = await started();
    for (const more of [[], ['--json']]) {
      const { code, stderr } = await lockstep(folder, 'run', ...wish, ...more);
      expect(code).toBe(2);
      expect(stderr).toContain('Give --yes');
    }
    expect(automation.runs()).toEqual([]);
  });

  it('says which parameters are missing or wrong, before it asks anybody', async () => {
    const { folder, automation } = await started();
    for (const [words, said] of [
      [['restart-replication', '--cluster', 'shop'], "required option '--server"],
      [['restart-replication', '--server', 'db2'], "required option '--cluster"],
      [['restart-everything'], "unknown command 'restart-everything'"],
      [[...wish, '--mode', 'now'], 'Allowed choices are plan, approve, auto'],
    ] as const) {
      const { code, stderr } = await lockstep(folder, 'run', ...words);
      expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
    }
    expect(automation.runs()).toEqual([]);
    const help = await lockstep(folder, 'run', 'restart-replication', '--help');
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('lockstep run restart-replication --cluster production --server db2');
  });

  it('needs a journal', async () => {
    const { folder } = new Instance();
    writeFileSync(
      path.join(folder, 'lockstep.yml'),
      'version: 1\nclusters: { a: { servers: { db1: { address: h } }, accounts: { monitor: { user: m, password_file: p } } } }\n',
    );
    const { code, stderr } = await lockstep(folder, 'run', ...wish, '--yes');
    expect(code).toBe(2);
    expect(stderr).toContain('names no journal');
  });
});

describe('at a terminal', () => {
  it('shows the plan, asks, and approves that very plan', async () => {
    const { folder, automation, ...instance } = await started();
    const command = Command.inTerminal(folder, 'run', ...wish, '--wait');
    const id = await instance.asked();
    await instance.watched();
    automation.wait(id, approval);
    await command.says('Do this? [y/N]');
    expect(command.plain).toContain('1. Start the SQL thread of db2\n     db2: START SLAVE SQL_THREAD;');
    expect(automation.run(id)).toMatchObject({ mode: 'approve', approval: undefined });
    command.type('y\n');
    await vi.waitFor(() => expect(automation.run(id)?.approval).toBeDefined());
    await instance.watched();
    automation.start(id);
    automation.step(id, 'running');
    await command.says('⠋ Start the SQL thread of db2');
    automation.step(id, 'done');
    automation.end(id, 'succeeded', 'the channel runs');
    expect(await command.code).toBe(0);
    expect(command.plain).toContain('✔ Start the SQL thread of db2');
    expect(command.plain.trimEnd().endsWith('succeeded: the channel runs')).toBe(true);
  });

  it.each([
    ['n\n', 'no'],
    ['\n', 'nothing'],
    ['\u0003', 'Ctrl-C'],
    ['\u0004', 'the end of the input'],
  ])('does nothing after %j: %s', async (typed) => {
    const { folder, automation, ...instance } = await started();
    const command = Command.inTerminal(folder, 'run', ...wish);
    const id = await instance.asked();
    await instance.watched();
    automation.wait(id, approval);
    await command.says('Do this? [y/N]');
    command.type(typed);
    expect(await command.code).toBe(1);
    expect(automation.run(id)).toMatchObject({ outcome: 'cancelled', approval: undefined });
  });

  it('says that a second person has to approve, where that is so', async () => {
    const { folder, automation, ...instance } = await started();
    automation.approve = (id) =>
      Promise.reject(new LockstepError('second-person-needed', `somebody else must approve ${id}`));
    const command = Command.inTerminal(folder, 'run', ...wish);
    const id = await instance.asked();
    await instance.watched();
    automation.wait(id, approval);
    await command.says('Do this? [y/N]');
    command.type('y\n');
    expect(await command.code).toBe(5);
    expect(command.plain).toContain(`lockstep runs approve ${id} starts it`);
    expect(automation.run(id)).toMatchObject({ state: 'waiting', approval: undefined });
  });

  it('shows the plan anew when it has changed meanwhile', async () => {
    const { folder, automation, ...instance } = await started();
    const command = Command.inTerminal(folder, 'run', ...wish);
    const id = await instance.asked();
    await instance.watched();
    automation.wait(id, approval);
    await command.says('Do this? [y/N]');
    automation.move(id, { digest: 'e'.repeat(64) }, 'planned', 'it was planned anew');
    command.type('y\n');
    await command.says('The plan has changed meanwhile');
    await command.says('Do this? [y/N]', 2);
    command.type('y\n');
    expect(await command.code).toBe(5);
    expect(automation.run(id)?.approval?.digest).toBe('e'.repeat(64));
  });
});

/** Methods stay with their instance when it is taken apart. */
async function started() {
  const instance = await new Instance().start();
  return {
    folder: instance.folder,
    automation: instance.automation,
    asked: () => instance.asked(),
    watched: () => instance.watched(),
    start: () => instance.start(),
    stop: () => instance.stop(),
  };
}
