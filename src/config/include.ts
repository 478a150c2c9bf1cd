import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** The files that a pattern names, sorted; or why it names none. */
export type Included = { readonly files: readonly string[] } | { readonly message: string; readonly remedy: string };

/**
 * Finds the files of an `include`. `*` and `?` stand for characters of one file or folder name; hidden files are
 * matched only by a pattern that begins with a dot itself. A pattern may match nothing in a folder that exists; a
 * name without wildcards must exist, which reading it will tell.
 */
export async function included(folder: string, pattern: string): Promise<Included> {
  if (pattern.split('/').includes('**'))
    return { message: `"**" in ${JSON.stringify(pattern)} is not supported`, remedy: 'Name each folder with `*`' };
  const [first = '', ...rest] = pattern.split('/').filter((part, index) => index === 0 || part !== '');
  let found = [first === '' ? '/' : ''];
  for (const part of first === '' ? rest : [first, ...rest]) {
    if (!/[*?]/.test(part)) {
      found = found.map((each) => path.join(each, part));
      continue;
    }
    const next: string[] = [];
    for (const each of found) {
      let names: string[];
      try {
        names = await readdir(path.resolve(folder, each));
      } catch {
        // A folder that another wildcard matched may be a plain file; one that was named must be there.
        if (found.length > 1) continue;
        return { message: `there is no folder ${JSON.stringify(each)}`, remedy: 'Create it or correct the path' };
      }
      const form = expression(part);
      next.push(...names.filter((name) => form.test(name)).map((name) => path.join(each, name)));
    }
    found = next;
  }
  return { files: [...new Set(found)].sort() };
}

function expression(part: string): RegExp {
  const escaped = part
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${part.startsWith('.') ? '' : '(?!\\.)'}${escaped}$`, 'u');
}
