import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { openFileJournal } from '../../src/journal/file-journal.js';
import { runTable } from '../../src/cli/run-text.js';
import pc from 'picocolors';
import { aPlan } from '../http/automation.js';
import { Command, lockstep } from './command.js';
import { Instance } from './instance.js';

const wish = {
  procedure: 'restart-replication',
  parameters: { cluster: 'shop', server: 'db2' },
  mode: 'approve',
  trigger: { kind: 'person', by: 'local:alice' },
} as const;
const approval = { guard: 'approval', why: 'an operator must approve it', remedy: 'lockstep runs approve' } as const;

describe('lockstep runs', () => {
  it('lists runs, shows one, and decides what goes on', async () => {
    const { folder, automation } = await new Instance().start();
    const { id } = (await automation.request(wish)).run;
    automation.wait(id, approval);

    const list = await lockstep(folder, 'runs');
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(list.stdout).toMatch(/^RUN +WHEN +PROCEDURE +ON +BY +STATE +WHY$/m);
    expect(list.stdout).toContain(id);
    expect(list.stdout).toMatch(
      /restart-replication +shop\/db2 +local:alice +waits \(approval\) +an operator must approve it/,
    );
    const json = await lockstep(folder, 'runs', 'list', '--json', '--open', '--cluster', 'shop', '--limit', '5');
    expect(JSON.parse(json.stdout)).toMatchObject([{ id }]);

    const show = await lockstep(folder, 'runs', 'show', id);
    expect(show.stdout).toContain('waits (approval): an operator must approve it');
    for (const line of aPlan.text) expect(show.stdout).toContain(line);
    expect(show.stdout).toContain('local:alice asked for restart-replication');
    expect(JSON.parse((await lockstep(folder, 'runs', 'show', id, '--json')).stdout)).toMatchObject({
      id,
      plan: { digest: aPlan.digest },
      history: [{ type: 'requested' }],
    });

    const wrong = await lockstep(folder, 'runs', 'approve', id, '--digest', 'e'.repeat(12));
    expect(wrong).toMatchObject({ code: 3, stdout: '' });
    const right = await lockstep(folder, 'runs', 'approve', id, '--digest', 'd'.repeat(12));
    expect(right.code).toBe(0);
    expect(right.stdout).toContain(`${id} is approved`);
    expect(automation.run(id)?.approval?.digest).toBe(aPlan.digest);

    expect((await lockstep(folder, 'runs', 'resume', id)).code).toBe(3);
    automation.move(id, { state: 'needs-human' }, 'needs-human', 'db1 cannot be asked');
    expect(await lockstep(folder, 'runs', 'abandon', id)).toMatchObject({ code: 2 });
    const abandoned = await lockstep(folder, 'runs', 'abandon', id, '--reason', 'mended by hand', '--json');
    expect(JSON.parse(abandoned.stdout)).toMatchObject({ outcome: 'abandoned' });
    expect((await lockstep(folder, 'runs', 'abort', id)).stderr).toContain('has ended');
    expect(await lockstep(folder, 'runs', 'show', 'none')).toMatchObject({ code: 2 });

    const lifted = await lockstep(folder, 'runs', 'acknowledge', 'shop');
    expect(lifted.stdout).toMatch(/^the failures of shop are acknowledged by local:/);
  }, 60_000);

  it('watches one that runs already', async () => {
    const instance = await new Instance().start();
    const { folder, automation } = instance;
    const { id } = (await automation.request(wish)).run;
    const command = Command.start(folder, 'runs', 'watch', id);
    await instance.watched();
    automation.start(id);
    automation.end(id, 'failed', 'the server went away');
    expect(await command.code).toBe(1);
    expect(command.stdout).toContain('failed: the server went away');
  });

  it('watches nothing where no instance runs, and says how to start one', async () => {
    const { folder } = new Instance();
    const { code, stderr } = await lockstep(folder, 'runs', 'watch', 'some-run');
    expect(code).toBe(1);
    expect(stderr).toContain('Start it: lockstep serve.');
  });

  it('reads and records where no instance runs', async () => {
    const { folder } = new Instance();
    expect((await lockstep(folder, 'runs')).stdout).toBe('Nothing was run.\n');
    expect(readdirSync(path.join(folder, 'journal'))).toEqual([]);
    expect((await lockstep(folder, 'pause', '--reason', 'storage')).stdout).toContain('Everything is paused by local:');
    expect(await lockstep(folder, 'runs', 'abort', 'some-run')).toMatchObject({ code: 2 });
    const status = await lockstep(folder, 'status', '--json', 'other');
    expect(JSON.parse(status.stdout)).toMatchObject([{ automation: { runs: [], pauses: [{ reason: 'storage' }] } }]);
    expect((await lockstep(folder, 'unpause')).stdout).toBe('Nothing is paused.\n');
    expect(readdirSync(path.join(folder, 'journal'))).not.toContain('control.sock');
  }, 60_000);
});

