import { Command } from 'commander';
import { version } from '../version.js';
import { keepMemorySmall } from './small-memory.js';

/**
 * All commands, in the order in which help lists them. Each brings its own part of the house with it, which none of
 * the others needs in memory: `serve` runs for months and never boots a sandbox.
 */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => {
    keepMemorySmall();
    return (await import('./serve.js')).serveCommand();
  },
  check: async () => (await import('./check.js')).checkCommand(),
  status: async () => (await import('./status.js')).statusCommand(),
  plan: async () => (await import('./plan.js')).planCommand(),
  run: async () => (await import('./run.js')).runCommand(),
  runs: async () => (await import('./runs.js')).runsCommand(),
  pause: async () => (await import('./pause.js')).pauseCommand(),
  unpause: async () => (await import('./pause.js')).unpauseCommand(),
  downtime: async () => (await import('./downtime.js')).downtimeCommand(),
  grants: async () => (await import('./grants.js')).grantsCommand(),
  alerts: async () => (await import('./alerts.js')).alertsCommand(),
  pki: async () => (await import('./pki.js')).pkiCommand(),
  demo: async () => (await import('./demo.js')).demoCommand(),
  version: async () => (await import('./version.js')).versionCommand(),
};

/** The command line. @param first its first word: where that names a command, the others are left out */
export async function program(first: string | undefined): Promise<Command> {
  const lockstep = new Command('lockstep')
    .description('Keeps MySQL and MariaDB replicas in step with their primary, over TLS.')
    .version(version, '-V, --version')
    // `--version` behind a command is that command's own: of servers, where it has one.
    .enablePositionalOptions()
    .showHelpAfterError('(lockstep --help lists the commands)');
  for (const [name, load] of Object.entries(commands)) {
    if (first === undefined || !Object.hasOwn(commands, first) || first === name) lockstep.addCommand(await load());
  }
  // Settings are not inherited by commands that are added ready made.
  for (const command of [lockstep, ...lockstep.commands, ...lockstep.commands.flatMap((each) => each.commands)])
    command.exitOverride();
  return lockstep;
}
