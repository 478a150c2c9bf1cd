import type { Address } from '../domain/snapshot.js';

const name = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}))*\.?$/;
const six = /^\[([0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9._-]{1,16})?)\](?::(\d{1,5}))?$/;

/**
 * Host and port of `db1.example:3306`, `192.0.2.1:3306` or `[2001:db8::1]:3306`; undefined when it is none.
 * @param defaultPort taken when the text names none
 */
export function parseAddress(text: string, defaultPort: number): Address | undefined {
  const bracketed = six.exec(text);
  if (bracketed) return withPort(bracketed[1] ?? '', bracketed[2], defaultPort);
  const [host = '', port, ...rest] = text.split(':');
  if (rest.length > 0 || !name.test(host)) return undefined;
  return withPort(host, port, defaultPort);
}

/** The address as one comparable text: two spellings of one address give the same. */
export function addressText({ host, port }: Address): string {
  const lower = host.toLowerCase().replace(/\.$/, '');
  return `${lower.includes(':') ? `[${lower}]` : lower}:${port}`;
}

function withPort(host: string, port: string | undefined, defaultPort: number): Address | undefined {
  if (port === undefined) return { host, port: defaultPort };
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return undefined;
  return { host, port: Number(port) };
}
