import { Command } from 'commander';
import { version } from '../version.js';

export function versionCommand(): Command {
  return new Command('version').description('print the version of Lockstep and of Node').action(() => {
    process.stdout.write(`lockstep ${version} (node ${process.version})\n`);
  });
}
