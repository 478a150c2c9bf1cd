import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { pkiCommand } from '../../src/cli/pki.js';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/certificates.md'), 'utf8');
const calls = [...page.replaceAll(/\\\n\s*/g, '').matchAll(/lockstep pki (\w+)([^\n`;]*)/g)];

it('names no command of lockstep pki and no flag that there is not, and every command there is', () => {
  const known = new Map(
    pkiCommand().commands.map((command) => [command.name(), command.options.map(({ long }) => long ?? '')]),
  );
  for (const [call, name = '', words = ''] of calls) {
    expect(known.has(name), call).toBe(true);
    for (const [flag] of words.matchAll(/--[a-z-]+/g)) expect(known.get(name), call).toContain(flag);
  }
  expect([...new Set(calls.map(([, name]) => name))].sort()).toEqual([...known.keys()].sort());
});
