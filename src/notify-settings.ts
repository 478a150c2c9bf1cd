import type { AlertmanagerConfig, AutomationConfig, NotifyConfig } from './config/automation.js';
import { readSecret, type SecretRef } from './config/secrets.js';
import type { AlertmanagerSettings, NotifySettings, ReceiverSettings } from './notify/settings.js';

/** What the notifications are told by the configuration. */
export function notifySettingsOf({ notify, alertmanager }: AutomationConfig): NotifySettings {
  return { receivers: notify.map(receiverOf), alertmanager: alertmanager && alertmanagerSettingsOf(alertmanager) };
}

export function alertmanagerSettingsOf(given: AlertmanagerConfig): AlertmanagerSettings {
  const { urls, token, user, caFile, certFile, keyFile } = given;
  return {
    urls,
    token: token && reader(token),
    user: user && { name: user.name, password: reader(user.password) },
    tls: { caFile, certFile, keyFile },
  };
}

function receiverOf(given: NotifyConfig): ReceiverSettings {
  if (given.kind === 'silence') return { kind: 'silence' };
  const tls = { caFile: given.caFile };
  switch (given.kind) {
    case 'webhook':
      return {
        kind: 'webhook',
        url: reader(given.url),
        on: given.on,
        signingKey: given.signingKey && reader(given.signingKey),
        tls,
      };
    case 'slack':
      return { kind: 'slack', url: reader(given.url), on: given.on, tls };
    case 'grafana':
      return { kind: 'grafana', url: given.url.replace(/\/+$/, ''), token: reader(given.token), tls };
  }
}

function reader(ref: SecretRef) {
  return () => readSecret(ref);
}
