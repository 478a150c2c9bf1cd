import type { Secret } from '../base/secret.js';

/** Secrets are read at each use, so that they rotate. */
export type ReadSecret = () => Promise<Secret>;

/** Who is told, in the order of the configuration. */
export interface NotifySettings {
  readonly receivers: readonly ReceiverSettings[];
  /** Whose silences are asked for and made; undefined: none is configured. */
  readonly alertmanager: AlertmanagerSettings | undefined;
}

export type ReceiverSettings =
  | WebhookSettings
  | SlackSettings
  | GrafanaSettings
  /** Silences a run's alert while it works. */
  | { readonly kind: 'silence' };

export interface WebhookSettings {
  readonly kind: 'webhook';
  readonly url: ReadSecret;
  readonly on: readonly NoticeKind[];
  /** Signs the body; undefined: it goes unsigned. */
  readonly signingKey: ReadSecret | undefined;
  readonly tls: TlsFiles;
}

export interface SlackSettings {
  readonly kind: 'slack';
  readonly url: ReadSecret;
  readonly on: readonly NoticeKind[];
  readonly tls: TlsFiles;
}

export interface GrafanaSettings {
  readonly kind: 'grafana';
  readonly url: string;
  readonly token: ReadSecret;
  readonly tls: TlsFiles;
}

export interface AlertmanagerSettings {
  /** Base addresses of every peer, without a slash at the end. */
  readonly urls: readonly string[];
  readonly token: ReadSecret | undefined;
  readonly user: { readonly name: string; readonly password: ReadSecret } | undefined;
  readonly tls: TlsFiles;
}

/** PEM files, read at each use. */
export interface TlsFiles {
  /** Trusted instead of the authorities that come with Node. */
  readonly caFile: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** What a person may want to hear of; the same words as in the configuration, `notify: on`. */
export type NoticeKind = 'approval-wanted' | 'started' | 'ended' | 'needs-human' | 'waiting';

export type ReceiverKind = ReceiverSettings['kind'];
