import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '../base/atomic.js';
import type { Certificate } from '../domain/certificate.js';
import type { AnyUse } from './extensions.js';

/** One certificate that an authority gave out. Written before the certificate is handed over. Times are ISO 8601, UTC. */
export interface LedgerEntry {
  readonly serial: string;
  readonly subject: string;
  readonly use: AnyUse;
  readonly names: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
  /** SHA-256 of the DER form, lower-case hex. */
  readonly fingerprint: string;
  readonly issuedAt: string;
}

export interface Ledger {
  readonly entries: readonly LedgerEntry[];
  /** Lines (from 1) that cannot be read: writes that a crash cut off; their certificates were never handed out. */
  readonly damaged: readonly number[];
}

export function entryOf(certificate: Certificate, use: LedgerEntry['use'], issuedAt = new Date()): LedgerEntry {
  const { serial, subject, names, fingerprint } = certificate;
  return {
    serial,
    subject,
    use,
    names,
    notBefore: new Date(certificate.notBefore * 1000).toISOString(),
    notAfter: new Date(certificate.notAfter * 1000).toISOString(),
    fingerprint,
    issuedAt: issuedAt.toISOString(),
  };
}

export function ledgerFile(directory: string): string {
  return path.join(directory, 'issued.jsonl');
}

/** Adds a line, durably. One write call per line, so that concurrent issuers do not mix theirs. */
export async function record(directory: string, entry: LedgerEntry): Promise<void> {
  const handle = await open(ledgerFile(directory), 'a+', 0o600);
  try {
    const { size } = await handle.stat();
    const last = size === 0 ? '\n' : (await handle.read(Buffer.alloc(1), 0, 1, size - 1)).buffer.toString();
    // After a line that was cut off, the new one must not join it.
    await handle.appendFile(`${last === '\n' ? '' : '\n'}${JSON.stringify(entry)}\n`);
    await handle.datasync();
    // A ledger that has just been made: its name is to survive a power cut as well.
    if (size === 0) await syncDirectory(directory);
  } finally {
    await handle.close();
  }
}

/** An authority that has issued nothing, or was imported, may have no ledger: that is an empty one. */
export async function readLedger(directory: string): Promise<Ledger> {
  const text = await readFile(ledgerFile(directory), 'utf8').catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
    throw cause;
  });
  const entries: LedgerEntry[] = [];
  const damaged: number[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const entry = parsedEntry(line);
    if (entry === undefined) damaged.push(index + 1);
    else entries.push(entry);
  }
  return { entries, damaged };
}

function parsedEntry(line: string): LedgerEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is LedgerEntry {
  return typeof value === 'object' && value !== null && 'serial' in value && typeof value.serial === 'string';
}
