import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { notifiedEvents } from '../../src/config/automation.js';
import { loadConfig } from '../../src/config/load.js';
import { notifySettingsOf } from '../../src/notify-settings.js';
import { noticeOf } from '../../src/notify/notice.js';
import { webhookBody } from '../../src/notify/webhook.js';
import { folderWith } from '../config/files.js';
import { approval, plan, waitingEvent } from './runs.js';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/notifications.md'), 'utf8');
const blockOf = (kind: string) => new RegExp(`\`\`\`${kind}\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? '';

const smallest = `version: 1
defaults: { accounts: { monitor: { user: look, password_env: LOOK } } }
clusters: { shop: { servers: { db1: { address: db1 } } } }
`;

it('the configuration of the page is one, and becomes what receivers are told', async () => {
  const folder = folderWith({
    'lockstep.yml': smallest + blockOf('yaml'),
    'hook.url': 'https://hook.example/SECRET\n',
  });
  const { automation } = await loadConfig(path.join(folder, 'lockstep.yml'));
  if (automation === undefined) throw new Error('the page configures no automation');
  const { receivers, alertmanager } = notifySettingsOf(automation);
  expect(automation.journal).toMatchObject({ keepSeconds: 400 * 86_400, prune: '23 4 * * *' });
  expect(alertmanager?.urls).toEqual(['https://alertmanager-1.example:9093', 'https://alertmanager-2.example:9093']);
  expect(alertmanager?.user?.name).toBe('lockstep');
  expect(receivers.map(({ kind }) => kind)).toEqual(['webhook', 'slack', 'silence', 'grafana']);
  const [hook, chat] = receivers;
  expect(hook).toMatchObject({ on: ['approval-wanted', 'started', 'ended', 'needs-human'] });
  expect(chat).toMatchObject({ on: ['approval-wanted', 'needs-human'] });
  for (const event of notifiedEvents) expect(page).toContain(event);
});

it('secrets of receivers are read from their files, and addresses lose their last slash', async () => {
  const text = `${smallest}journal: { directory: j }
notify:
  - { kind: webhook, url_file: hook.url, signing_key_env: KEY }
  - { kind: grafana, url: "https://grafana.example/", token_file: token }
`;
  const folder = folderWith({ 'lockstep.yml': text });
  writeFileSync(path.join(folder, 'hook.url'), 'https://hook.example/SECRET\n', { mode: 0o600 });
  const { automation } = await loadConfig(path.join(folder, 'lockstep.yml'));
  const [hook, board] = automation === undefined ? [] : notifySettingsOf(automation).receivers;
  if (hook?.kind !== 'webhook' || board?.kind !== 'grafana') throw new Error('the receivers are others');
  expect((await hook.url()).reveal()).toBe('https://hook.example/SECRET');
  expect(board.url).toBe('https://grafana.example');
  expect(JSON.stringify(await hook.url())).not.toContain('SECRET');
});

it('the body of the page has the fields that are sent', () => {
  const notice = noticeOf(waitingEvent(approval));
  if (notice === undefined) throw new Error('a wanted approval is no notice');
  const sent = JSON.parse(webhookBody(notice, plan)) as Record<string, object>;
  const documented = JSON.parse(blockOf('json')) as Record<string, object>;
  expect(Object.keys(documented)).toEqual(Object.keys(sent));
  expect(Object.keys(documented['plan'] ?? {})).toEqual(Object.keys(sent['plan'] ?? {}));
  expect(documented['next']).toEqual(sent['next']);
  expect(documented['id']).toEqual(sent['id']);
});
