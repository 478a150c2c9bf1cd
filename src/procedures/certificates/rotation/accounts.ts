import { mostAccountsListed } from '../../../domain/account-match.js';
import type { Parameters, Scene } from '../../../domain/scene.js';
import type { Account, AccountFacts, ServerName } from '../../../domain/snapshot.js';
import type { Refusal } from '../../../engine/procedure.js';
import type { Sight } from './sight.js';

/** The word for accounts that cannot be named in a parameter, or not be listed. */
const others = 'others';
/** What can be named in one: `namesForm` of the engine's parameters. */
const nameable = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export const accountsParameter = {
  name: 'accounts',
  kind: 'names',
  required: false,
  help: `accounts that require a certificate, whose users present one of the new authority by now: user names, with commas between them; ${others}: those that cannot be written so, or not be listed`,
} as const;

/** Accounts that demand a certificate which is neither a server's nor Lockstep's own: nobody sees what is presented there. */
interface CertificateAccounts {
  readonly accounts: readonly Account[];
  /** Servers whose accounts cannot all be listed. */
  readonly unlisted: readonly ServerName[];
}

function certificateAccounts(scene: Scene): CertificateAccounts {
  const { snapshot, site } = scene;
  const { monitor, operate, replication } = site.accounts;
  const channels = snapshot.servers.flatMap(({ facts }) => (facts?.channels ?? []).map(({ source }) => source.user));
  const known = new Set([monitor, operate, replication?.user, ...channels]);
  const demanding = snapshot.servers.flatMap(({ facts }) =>
    (facts?.accounts?.listed ?? []).filter((one) => !known.has(one.user) && demands(one, facts?.accounts)),
  );
  return {
    accounts: [...new Map(demanding.map((one) => [words(one), one])).values()],
    unlisted: snapshot.servers.flatMap(({ name, facts }) => {
      // One that cannot be asked at all is refused for that.
      if (facts === undefined) return [];
      const { listed } = facts.accounts ?? {};
      return listed === undefined || listed.length >= mostAccountsListed ? [name] : [];
    }),
  };
}

/** What a person must have said of them before nobody trusts the old authority any more. */
export function accountsAcknowledged({ scene, rotation }: Sight, parameters: Parameters): readonly Refusal[] {
  const { accounts, unlisted } = certificateAccounts(scene);
  const given = (parameters['accounts'] ?? '').split(',').filter((name) => name !== '');
  const missing = accounts.filter((one) => !given.includes(wordFor(one)));
  const unseen = given.includes(others) ? [] : unlisted;
  if (missing.length === 0 && unseen.length === 0) return [];
  const wanted = new Set([...given, ...missing.map(wordFor), ...(unseen.length === 0 ? [] : [others])]);
  return [
    {
      reason: 'accounts-unacknowledged',
      why: [
        ...(missing.length === 0 ? [] : [`${missing.map(words).join(', ')} require a certificate, and nobody can see whether theirs come from ${rotation.to.name}`]), // prettier-ignore
        ...(unseen.length === 0 ? [] : [`the accounts of ${unseen.join(', ')} cannot all be listed, so nobody sees which of them require one`]), // prettier-ignore
      ].join('; '),
      remedy: `Give their users certificates of ${rotation.to.name}, then ask with accounts: ${[...wanted].join(',')}.`,
    },
  ];
}

/** `'shop'@'%' (X509), 'reports'@'10.%' (ISSUER or SUBJECT)`: for the plan of an earlier round. */
export function accountsRemark({ scene, rotation }: Sight): readonly string[] {
  const { accounts, unlisted } = certificateAccounts(scene);
  const from = rotation.from?.name ?? 'another';
  return [
    ...(accounts.length === 0
      ? []
      : [
          `Lockstep holds no certificate for ${accounts.map((one) => `${words(one)} (${one.requires === 'x509' ? 'REQUIRE X509' : 'REQUIRE ISSUER or SUBJECT'})`).join(', ')}: give their users others before ${from} is distrusted. distrust-authority asks for it.`,
        ]),
    ...(unlisted.length === 0 ? [] : [`Which accounts of ${unlisted.join(', ')} require a certificate cannot be seen: lockstep grants.`]), // prettier-ignore
  ];
}

/** X509, or what is bound to an issuer or a subject; a cipher alone is no certificate. */
function demands({ user, host, requires }: Account, facts: AccountFacts | undefined): boolean {
  if (requires === 'x509') return true;
  if (requires !== 'specified') return false;
  const { bound } = facts ?? {};
  return (
    bound === undefined ||
    bound.some(
      (one) => one.user === user && one.host === host && (one.subject !== undefined || one.issuer !== undefined),
    )
  );
}

function words({ user, host }: Account): string {
  return `'${user}'@'${host}'`;
}

function wordFor({ user }: Account): string {
  return nameable.test(user) ? user : others;
}
