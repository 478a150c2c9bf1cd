import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { ConfigError, type Fault } from '../../src/config/fault.js';

/** A folder with these files in it, removed when the test file ends. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'lockstep-config-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

/** The ConfigError that `work` must end with. */
export async function refusal(work: Promise<unknown>): Promise<ConfigError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ConfigError) return error;
  throw new Error(`expected a ConfigError, got ${String(error)}`);
}

/** A fault as `line:column path: message. remedy`. */
export function lineOf(fault: Fault): string {
  return `${String(fault.line)}:${String(fault.column)} ${fault.path}: ${fault.message}${fault.remedy === undefined ? '' : `. ${fault.remedy}`}`;
}

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
