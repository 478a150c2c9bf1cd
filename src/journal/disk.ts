import { open, type FileHandle } from 'node:fs/promises';
import { blank } from './rest.js';

/** What entries are written through; tests hand in one that counts or fails. */
export type OpenFile = (file: string, flags: number) => Promise<OpenedFile>;

export type OpenedFile = Pick<FileHandle, 'read' | 'write' | 'datasync' | 'truncate' | 'stat' | 'close'>;

/** A new file is for its owner alone. */
export const openFile: OpenFile = (file, flags) => open(file, flags, 0o600);

/** All of it, however little a single call takes. When it fails, some of it may stand there. */
export async function writeAll(file: OpenedFile, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}

/** Spaces from one position to another. */
export async function writeSpaces(file: OpenedFile, from: number, to: number): Promise<void> {
  if (to <= from) return;
  const spaces = Buffer.alloc(Math.min(to - from, 256 * 1024), blank);
  for (let at = from; at < to; at += spaces.length) {
    await writeAll(file, spaces.subarray(0, Math.min(spaces.length, to - at)), at);
  }
}

/**
 * Leaves `length` bytes of entries and spaces from there to `size`, and makes sure that the last `span` bytes of the
 * entries are on the disk.
 *
 * They are written anew before the sync: after a sync that failed, the kernel takes pages for written that are not,
 * and the next sync succeeds without having done anything for them.
 */
export async function settle(file: OpenedFile, length: number, size: number, span: number): Promise<void> {
  await file.truncate(size);
  const start = Math.max(0, length - span);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length - start), 0, length - start, start);
  await writeAll(file, buffer.subarray(0, bytesRead), start);
  await writeSpaces(file, length, size);
  await file.datasync();
}
