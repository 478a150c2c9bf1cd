import { loadSettings, loadSettingsListing } from '../../../dialects/fresh-server.js';
import type { Session } from '../../../mysql/session.js';

/** Settings by their names. */
export type Settings = Readonly<Record<string, string>>;

/** The settings of the target that filling it changes, as they are now. */
export async function settingsOf(session: Session, signal: AbortSignal): Promise<Settings> {
  const [rows = []] = await session.query(loadSettingsListing, { signal });
  return Object.fromEntries(rows.map((row) => [row['Variable_name'] ?? '', row['Value'] ?? '']));
}

/** What lets it be filled. @param are as they are now */
export function opening(are: Settings): readonly string[] {
  return changed(are).map((name) => `SET GLOBAL ${name} = ${loadSettings[name] ?? ''}`);
}

/**
 * What gives it back what it had. `last`: nothing can be dropped after that.
 * @param were as they were before anything was changed
 */
export function closing(were: Settings): { readonly first: readonly string[]; readonly last: readonly string[] } {
  const back = (names: readonly string[]) => names.map((name) => `SET GLOBAL ${name} = ${were[name] ?? ''}`);
  const shuts = (name: string) => name === 'super_read_only';
  const names = changed(were);
  return { first: back(names.filter((name) => !shuts(name))), last: back(names.filter(shuts)) };
}

function changed(settings: Settings): readonly string[] {
  return Object.keys(loadSettings).filter((name) => settings[name] !== undefined && settings[name] !== loadSettings[name]); // prettier-ignore
}
