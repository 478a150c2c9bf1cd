import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { Certified } from '../../src/pki/issue.js';

/** A directory that goes when the test file ends. */
export function scratch(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'lockstep-pki-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** `openssl x509 -text` and the like. */
export function openssl(pem: string, ...question: string[]): string {
  return execFileSync('openssl', ['x509', '-noout', ...question], { input: pem, encoding: 'utf8' }).trim();
}

/** What `openssl verify` says: `OK`, or its first line of complaint. @param root PEM that is trusted */
export function verdict(issued: Certified, root: string, directory: string, ...options: string[]): string {
  const [leaf, trusted, chain] = ['leaf.pem', 'root.pem', 'chain.pem'].map((name) => path.join(directory, name));
  if (leaf === undefined || trusted === undefined || chain === undefined) throw new Error('three files');
  writeFileSync(leaf, issued.certificatePem);
  writeFileSync(trusted, root);
  writeFileSync(chain, issued.chainPem);
  try {
    const said = execFileSync(
      'openssl',
      ['verify', '-x509_strict', '-CAfile', trusted, '-untrusted', chain, ...options, leaf],
      { encoding: 'utf8', stdio: 'pipe' },
    );
    return said.trim().replace(`${leaf}: `, '');
  } catch (failure) {
    const text = failure instanceof Error && 'stderr' in failure ? String(failure.stderr) : String(failure);
    return /error \d+ at .*?: ?(.*)/s.exec(text)?.[1]?.split('\n')[0] ?? text;
  }
}
