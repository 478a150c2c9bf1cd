import type { BoundAccount } from '../../domain/bound-account.js';
import type { Certificate } from '../../domain/certificate.js';
import { slashed } from '../../domain/rotation.js';
import type { Scene } from '../../domain/scene.js';
import type { ServerSnapshot } from '../../domain/snapshot.js';
import type { Refusal } from '../../engine/procedure.js';
import { authorityOf, sourceOf, type Exchange, type NewLeaf } from './exchange.js';

/**
 * REQUIRE SUBJECT and REQUIRE ISSUER of the accounts that a server's channels log in on, where what is presented now fits
 * and what is to be presented would not. Where nobody may read what an account is bound to, only the same again is safe.
 */
export function boundRefusals(exchange: Exchange, scene: Scene): readonly Refusal[] {
  return exchange.leaves.flatMap((one) => {
    const { certificate } = one.present;
    const authority = authorityOf(scene, one.leaf.authority);
    if (certificate === undefined || authority === undefined) return [];
    const next = { subject: `CN=${one.leaf.commonName}`, issuer: authority.subject };
    return loginsOf(exchange, one, scene).flatMap(({ server, user }) => {
      const account = broken(server, user, certificate, next);
      if (account === undefined) return [];
      return [
        {
          reason: 'account-pinned',
          why: `'${account.user}'@'${account.host}' on ${server?.name ?? ''} is bound to a certain subject, issuer or cipher, and the new certificate has ${certificate.subject === next.subject ? 'another issuer' : 'another subject'}`,
          remedy: `Let it require X509 alone meanwhile: ALTER USER … REQUIRE X509.`,
        },
      ];
    });
  });
}

/** Accounts anywhere that only certificates of this issuer may log in on. */
export function accountsBoundTo({ snapshot }: Scene, { subject }: Certificate): readonly string[] {
  const issuer = slashed(subject);
  const all = snapshot.servers.flatMap(({ facts }) =>
    (facts?.accounts?.bound ?? [])
      .filter((one) => one.issuer === issuer)
      .map(({ user, host }) => `'${user}'@'${host}'`),
  );
  return [...new Set(all)];
}

/** Where, and as whom, a certificate is presented; what lies ready will be presented to a server that has the same accounts. */
function loginsOf({ holder }: Exchange, { present }: NewLeaf, scene: Scene) {
  const { replication } = scene.site.accounts;
  if (present.use === 'client' && present.channels.length === 0 && replication !== undefined)
    return [{ server: holder.server, user: replication.user }];
  return present.channels.map(({ name, source }) => ({ server: sourceOf(holder, name, scene), user: source.user }));
}

type Named = Pick<Certificate, 'subject' | 'issuer'>;

function broken(
  server: ServerSnapshot | undefined,
  user: string,
  now: Named,
  next: Named,
): Pick<BoundAccount, 'user' | 'host'> | undefined {
  const { bound, listed } = server?.facts?.accounts ?? {};
  if (bound !== undefined) return bound.find((one) => one.user === user && fits(one, now) && !fits(one, next));
  if (now.subject === next.subject && now.issuer === next.issuer) return undefined;
  return listed?.find((one) => one.user === user && one.requires === 'specified');
}

/** Whether a certificate satisfies what an account is bound to. */
export function fits({ subject, issuer }: BoundAccount, certificate: Named): boolean {
  return (
    (subject === undefined || subject === slashed(certificate.subject)) &&
    (issuer === undefined || issuer === slashed(certificate.issuer))
  );
}
