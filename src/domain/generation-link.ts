/** What the link says that Lockstep puts in the place of a file of certificates. @param below the directory of the generations; '': the file's own */
export function generationLink(below: string, file: string): string {
  return `${below === '' ? '' : `${below}/`}current/${file}`;
}

/**
 * Whether somebody else's link stands in the place of a file: it would stay, and with it what it leads to, while files
 * beside it change. @param target what the link says; undefined: it is none
 */
export function isForeignLink(target: string | undefined, below: string, file: string): target is string {
  return target !== undefined && target !== generationLink(below, file);
}
