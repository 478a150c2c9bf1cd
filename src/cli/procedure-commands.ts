import { Command, Option } from 'commander';
import type { Parameters } from '../domain/scene.js';
import type { ParameterSpec, Procedure } from '../engine/procedure.js';
import type { Mode } from '../engine/run.js';
import { procedures } from '../procedures/index.js';
import type { ConnectionOptions } from './connection.js';

/** What a person asks for on the command line. */
export interface Wanted {
  readonly procedure: string;
  readonly parameters: Parameters;
}

/** All that such a command may be given besides; which of it, `dress` says. */
export interface ProcedureOptions extends ConnectionOptions {
  readonly mode?: Mode;
  readonly yes?: true;
  readonly wait?: true;
  readonly json?: true;
}

/**
 * Adds one command for each procedure, with the procedure's own parameters as options.
 * @param dress adds the options that these commands share
 */
export function addProcedures(
  parent: Command,
  dress: (command: Command) => Command,
  act: (wanted: Wanted, options: ProcedureOptions) => Promise<void>,
): Command {
  for (const procedure of Object.values(procedures)) parent.addCommand(commandOf(procedure, parent.name(), dress, act));
  return parent;
}

function commandOf(
  procedure: Procedure,
  verb: string,
  dress: (command: Command) => Command,
  act: (wanted: Wanted, options: ProcedureOptions) => Promise<void>,
): Command {
  const command = new Command(procedure.name)
    .description(procedure.purpose.charAt(0).toLowerCase() + procedure.purpose.slice(1))
    .requiredOption('--cluster <name>', 'the cluster');
  const known = procedure.parameters.map((spec) => [spec, optionOf(spec)] as const);
  for (const [, option] of known) command.addOption(option);
  return dress(command)
    .addHelpText('after', () => `\nExample:\n  lockstep ${verb} ${exampleOf(procedure)}\n`)
    .action(async (options: ProcedureOptions & Readonly<Record<string, unknown>>) => {
      const given = known.flatMap(([spec, option]) => {
        const value = options[option.attributeName()];
        return typeof value === 'string' ? [[spec.name, value] as const] : [];
      });
      const parameters = { ...Object.fromEntries(given), cluster: String(options['cluster']) };
      await act({ procedure: procedure.name, parameters }, options);
    });
}

/** The default is left to whoever carries it out: it may be another version. */
function optionOf({ name, kind, required, values, default: fallback, help }: ParameterSpec): Option {
  const shown =
    fallback === undefined || fallback === '' || help.includes('default') ? help : `${help} (default ${fallback})`;
  const option = new Option(
    `--${name} <${kind === 'duration' || kind === 'names' ? kind : kind === 'choice' ? 'word' : 'name'}>`,
    shown,
  );
  if (values !== undefined) option.choices(values);
  return option.makeOptionMandatory(required);
}

function exampleOf({ name, parameters }: Procedure): string {
  const words = parameters
    .filter(({ required }) => required)
    .map(({ name: parameter, kind, values }) => `--${parameter} ${kind === 'server' ? 'db2' : (values?.[0] ?? kind)}`);
  return [name, '--cluster production', ...words].join(' ');
}
