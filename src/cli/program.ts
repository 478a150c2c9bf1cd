import { Command } from 'commander';
import { version } from '../version.js';
import { checkCommand } from './check.js';
import { demoCommand } from './demo.js';
import { pkiCommand } from './pki.js';
import { serveCommand } from './serve.js';
import { statusCommand } from './status.js';
import { versionCommand } from './version.js';

/** All commands, in the order in which help lists them. */
export function program(): Command {
  const lockstep = new Command('lockstep')
    .description('Keeps MySQL and MariaDB replicas in step with their primary, over TLS.')
    .version(version, '-V, --version')
    .showHelpAfterError('(lockstep --help lists the commands)');
  for (const command of [
    serveCommand(),
    checkCommand(),
    statusCommand(),
    pkiCommand(),
    demoCommand(),
    versionCommand(),
  ])
    lockstep.addCommand(command);
  // Settings are not inherited by commands that are added ready made.
  for (const command of [lockstep, ...lockstep.commands, ...lockstep.commands.flatMap((each) => each.commands)])
    command.exitOverride();
  return lockstep;
}
