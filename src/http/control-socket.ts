import path from 'node:path';

/** Where commands find the instance that holds this journal. */
export function controlSocket(journalDirectory: string): string {
  return path.join(journalDirectory, 'control.sock');
}
