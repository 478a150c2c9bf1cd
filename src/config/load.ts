import path from 'node:path';
import type { z } from 'zod';
import { checks } from './checks.js';
import type { Config } from './config.js';
import { readYaml, type YamlFile } from './document.js';
import { explain, valueAt } from './explain.js';
import { ConfigError, sorted, type Fault } from './fault.js';
import { included } from './include.js';
import { resolve, type ClusterFile } from './resolve.js';
import { includedSchema, mainSchema } from './schema.js';
import { readWebConfig, type WebConfig } from './web-config.js';

/**
 * Reads the configuration with every file that it includes and its web configuration, and checks it whole.
 * Files that hold secrets, certificates or keys are not opened: they are read where they are used.
 * @param file the main YAML file; relative paths are taken from the working directory
 * @throws ConfigError with every fault of every file at once
 */
export async function loadConfig(file: string): Promise<Config> {
  const main = await readYaml(file);
  const faults: Fault[] = [...main.faults];
  const form = checked(main, mainSchema, faults);
  const includes = await includesOf(main, faults);
  const clusterFiles: ClusterFile[] = [];
  if (form?.clusters) clusterFiles.push({ folder: folderOf(main), clusters: form.clusters });
  for (const each of includes) {
    const part = checked(each, includedSchema, faults);
    if (part) clusterFiles.push({ folder: folderOf(each), clusters: part.clusters });
  }
  const web = await webConfig(main, faults);
  faults.push(...checks(main, includes, web));
  const files = [file, ...includes.map((each) => each.file), ...(web ? [web.file] : [])];
  if (form === undefined || faults.length > 0) throw new ConfigError(sorted(faults, files));
  return resolve(
    form,
    path.resolve(file),
    files.map((each) => path.resolve(each)),
    clusterFiles,
    web,
  );
}

/** The file through its schema; undefined, and the faults noted, when it does not pass. */
function checked<Schema extends z.ZodType>(
  file: YamlFile,
  schema: Schema,
  faults: Fault[],
): z.output<Schema> | undefined {
  if (file.value === undefined) return undefined;
  const result = schema.safeParse(file.value);
  if (result.success) return result.data;
  faults.push(...explain(file, result.error.issues));
  return undefined;
}

/** The included files, each once, in the order of the patterns. */
async function includesOf(main: YamlFile, faults: Fault[]): Promise<readonly YamlFile[]> {
  const given = valueAt(main.value, ['include']);
  const patterns: readonly unknown[] = Array.isArray(given) ? given : [given];
  const files = new Map<string, YamlFile>();
  for (const [index, pattern] of patterns.entries()) {
    if (typeof pattern !== 'string' || pattern === '' || pattern.includes('\0')) continue;
    const at = Array.isArray(given) ? ['include', index] : ['include'];
    const found = await included(path.dirname(main.file), pattern);
    if ('message' in found) {
      faults.push(main.fault(at, 'value', found.message, found.remedy));
      continue;
    }
    for (const name of found.files) {
      const file = path.isAbsolute(name) ? name : path.join(path.dirname(main.file), name);
      if (files.has(path.resolve(file))) continue;
      const read = await readYaml(file);
      faults.push(...read.faults);
      files.set(path.resolve(file), read);
    }
  }
  return [...files.values()];
}

async function webConfig(main: YamlFile, faults: Fault[]): Promise<WebConfig | undefined> {
  const given = valueAt(main.value, ['web_config_file']);
  if (typeof given !== 'string' || given === '' || given.includes('\0')) return undefined;
  const read = await readWebConfig(path.isAbsolute(given) ? given : path.join(path.dirname(main.file), given));
  faults.push(...read.faults);
  return read.web;
}

function folderOf(file: YamlFile): string {
  return path.dirname(path.resolve(file.file));
}
