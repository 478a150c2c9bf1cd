import type { Secret } from './secret.js';

/** Shorter ones would take innocent words with them. */
const shortest = 4;

/** Takes secrets out of texts by their value: whatever road they took into one. */
export class Redactor {
  readonly #forms = new Set<string>();

  /** @returns the secret, so that learning reads as part of reading it */
  learn(secret: Secret): Secret {
    const value = secret.reveal();
    if (value.length < shortest) return secret;
    const inJson = JSON.stringify(value).slice(1, -1);
    const inSql = value.replaceAll('\\', '\\\\').replaceAll("'", "''");
    const inJsonOfSql = JSON.stringify(inSql).slice(1, -1);
    for (const form of [value, inJson, inSql, inJsonOfSql]) this.#forms.add(form);
    return secret;
  }

  redact(text: string): string {
    let clean = text;
    for (const form of this.#forms) if (clean.includes(form)) clean = clean.replaceAll(form, '[secret]');
    return clean;
  }
}
