import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const source = path.join(import.meta.dirname, '../src');

/** What each room may import besides itself, `base` and `domain`. `type:` marks an import of types alone. */
const may: Record<string, readonly string[]> = {
  base: [],
  domain: [],
  config: [],
  dialects: [],
  pki: [],
  hosts: [],
  announce: [],
  journal: [],
  mysql: ['dialects'],
  observe: ['dialects', 'mysql'],
  engine: ['journal', 'dialects'],
  procedures: ['dialects', 'type:engine'],
  actors: ['dialects', 'mysql', 'hosts', 'announce', 'pki', 'type:engine'],
  metrics: ['observe', 'type:engine'],
  notify: ['type:engine'],
  intake: ['config', 'engine'],
  schedule: ['config', 'engine'],
  alerts: ['metrics/catalogue'],
  dashboards: ['metrics/catalogue'],
  http: ['intake', 'engine', 'observe', 'metrics', 'type:journal'],
  sandbox: ['pki', 'mysql', 'dialects', 'hosts'],
};

/** Packages that only these rooms may see: domain types never mention a driver or a framework. */
const packages: Record<string, readonly string[]> = {
  mysql2: ['mysql'],
  express: ['http'],
  'node-forge': ['pki'],
  'prom-client': ['metrics'],
  'node-cron': ['schedule'],
  zod: ['config', 'intake', 'http'],
  yaml: ['config', 'sandbox'],
  commander: ['cli', ''],
  ssh2: ['hosts', 'sandbox'],
  re2js: ['base'],
  '@grafana': ['dashboards'], // what a user installs does not bring it
};

const importLine = /^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)|^import\s+'([^']+)'/gm;

interface Import {
  readonly file: string;
  readonly room: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function imports(): Import[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [...readFileSync(path.join(source, file), 'utf8').matchAll(importLine)].map((match) => ({
        file,
        room: roomOf(file),
        target: match[2] ?? match[3] ?? match[4] ?? '',
        typeOnly: match[1] !== undefined,
      })),
    );
}

/** The top folder below src/, '' for the files that stand directly in it. */
function roomOf(file: string): string {
  return file.includes(path.sep) ? (file.split(path.sep)[0] ?? '') : '';
}

/** Why this import is not allowed, or undefined when it is. */
function fault({ file, room, target, typeOnly }: Import): string | undefined {
  if (!target.startsWith('.')) {
    const name = target.split('/')[0] ?? '';
    if (room === 'domain') return `${file} imports ${target}: domain is pure`;
    const rooms = packages[name];
    return rooms === undefined || rooms.includes(room)
      ? undefined
      : `${file} imports ${name}, which belongs to ${rooms.join(', ')}`;
  }
  const to = path.relative(source, path.resolve(source, path.dirname(file), target));
  const toRoom = roomOf(to);
  if (room === toRoom || room === '' || room === 'cli') {
    return toRoom === 'sandbox' && room !== 'sandbox' && !/^cli[/\\]demo/.test(file)
      ? `${file}: only cli/demo imports sandbox`
      : undefined;
  }
  if (toRoom === 'base' && room !== 'base') return undefined;
  if (toRoom === 'domain' && room !== 'base') return undefined;
  const allowed = may[room] ?? [];
  const ok = allowed.some((rule) =>
    rule.startsWith('type:')
      ? typeOnly && rule.slice(5) === toRoom
      : rule === toRoom || to.replace(/\.js$/, '') === rule,
  );
  return ok ? undefined : `${file} imports ${target}: ${room} may not know ${toRoom}`;
}

it('reads a fair number of imports', () => {
  expect(imports().length).toBeGreaterThan(50);
});

it('keeps each room to the rooms that it may know', () => {
  expect(
    imports()
      .map(fault)
      .filter((found) => found !== undefined),
  ).toEqual([]);
});

it('sees a wrong import', () => {
  expect(fault({ file: 'domain/lag.ts', room: 'domain', target: '../mysql/session.js', typeOnly: true })).toMatch(
    /may not know/,
  );
  expect(fault({ file: 'observe/look.ts', room: 'observe', target: 'mysql2', typeOnly: false })).toMatch(
    /belongs to mysql/,
  );
  expect(fault({ file: 'domain/lag.ts', room: 'domain', target: 'node:fs', typeOnly: false })).toMatch(/pure/);
});
