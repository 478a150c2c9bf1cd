import path from 'node:path';
import type { AlertmanagerConfig, AutomationConfig, NotifiedEvent, NotifyConfig, WindowConfig } from './automation.js';
import { days } from './automation.js';
import type { MainFile } from './schema.js';
import { secretIn, secretOf } from './secret-ref.js';

const defaultOn: readonly NotifiedEvent[] = ['approval-wanted', 'started', 'ended', 'needs-human'];

/** Applies defaults and makes paths absolute. undefined without a journal: then nothing may act. */
export function automationOf(main: MainFile, folder: string): AutomationConfig | undefined {
  if (main.journal === undefined) return undefined;
  const { automation } = main;
  return {
    journal: {
      directory: path.resolve(folder, main.journal.directory),
      keepSeconds: main.journal.keep ?? 400 * 86_400,
      prune: main.journal.prune ?? '23 4 * * *',
    },
    waitAtMostSeconds: automation?.wait_at_most ?? 3600,
    cooldownSeconds: automation?.cooldown ?? 600,
    runsPerHour: {
      cluster: automation?.runs_per_hour?.cluster ?? 4,
      overall: automation?.runs_per_hour?.overall ?? 20,
    },
    twoPerson: automation?.two_person ?? false,
    approvalSeconds: automation?.approval_expires ?? 3600,
    pauseFile: automation?.pause_file === undefined ? undefined : path.resolve(folder, automation.pause_file),
    policies: (main.policies ?? []).map((policy) => ({
      match: policy.match,
      run: policy.run,
      mode: policy.mode ?? 'plan',
      cooldownSeconds: policy.cooldown,
      waitAtMostSeconds: policy.wait_at_most,
      window: policy.window,
      parameters: policy.with ?? {},
      labels: policy.labels ?? {},
    })),
    windows: Object.entries(automation?.windows ?? {}).map(([name, given]): WindowConfig => ({
      name,
      days: given.days ?? days,
      from: minutesOf(given.from),
      to: minutesOf(given.to),
      zone: given.zone ?? 'UTC',
    })),
    alertmanager: main.alertmanager && alertmanagerOf(main.alertmanager, folder),
    verifyReplicas: main.schedule?.verify_replicas,
    renewCertificates: main.schedule?.renew_certificates,
    drill: main.schedule?.drill ?? '*/10 * * * *',
    notify: (main.notify ?? []).map((receiver) => notifyOf(receiver, folder)),
  };
}

function alertmanagerOf(given: NonNullable<MainFile['alertmanager']>, folder: string): AlertmanagerConfig {
  const password = secretIn(given.password_file, given.password_env, folder);
  return {
    urls: given.urls.map((url) => url.replace(/\/+$/, '')),
    token: secretIn(given.token_file, given.token_env, folder),
    user: given.user === undefined || password === undefined ? undefined : { name: given.user, password },
    caFile: given.ca_file === undefined ? undefined : path.resolve(folder, given.ca_file),
    certFile: given.cert_file === undefined ? undefined : path.resolve(folder, given.cert_file),
    keyFile: given.key_file === undefined ? undefined : path.resolve(folder, given.key_file),
  };
}

function notifyOf(given: NonNullable<MainFile['notify']>[number], folder: string): NotifyConfig {
  if (given.kind === 'silence') return { kind: 'silence' };
  const caFile = given.ca_file === undefined ? undefined : path.resolve(folder, given.ca_file);
  if (given.kind === 'grafana')
    return { kind: 'grafana', url: given.url, token: secretOf(given.token_file, given.token_env, folder), caFile };
  return {
    kind: given.kind,
    url: secretOf(given.url_file, given.url_env, folder),
    on: given.on ?? defaultOn,
    signingKey: given.kind === 'webhook' ? secretIn(given.signing_key_file, given.signing_key_env, folder) : undefined,
    caFile,
  };
}

function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}
