import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { AnnouncedCluster, Machine } from '../../src/announce/announcer.js';
import { openHost } from '../../src/hosts/open.js';

export const db1 = { name: 'db1', address: { host: '192.0.2.1', port: 3306 } };
export const db2 = { name: 'db2', address: { host: '192.0.2.2', port: 3307 } };
export const shop: AnnouncedCluster = { name: 'shop', names: ['masterdb'], servers: [db1, db2] };

/** A directory that goes when the test file ends. */
export function directory(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'lockstep-announce-'));
  made_.push(made);
  return made;
}

const made_: string[] = [];
afterAll(() => {
  for (const one of made_) rmSync(one, { recursive: true, force: true });
});

/** This machine, as far as these paths and programs go. */
export function local(limits: { readonly paths?: readonly string[]; readonly programs?: readonly string[] }): Machine {
  return openHost({ kind: 'local', sudo: false, paths: [], programs: [], services: {}, ...limits });
}

/** The same, reached by words that stand before each command: another machine, for all that announcers can tell. */
export function through(limits: {
  readonly paths?: readonly string[];
  readonly programs?: readonly string[];
}): Machine {
  return openHost({ kind: 'command', command: ['env'], paths: [], programs: [], services: {}, ...limits });
}

export const patient = new AbortController().signal;
