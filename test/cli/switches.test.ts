import { expect, it } from 'vitest';
import { lockstep } from './command.js';
import { Instance } from './instance.js';

it('pauses everything, or a cluster, and goes on', async () => {
  const { folder, automation } = await new Instance().start();
  expect(await lockstep(folder, 'pause')).toMatchObject({ code: 2, stdout: '' });
  const paused = await lockstep(folder, 'pause', '--reason', 'storage is being moved');
  expect(paused.stdout).toMatch(/^Everything is paused by local:\w+: storage is being moved\n$/);
  await lockstep(folder, 'pause', '--cluster', 'other', '--reason', 'INC-1');
  expect(automation.pauses()).toMatchObject([
    { reason: 'storage is being moved' },
    { cluster: 'other', reason: 'INC-1' },
  ]);
  expect((await lockstep(folder, 'unpause')).stdout).toMatch(/^other is paused by local:\w+: INC-1\n$/);
  const json = await lockstep(folder, 'unpause', '--cluster', 'other', '--json');
  expect(JSON.parse(json.stdout)).toEqual({ paused: false, pauses: [] });
  expect((await lockstep(folder, 'unpause')).stdout).toBe('Nothing is paused.\n');
  expect(await lockstep(folder, 'pause', '--cluster', 'elsewhere', '--reason', 'x')).toMatchObject({ code: 2 });
}, 60_000);

it('puts a server into downtime, and takes it out', async () => {
  const { folder, automation } = await new Instance().start();
  const began = Date.now();
  const down = await lockstep(folder, 'downtime', 'shop/db2', '--for', '2h', '--reason', 'disk swap');
  expect(down.stdout).toMatch(/^shop\/db2 is in downtime until 20\d\d-\S+ \S+Z \(local:\w+: disk swap\)\.\n$/);
  expect(automation.downtimes()[0]?.until).toBeGreaterThanOrEqual(began + 7_200_000);
  expect((await lockstep(folder, 'downtime', 'db2', '--end')).stdout).toBe('shop/db2 is not in downtime.\n');
  expect(automation.downtimes()).toEqual([]);
  for (const [words, said] of [
    [['db1', '--end'], 'Say which: shop/db1, other/db1.'],
    [['db9', '--end'], 'no cluster has a server "db9"'],
    [['shop/db9', '--end'], 'there is no server "shop/db9"'],
    [['shop/db2'], 'needs --for and --reason'],
    [['shop/db2', '--for', '2', '--reason', 'x'], '"2" is no duration'],
    [['shop/db2', '--for', '2h', '--end'], 'cannot be used with'],
  ] as const) {
    const { code, stderr } = await lockstep(folder, 'downtime', ...words);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  }
}, 60_000);
