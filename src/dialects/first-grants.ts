import type { Column } from './capabilities.js';
import { grantsFor } from './grants.js';
import { operateGrants } from './operate-grants.js';

const name = '(?:\\*|`(?:[^`]|``)*`|\\w+)';
/** What a GRANT is on, by its two parts; names of columns, in quotes, may hold any word. */
const target = new RegExp(`^GRANT (?:[^\`]|\`(?:[^\`]|\`\`)*\`)*? ON (${name})\\.(${name}) TO `);

/**
 * Whether a statement of SHOW GRANTS can be run on a server that has no schema of applications and no roles yet: on all,
 * on a whole schema, which need not be there, and on those tables that Lockstep's own accounts read on every server.
 */
export function standsAlone(column: Column): (grant: string) => boolean {
  const account = { user: '', host: '' };
  const own = [...grantsFor(column, account, { performanceSchema: true }), ...operateGrants(column, account)];
  const tables = new Set(own.map(objectOf));
  return (grant) => {
    const object = objectOf(grant);
    return object !== undefined && (object.endsWith('.*') || tables.has(object));
  };
}

/** Both parts in quotes, but for the star; undefined: a role, a routine, somebody to speak for, or no GRANT at all. */
function objectOf(grant: string): string | undefined {
  const [, ...parts] = target.exec(grant) ?? [];
  if (parts.length === 0) return undefined;
  return parts.map((part) => (/^[*`]/.test(part) ? part : `\`${part}\``)).join('.');
}
