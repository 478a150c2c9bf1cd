import type { NoteValue } from './action.js';
import type { OwnCertificateAction } from './own-certificate-action.js';
import type { ServerName } from './snapshot.js';

/**
 * Certificates, keys and authorities of one server stand together in a generation: a directory of its own beside others,
 * and the link `current` says which of them the server reads. All of them change with that one link. `next` names the
 * generation that is made ready.
 */
export type CertificateAction =
  | StageAction
  | RehearseAction
  | PlaceAction
  | DiscardAction
  | OptionFileAction
  | CheckConfigurationAction
  | MeetAction
  | RestartAction
  | TrustAction
  | ProveAction
  | OwnCertificateAction;

/** What makes and tries keys on the machines that they never leave. */
export const opensslProgram = '/usr/bin/openssl';

/** Names of the files of a generation, without their directory. */
export interface FilePair {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate that is not there yet: it is issued, with a new key, when the generation is made. */
export interface Leaf extends FilePair {
  readonly use: 'server' | 'client' | 'both';
  /** By its name in the configuration. */
  readonly authority: string;
  readonly commonName: string;
  readonly names: readonly string[];
  /** How long it holds, seconds. */
  readonly lifetime: number;
  /** Keeps its SHA-256 under this name. */
  readonly noteAs: string;
}

/** A file of authorities, with what changes in it. */
export interface Trust {
  readonly file: string;
  /** Authorities that join those in the file, by their names in the configuration. */
  readonly add: readonly string[];
  /** SHA-256 of those that leave it. */
  readonly drop: readonly string[];
}

/** Makes the next generation: what is issued, what is trusted, and copies of all else. Nothing reads it yet. */
export interface StageAction {
  readonly kind: 'stage-certificates';
  readonly on: ServerName;
  readonly directory: string;
  /** Where below it generations and links lie. Left out: right there. */
  readonly below?: string;
  /** All that belongs together. */
  readonly files: readonly string[];
  readonly leaves: readonly Leaf[];
  readonly trust: readonly Trust[];
  /** Names of those files that are keys and never leave the server's machine: made there, copied there. Left out: Lockstep makes keys. */
  readonly keysStay?: readonly string[];
  readonly noteAs: { readonly next: string; readonly previous: string };
}

/**
 * Shakes hands with what the next generation holds, in both directions, before anything reads it; no server is touched.
 * Whoever trusts is asked by their own file of authorities, read on their machine.
 */
export interface RehearseAction {
  readonly kind: 'rehearse-certificates';
  readonly on: ServerName;
  readonly directory: string;
  /** Keys never leave the server's machine: there it is seen that each belongs to its certificate, and by whom that is accepted. */
  readonly keysStay?: true;
  /** As a server, met by these. */
  readonly serves: { readonly pair: FilePair; readonly peers: readonly Peer[] } | undefined;
  /** As a replica, met by these servers. */
  readonly presents: readonly { readonly pair: FilePair; readonly to: Truster }[];
  /** Those who come to it, checked by the authorities that it is to trust; left out: that does not change. */
  readonly admits?: { readonly file: string; readonly peers: readonly Comer[] };
  /** Keeps how many handshakes there were. */
  readonly noteAs: string;
}

/** Somebody who checks certificates: by a file on a server's machine, or by what Lockstep itself trusts. */
export interface Truster {
  /** For people: `db2`, `Lockstep`. */
  readonly name: string;
  readonly file: { readonly on: ServerName; readonly path: string } | { readonly outsider: string } | 'lockstep';
}

/** Somebody who presents a certificate: by files on a server's machine, or as Lockstep itself does. */
export interface Comer {
  readonly name: string;
  readonly files: { readonly on: ServerName; readonly certificate: string; readonly key: string } | 'lockstep';
}

export interface Peer extends Truster {
  /** The name that must stand in the certificate; undefined: whoever it is does not look. */
  readonly expects: string | undefined;
}

/**
 * Lets the server read a generation: one link. Files that stand where links belong give way to links with the same
 * content; what the generation does not hold is linked to no longer.
 */
export interface PlaceAction {
  readonly kind: 'place-certificates';
  readonly on: ServerName;
  readonly directory: string;
  readonly below?: string;
  readonly files: readonly string[];
  readonly generation: NoteValue;
  /** The run's other one: where neither of them is in use, somebody else changed the files, and they stay. */
  readonly over: NoteValue;
  /** As in {@link StageAction}. */
  readonly keysStay?: readonly string[];
  /** Keeps which one it is; left out where looks at the files show it. */
  readonly noteAs?: string;
}

/** Removes what was made ready and is not read. */
export interface DiscardAction {
  readonly kind: 'discard-certificates';
  readonly on: ServerName;
  readonly directory: string;
  readonly below?: string;
  readonly noteAs: string;
}

/** Puts an option file of Lockstep's own beside those of others, which it never changes, or takes it back as it was. */
export interface OptionFileAction {
  readonly kind: 'option-file';
  readonly on: ServerName;
  readonly act: 'put' | 'take-back';
  readonly file: string;
  /** What is put there, or was. */
  readonly lines: readonly string[];
  /** Stands in it besides, so that what another run left there is told from what this one put there before it was killed. */
  readonly mark: NoteValue;
  /** Keeps `written`, or `as before`. */
  readonly noteAs: string;
}

/** Lets the server's own program read the configuration that it would start with, and say what has come of it. Nothing is started or changed. */
export interface CheckConfigurationAction {
  readonly kind: 'check-configuration';
  readonly on: ServerName;
  /** The words that the server is started with. */
  readonly command: readonly string[];
  readonly checks: readonly ConfigurationCheck[];
  /** Keeps `valid`. */
  readonly noteAs: string;
}

export interface ConfigurationCheck {
  /** Behind the words that start the server. */
  readonly words: readonly string[];
  /** What the printed table of settings must say, by the option's name with dashes; left out: its code alone counts. */
  readonly expects?: Readonly<Record<string, string>>;
}

/** Logs in over TLS, whatever the configuration says, and learns which certificate is served; the authority's must verify it. */
export interface MeetAction {
  readonly kind: 'meet-certificate';
  readonly on: ServerName;
  /** By its name in the configuration. */
  readonly authority: string;
  /** The SHA-256 that is to be met. */
  readonly expects: NoteValue;
  /** Keeps the SHA-256 of what is served. */
  readonly noteAs: string;
}

/** Restarts a service by its configured command, and waits until the server lets a login in again. */
export interface RestartAction {
  readonly kind: 'restart';
  readonly on: ServerName;
  readonly service: string;
  /** `greeting`: until it greets, since it may let nobody in yet. Default: until it lets a login in. */
  readonly until?: 'greeting';
  /** Keeps when it answered again. */
  readonly noteAs: string;
}

/** Changes whom somebody trusts who is no server: Lockstep itself, or an application, by its file on its own machine. */
export interface TrustAction extends Trust {
  readonly kind: 'change-trust';
  /** As in the configuration, or the word for Lockstep itself. */
  readonly outsider: string;
}

/**
 * Makes certificates of an authority that are kept nowhere, and sees by real handshakes whether they are accepted: the
 * server is shown one by a client; whoever else trusts is shown one as a server would.
 */
export interface ProveAction {
  readonly kind: 'prove-authority';
  /** By its name in the configuration. */
  readonly authority: string;
  readonly accepted: boolean;
  /** Servers that are logged in to. */
  readonly servers: readonly ServerName[];
  readonly trusters: readonly Truster[];
  /** Keeps how many handshakes there were. */
  readonly noteAs: string;
}
