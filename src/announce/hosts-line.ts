import { LockstepError } from '../base/errors.js';

/**
 * The lines of a hosts file (hosts(5)) that carry these names: an address, then names, then perhaps a comment. Content
 * comes and goes one character for each byte.
 */
interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly address: string;
  readonly names: readonly string[];
  /** Where the address stands in the content. */
  readonly start: number;
}

/** The address of these names; of several, if they differ, all of them. @throws as {@link withAddress} */
export function addressesIn(content: string, names: readonly string[]): readonly string[] {
  return [...new Set(linesOf(content, names).map(({ address }) => address))];
}

/**
 * The content with this address for these names, and all else as it was.
 * @throws LockstepError `entry-missing`, `entry-ambiguous` (a name stands twice), `entry-shared` (its line carries other
 * names too)
 */
export function withAddress(content: string, names: readonly string[], address: string): string {
  // From the last one on, so that places before it stay.
  return linesOf(content, names).reduceRight(
    (text, line) => text.slice(0, line.start) + address + text.slice(line.start + line.address.length),
    content,
  );
}

function linesOf(content: string, names: readonly string[]): readonly Line[] {
  const all = entries(content);
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  for (const name of wanted) {
    const carrying = all.filter((line) => line.names.includes(name));
    if (carrying.length === 0) throw new LockstepError('entry-missing', `no line names "${name}"`, `Add one: the primary's address, then ${name}.`); // prettier-ignore
    if (carrying.length > 1 || carrying[0]?.names.filter((one) => one === name).length !== 1)
      throw new LockstepError(
        'entry-ambiguous',
        `"${name}" stands on the lines ${carrying.map(({ number }) => number).join(', ')}, and one alone can be changed`,
        'Keep one.',
      );
  }
  const found = all.filter((line) => line.names.some((name) => wanted.has(name)));
  for (const { number, names: carried } of found) {
    const foreign = carried.find((name) => !wanted.has(name));
    if (foreign === undefined) continue;
    throw new LockstepError(
      'entry-shared',
      `line ${number} names "${foreign}" too, which would move with the primary`,
      `Give "${foreign}" a line of its own, or list it among the names.`,
    );
  }
  return found;
}

function entries(content: string): readonly Line[] {
  let offset = 0;
  return content.split('\n').flatMap((text, index) => {
    const start = offset;
    offset += text.length + 1;
    const words = (text.split('#')[0] ?? '').split(/[ \t\r]+/);
    const [address, ...names] = words.filter((word) => word !== '');
    if (address === undefined) return [];
    return [{ number: index + 1, address, names: names.map((name) => name.toLowerCase()), start: start + text.indexOf(address) }]; // prettier-ignore
  });
}
