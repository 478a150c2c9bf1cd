import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ruleFiles } from '../alerts/files.js';
import type { AlertName } from '../alerts/list.js';
import { paced, valuesWith } from '../alerts/settings.js';
import type { Scope } from '../base/scope.js';
import { takeDirectory } from '../sandbox/directories.js';
import { startAlertmanager, type Program } from '../sandbox/programs.js';
import type { UnpackOptions } from '../sandbox/packages.js';
import type { SandboxServer } from '../sandbox/server.js';

/** How much faster the demo's rules are than those that are shipped: a minute is half a second, ten are five. */
export const speed = 120;

/** An Alertmanager, and where the rules lie for Prometheus. */
export interface Alerting {
  readonly alertmanager: Program;
  readonly ruleFiles: string;
}

/** Alertmanager as deploy/ configures it, and the rules at {@link speed}. */
export async function startAlerting(
  scope: Scope,
  lockstep: string,
  tokenFile: string,
  unpacking: UnpackOptions,
): Promise<Alerting> {
  const shipped = await readFile(new URL('../../deploy/alertmanager.yml', import.meta.url), 'utf8');
  const config = shipped
    .replace('http://127.0.0.1:10104', lockstep)
    .replace('/etc/lockstep/alertmanager.token', tokenFile);
  const directory = await takeDirectory(scope);
  for (const { name, text } of ruleFiles(paced(valuesWith(), 1 / speed)))
    await writeFile(path.join(directory, name), text);
  const alertmanager = await startAlertmanager(scope, { config, ...unpacking });
  return { alertmanager, ruleFiles: path.join(directory, '*.rules.yml') };
}

/** Whether Alertmanager holds this alert of this server. */
export async function firing(
  { alertmanager: { url } }: Alerting,
  alertname: AlertName,
  replica: SandboxServer,
): Promise<boolean> {
  const filters = [`alertname="${alertname}"`, `server="${replica.name}"`].map(
    (one) => `filter=${encodeURIComponent(one)}`,
  );
  const answer = await fetch(`${url}/api/v2/alerts?${filters.join('&')}`);
  if (!answer.ok) throw new Error(`Alertmanager answered ${answer.status}`);
  return ((await answer.json()) as readonly unknown[]).length > 0;
}
