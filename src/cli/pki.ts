import { Command } from 'commander';
import { bundleCommand } from './pki/bundle.js';
import { initCommand } from './pki/init.js';
import { inspectCommand } from './pki/inspect.js';
import { issueCommand } from './pki/issue.js';
import { listCommand } from './pki/list.js';
import { renewCommand } from './pki/renew.js';
import { signCommand } from './pki/sign.js';

/** `lockstep pki`: works without a configuration file, unless an authority or a server is named by what stands in one. */
export function pkiCommand(): Command {
  return new Command('pki')
    .description('make a certificate authority, issue certificates from it, and look at certificates')
    .addCommand(initCommand())
    .addCommand(issueCommand())
    .addCommand(signCommand())
    .addCommand(renewCommand())
    .addCommand(bundleCommand())
    .addCommand(listCommand())
    .addCommand(inspectCommand());
}