describe('the table of runs', () => {
  it('ends at the edge of a terminal, and never in a pipe', async () => {
    const { automation } = new Instance();
    const { id } = (await automation.request(wish)).run;
    automation.end(id, 'failed', `it went wrong ${'and so on '.repeat(50)}`);
    const colours = pc.createColors(false);
    const shown = runTable(automation.runs(), automation.now + 60_000, { isTTY: true, columns: 100 }, colours);
    expect(Math.max(...shown.split('\n').map((line) => line.length))).toBe(100);
    expect(shown).toMatch(/60 s ago +restart-replication +shop\/db2 +local:alice +failed\n {4}it went wrong and.*…$/);
    expect(runTable(automation.runs(), 0, { columns: 80 }, colours)).toContain('and so on '.repeat(50).trim());
    expect(runTable([], 0, {}, colours)).toBe('Nothing was run.');
  });

  it('shows nothing of an alert that moves the cursor', async () => {
    const { automation } = new Instance();
    const alertname = 'Replication\u001b[2J\r\nStopped\u202e';
    const trigger = { kind: 'alert', alertname, fingerprint: 'f', labels: {}, startsAt: '', by: 'am' } as const;
    await automation.request({ ...wish, trigger });
    expect(runTable(automation.runs(), 0, {}, pc.createColors(false))).toContain('alert Replication�[2J��Stopped�');
  });
});

describe('lockstep runs verify', () => {
  it('tells a whole journal from one that was touched or cut off, whoever runs', async () => {
    const { folder } = new Instance();
    const directory = path.join(folder, 'journal');
    const absent = await lockstep(folder, 'runs', 'verify', '--expect', `1:${'a'.repeat(64)}`);
    expect(absent).toMatchObject({ code: 1 });
    const journal = await openFileJournal<object>({ directory, clock: systemClock });
    await journal.append({ v: 1 });
    const { seq, hash } = await journal.append({ v: 1, word: 'before' });
    const whole = await lockstep(folder, 'runs', 'verify');
    expect(whole).toMatchObject({ code: 0, stdout: `✔ 2 entries, all whole\n  head 2:${hash}\n` });
    await journal.close();
    expect(await lockstep(folder, 'runs', 'verify', '--expect', `${seq}:${hash}`)).toMatchObject({ code: 0 });
    const cut = await lockstep(folder, 'runs', 'verify', '--expect', `3:${hash}`, '--json');
    expect([cut.code, JSON.parse(cut.stdout)]).toEqual([1, expect.objectContaining({ ok: false })]);
    const [file = ''] = readdirSync(directory).filter((name) => name.startsWith('journal-'));
    const text = readFileSync(path.join(directory, file), 'utf8');
    writeFileSync(path.join(directory, file), text.replace('before', 'behind'));
    const touched = await lockstep(folder, 'runs', 'verify');
    expect(touched.code).toBe(1);
    expect(touched.stdout).toMatch(/^✖ /);
    expect(await lockstep(folder, 'runs', 'verify', '--expect', '3')).toMatchObject({ code: 2 });
  }, 60_000);
});
