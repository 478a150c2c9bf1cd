import type { HostLimits } from './allowed.js';
import { CoreutilsFiles } from './coreutils-files.js';
import type { Files } from './files.js';
import type { Host } from './host.js';
import type { Launcher } from './launcher.js';
import { LocalFiles } from './local-files.js';
import { LocalLauncher } from './local-launcher.js';
import { ProvenLauncher } from './proven.js';
import { ReachedHost } from './reached-host.js';
import { SftpFiles, suffices } from './sftp-files.js';
import { SshConnection } from './ssh-connection.js';
import { SshLauncher } from './ssh-launcher.js';
import type { SshTarget } from './ssh-login.js';

/** How a host is reached, and what may be touched there. */
export type HostSettings = HostLimits &
  (
    | { readonly kind: 'local'; readonly sudo: boolean }
    | { readonly kind: 'command'; readonly command: readonly string[] }
    | (SshTarget & { readonly kind: 'ssh'; readonly sudo: boolean })
  );

/** Connects to nothing yet. Whoever opens a host closes it. */
export function openHost(settings: HostSettings): Host {
  switch (settings.kind) {
    case 'local':
      return settings.sudo
        ? byCommands(settings, new LocalLauncher('local, by sudo', sudo))
        : local(settings, new LocalLauncher('local'));
    case 'command':
      return byCommands(settings, new LocalLauncher(settings.command.join(' '), settings.command));
    case 'ssh':
      return ssh(settings);
  }
}

const sudo = ['sudo', '-n', '--'];

function local(limits: HostLimits, launcher: Launcher): Host {
  const files = new LocalFiles(launcher);
  return new ReachedHost({
    launcher,
    limits,
    // Lockstep's own rights are the limit: it can read those files anyway.
    readsAnywhere: true,
    files: () => Promise.resolve(files),
    close: () => undefined,
  });
}

function byCommands(limits: HostLimits, inner: Launcher): Host {
  const launcher = new ProvenLauncher(inner);
  const files = new CoreutilsFiles(launcher);
  return new ReachedHost({
    launcher,
    limits,
    readsAnywhere: false,
    files: () => Promise.resolve(files),
    close: () => undefined,
  });
}

function ssh(settings: HostSettings & { readonly kind: 'ssh' }): Host {
  const connection = new SshConnection(settings);
  const launcher = new ProvenLauncher(new SshLauncher(connection, settings.sudo ? sudo : []));
  const byCommand = new CoreutilsFiles(launcher);
  const files = async (signal: AbortSignal): Promise<Files> => {
    const session = settings.sudo ? undefined : await connection.sftp(signal);
    return session !== undefined && suffices(session.sftp) ? new SftpFiles(session, launcher) : byCommand;
  };
  return new ReachedHost({ launcher, limits: settings, readsAnywhere: false, files, close: () => connection.close() });
}
