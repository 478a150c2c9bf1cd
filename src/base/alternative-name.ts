import { isIP } from 'node:net';

// The last label is never all digits: 10.0.0.300 is a mistyped address, not a name.
const dnsPattern =
  /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?!\d+$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** What a subject alternative name of a certificate is (RFC 5280); undefined for anything that no client would ever match. */
export function alternativeNameKind(name: string): 'dns' | 'address' | undefined {
  if (isIP(name) !== 0 && !name.includes('%')) return 'address';
  return name.length <= 253 && dnsPattern.test(name) ? 'dns' : undefined;
}
