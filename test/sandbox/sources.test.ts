import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { machineMirrors, readSources } from '../../src/sandbox/sources.js';

let etc: string;

beforeEach(() => {
  etc = mkdtempSync(path.join(os.tmpdir(), 'lockstep-apt-'));
  mkdirSync(path.join(etc, 'sources.list.d'));
});

afterEach(() => rmSync(etc, { recursive: true }));

function place(name: string, text: string): void {
  writeFileSync(path.join(etc, name), text);
}

it('reads the deb822 format: several URIs, continued fields, comments, disabled stanzas', () => {
  place(
    'sources.list.d/debian.sources',
    `Types: deb deb-src
# a comment in between
URIs: http://mirror.example/debian http://other.example/debian
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By: /keys/debian-archive.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
`,
  );
  expect(readSources(etc)).toEqual(
    ['http://mirror.example/debian', 'http://other.example/debian'].map((uri) => ({
      uri,
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main', 'contrib'],
      signedBy: '/keys/debian-archive.gpg',
    })),
  );
});

it('reads the one-line format, with options and without', () => {
  place(
    'sources.list',
    `# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/debian-archive.gpg] http://mirror.example/debian bookworm main contrib # near
deb-src http://mirror.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
`,
  );
  expect(readSources(etc).map(({ uri, components }) => [uri, components])).toEqual([
    ['http://mirror.example/debian', ['main', 'contrib']],
    ['http://security.example/debian-security', ['main']],
  ]);
  expect(machineMirrors(etc)).toMatchObject({
    archive: 'http://mirror.example/debian',
    security: 'http://security.example/debian-security',
  });
});

it('tells the archive from other vendors that name a suite of Debian', () => {
  place('sources.list.d/a-vendor.list', 'deb http://vendor.example/11.4/repository bookworm main\n');
  place('sources.list.d/debian.list', 'deb http://mirror.example/debian bookworm main\n');
  expect(machineMirrors(etc)).toMatchObject({ archive: 'http://mirror.example/debian', security: undefined });
});

it('says so when the machine has no Debian archive', () => {
  place('sources.list.d/vendor.list', 'deb http://vendor.example/apt stable extra\n');
  expect(() => machineMirrors(etc)).toThrow(/no Debian archive is among the apt sources/);
});
