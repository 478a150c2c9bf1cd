import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { place } from '../../src/actors/certificates/place.js';
import { stage } from '../../src/actors/certificates/stage.js';
import type { StageAction } from '../../src/domain/certificate-action.js';
import { openHost } from '../../src/hosts/open.js';
import { createAuthority } from '../../src/pki/authority.js';

const base = mkdtempSync(path.join(tmpdir(), 'lockstep-generations-'));
afterAll(() => rmSync(base, { recursive: true }));

const signal = AbortSignal.timeout(60_000);
const host = openHost({ kind: 'local', sudo: false, paths: [base], programs: [], services: {} });
const noteAs = { next: 'next', previous: 'previous' };

/** A server's directory in which some of the files are links of somebody else's. */
async function stageWith(name: string, links: readonly string[]) {
  const directory = mkdtempSync(path.join(base, name));
  const at = (...names: readonly string[]) => path.join(directory, ...names);
  const files = ['cert.pem', 'key.pem', 'ca.pem'];
  for (const file of files) {
    writeFileSync(at(links.includes(file) ? `db1-${file}` : file), `the ${file} of before`);
    if (links.includes(file)) symlinkSync(`db1-${file}`, at(file));
  }
  const ca = await createAuthority({ directory: path.join(base, `${name}-ca`), commonName: name, keyType: 'p256' });
  const leaf = { certificate: 'cert.pem', key: 'key.pem', use: 'server', authority: 'mysql', commonName: 'db1', names: ['db1'], lifetime: 3600, noteAs: 'made' } as const; // prettier-ignore
  const action: StageAction = { kind: 'stage-certificates', on: 'db1', directory, files, leaves: [leaf], trust: [], noteAs }; // prettier-ignore
  return { at, action, authorities: () => Promise.resolve(ca) };
}

it.each([['cert.pem'], ['key.pem']])(
  'a pair of which somebody linked the %s changes neither in whole nor in part',
  async (linked) => {
    // prettier-ignore
    const { at, action, authorities } = await stageWith(`half-${linked}`, [linked]);
    const before = readdirSync(at());
    await expect(stage(action, host, authorities, signal)).rejects.toMatchObject({
      code: 'foreign-link',
      message: `local: ${at(linked)} is a link to "db1-${linked}" that Lockstep did not make`,
      remedy: expect.stringContaining(`cp -p --remove-destination "$(readlink -f ${at(linked)})" ${at(linked)}`) as string, // prettier-ignore
    });
    expect(readdirSync(at())).toEqual(before);
  },
);

it('a link that somebody made to authorities stays where only the pair changes, and is refused where they do', async () => {
  const { at, action, authorities } = await stageWith('trust', ['ca.pem']);
  const trust = [{ file: 'ca.pem', add: ['mysql'], drop: [] }];
  await expect(stage({ ...action, trust }, host, authorities, signal)).rejects.toMatchObject({ code: 'foreign-link' });
  const notes = await stage(action, host, authorities, signal);
  await place({ kind: 'place-certificates', on: 'db1', directory: at(), files: action.files, generation: { note: 'next' }, over: { note: 'previous' } }, host, notes, signal); // prettier-ignore
  expect(['cert.pem', 'key.pem', 'ca.pem'].map((file) => readlinkSync(at(file)))).toEqual(['current/cert.pem', 'current/key.pem', 'db1-ca.pem']); // prettier-ignore
  expect(readFileSync(at('cert.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
  // Links of Lockstep's own are no obstacle to the next.
  await expect(stage(action, host, authorities, signal)).resolves.toMatchObject({
    next: expect.stringMatching(/^a /) as string,
  });
});
