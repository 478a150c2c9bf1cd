/** Why an alert was not taken: a closed set. */
export const rejections = [
  // Its form.
  'alert-malformed',
  'alertname-malformed',
  'labels-malformed',
  'labels-too-many',
  'label-too-long',
  'annotations-malformed',
  'too-many-alerts',
  // What it names.
  'parameter-missing',
  'parameter-invalid',
  'unknown-cluster',
  'unknown-server',
  'unknown-channel',
  // The engine, which looks at the parameters again.
  'parameters-refused',
] as const;
export type Rejection = (typeof rejections)[number];

/** Text from outside as a message or a log may quote it: bounded, on one line, nothing in it that a terminal obeys. */
export function quoted(given: string): string {
  const shown = given.length > 80 ? `${given.slice(0, 80)}…` : given;
  return JSON.stringify(shown).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
