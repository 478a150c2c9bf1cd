import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { ruleFiles, ruleText } from '../alerts/files.js';
import { duration } from '../alerts/promql.js';
import { settingNames, settings, valuesWith, type Setting, type SettingName, type Values } from '../alerts/settings.js';
import { writeAtomically } from '../base/atomic.js';
import { LockstepError } from '../base/errors.js';
import { parseDuration } from '../base/duration.js';

export function alertsCommand(): Command {
  return new Command('alerts')
    .description('write the alert rules for Prometheus, with your own limits and durations')
    .option('--set <name=value...>', 'change a setting, see below', (given: string, before: string[] | undefined) => [
      ...(before ?? []),
      given,
    ])
    .option('--output <directory>', 'write a file for each subject there; else all rules are printed as one file')
    .addHelpText('after', () => `\nSettings, with what is shipped:\n\n${settingLines().join('\n')}\n\n${examples}`)
    .action(async (options: { set?: readonly string[]; output?: string }) => {
      const values = valuesWith(changesOf(options.set ?? []));
      if (options.output === undefined) {
        process.stdout.write(ruleText(values));
        return;
      }
      await mkdir(options.output, { recursive: true });
      for (const { name, text } of ruleFiles(values)) {
        const file = path.join(options.output, name);
        await writeAtomically(file, text, { mode: 0o644 });
        process.stdout.write(`${file}\n`);
      }
    });
}

const examples = `Examples:
  lockstep alerts --output /etc/prometheus/lockstep
  lockstep alerts --set lag=5m --set certificate_warning=45d --output /etc/prometheus/lockstep
`;

/**
 * What `--set NAME=VALUE` asks for.
 * @throws LockstepError `unknown-setting`, `wrong-setting`
 */
export function changesOf(given: readonly string[]): Partial<Values> {
  const changes = given.map((one): readonly [SettingName, number | string] => {
    const at = one.indexOf('=');
    const [wanted, text] = at < 0 ? [one, undefined] : [one.slice(0, at), one.slice(at + 1)];
    const name = settingNames.find((known) => known === wanted);
    if (name === undefined)
      throw new LockstepError(
        'unknown-setting',
        `there is no setting "${wanted}"`,
        `There are: ${settingNames.join(', ')}.`,
      );
    return [name, valueOf(name, text)];
  });
  return Object.fromEntries(changes);
}

function valueOf(name: SettingName, text: string | undefined): number | string {
  const { unit } = settings[name];
  const value = text === undefined || text === '' ? undefined : read[unit](text);
  if (value !== undefined) return value;
  throw new LockstepError(
    'wrong-setting',
    text === undefined ? `"${name}" has no value` : `"${text}" is no value for "${name}"`,
    `Give ${wanted[unit]}, as in ${name}=${shown(settings[name])}.`,
  );
}

const wanted: Readonly<Record<Setting['unit'], string>> = {
  duration: 'a duration with its unit',
  bytes: 'a size in bytes, or with KiB, MiB, GiB or TiB',
  count: 'a whole number',
  text: 'a text on one line',
};

/** Undefined for a text that is none of that unit. */
const read: Readonly<Record<Setting['unit'], (text: string) => number | string | undefined>> = {
  duration: parseDuration,
  bytes: parseBytes,
  count: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined),
  text: (text) => (/^[^\0\r\n]{1,1000}$/.test(text) ? text : undefined),
};

function parseBytes(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,12})(|KiB|MiB|GiB|TiB)$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * 1024 ** ['', 'KiB', 'MiB', 'GiB', 'TiB'].indexOf(unit);
}

function shown({ unit, value }: Setting): string {
  if (typeof value === 'string') return value;
  if (unit === 'duration') return duration(value);
  return unit === 'bytes' && value % 2 ** 30 === 0 ? `${value / 2 ** 30}GiB` : String(value);
}

function settingLines(): readonly string[] {
  const lines = settingNames.map((name) => [`${name}=${shown(settings[name])}`, settings[name].help] as const);
  const width = Math.max(...lines.map(([left]) => left.length));
  return lines.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`);
}
