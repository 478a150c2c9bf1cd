import type { SqlAction, Statement } from '../domain/action.js';
import type { ServerName } from '../domain/snapshot.js';

/** Statements on the session that carries changes, in one round trip. */
export function change(on: ServerName, ...statements: readonly Statement[]): SqlAction {
  return { kind: 'sql', on, session: 'control', statements };
}
