import { localHosts } from '../../domain/account-match.js';
import type { Scene } from '../../domain/scene.js';
import type { Account, ServerFacts, ServerName, ServerSnapshot } from '../../domain/snapshot.js';
import { viewOf } from '../view.js';

/** What is to refuse plaintext. */
export interface Aim {
  readonly primary: SeenServer | undefined;
  /** Accounts of the primary: what is changed there reaches the replicas. */
  readonly accounts: readonly Account[];
  /** Accounts without a requirement that stay as they are, with why. */
  readonly kept: readonly Kept[];
  /** Servers that are to refuse plaintext themselves, replicas before the primary. */
  readonly servers: readonly SeenServer[];
}

export interface Kept {
  readonly account: Account;
  readonly server: ServerName;
  readonly why: string;
}

/** A server that could be asked. */
export type SeenServer = ServerSnapshot & { readonly facts: ServerFacts };

export function aimOf(scene: Scene): Aim {
  const { topology } = viewOf(scene);
  const seen = scene.snapshot.servers.filter(isSeen);
  const primary = seen.find(({ name }) => name === topology.primary);
  const others = seen.filter((server) => server !== primary);
  const open = primary === undefined ? [] : withoutTls(primary);
  const stricter = (account: Account) => others.find((server) => isStricter(accountOn(server, account)));
  const kept = open.flatMap((account): Kept[] => {
    const server = stricter(account);
    if (server === undefined || primary === undefined) return [];
    const why = `${server.name} demands a certificate of it, and replication would take that away`;
    return [{ account, server: primary.name, why }];
  });
  const elsewhere = others.flatMap((server) =>
    withoutTls(server)
      .filter((account) => !open.some((one) => isSame(one, account)))
      .map((account): Kept => ({
        account,
        server: server.name,
        why: `it is another one on ${primary?.name ?? 'the primary'}`,
      })),
  );
  return {
    primary,
    accounts: open.filter((account) => stricter(account) === undefined),
    kept: [...kept, ...elsewhere],
    servers: [...others, ...(primary === undefined ? [] : [primary])].filter(
      ({ facts }) => facts.tls?.required === false,
    ),
  };
}

export function accountOn({ facts }: SeenServer, account: Account): Account | undefined {
  return facts.accounts?.listed?.find((one) => isSame(one, account));
}

export function accountText({ user, host }: Account): string {
  return `'${user}'@'${host}'`;
}

function withoutTls({ facts }: SeenServer): readonly Account[] {
  return (facts.accounts?.listed ?? []).filter(
    ({ requires, host }) => requires === 'nothing' && !localHosts.includes(host),
  );
}

function isStricter(account: Account | undefined): boolean {
  return account?.requires === 'x509' || account?.requires === 'specified';
}

function isSame(one: Account, other: Account): boolean {
  return one.user === other.user && one.host === other.host;
}

function isSeen(server: ServerSnapshot): server is SeenServer {
  return server.facts !== undefined;
}
