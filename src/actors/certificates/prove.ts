import { LockstepError } from '../../base/errors.js';
import type { ProveAction } from '../../domain/certificate-action.js';
import type { ServerName } from '../../domain/snapshot.js';
import type { Notes } from '../../engine/procedure.js';
import { LoginError, openSession, type Target } from '../../mysql/session.js';
import type { Authority } from '../../pki/authority.js';
import { issue, type IssueRequest } from '../../pki/issue.js';
import { acceptsServer, type Pair } from './handshake.js';
import type { TrustReader } from './rehearse.js';

/** How long a certificate holds that is made to be shown once, seconds. */
const lifetimeSeconds = 3600;
/** Of both certificates; the other name is none that resolves (RFC 6761). */
const shown = { commonName: 'lockstep-proof', lifetimeSeconds, keyType: 'p256' } as const;
const name = 'lockstep-proof.invalid';

/**
 * Shows certificates of an authority to servers and to whoever else trusts, and sees whether they are accepted.
 * @throws LockstepError `proof-failed` naming the first that did otherwise; LoginError for a server that cannot be asked
 */
export async function proveAuthority(
  { authority: of, accepted, servers, trusters, noteAs }: ProveAction,
  authority: Authority,
  target: (server: ServerName) => Promise<Target>,
  trust: TrustReader,
  signal: AbortSignal,
): Promise<Notes> {
  const settle = (who: string, is: boolean) => {
    if (is === accepted) return;
    throw new LockstepError(
      'proof-failed',
      `${who} ${is ? 'still accepts' : 'refuses'} a certificate of the authority ${of}`,
      'Look at the authorities in its file, and whether it has read them: lockstep pki inspect.',
    );
  };
  if (servers.length > 0) {
    const client = await made(authority, { ...shown, use: 'client', names: [] });
    for (const server of servers) settle(server, await admits(await target(server), client, signal));
  }
  if (trusters.length > 0) {
    const pair = await made(authority, { ...shown, use: 'server', names: [name] });
    for (const { name: who, file } of trusters) {
      const pem = await trust(file, signal);
      settle(who, await acceptsServer(pair, name, pem, signal).then(() => true, refusesIssuer));
    }
  }
  return { [noteAs]: String(servers.length + trusters.length) };
}

/** Whether a server takes a client's certificate: what it says of the account afterwards is not the question. */
async function admits(target: Target, { cert, key }: Pair, signal: AbortSignal): Promise<boolean> {
  if (target.tls === undefined) throw new LockstepError('tls-off', 'Lockstep connects to its servers without TLS');
  try {
    const session = await openSession({ ...target, tls: { ...target.tls, cert, key } }, { signal });
    await session.end();
    return true;
  } catch (cause) {
    if (!(cause instanceof LoginError)) throw cause;
    if (cause.failure.reason === 'access-denied') return true;
    const met = cause.handshake?.verification?.verified === true;
    if (cause.failure.reason === 'tls-failed' && met) return false;
    throw cause;
  }
}

/** Anything else than that the issuer is not trusted proves nothing. */
function refusesIssuer(cause: unknown): false {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (unknownIssuer.test(code)) return false;
  throw cause;
}

/** nodejs.org/api/tls.html#x509-certificate-error-codes */
const unknownIssuer =
  /^(?:UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|CERT_SIGNATURE_FAILURE)$/;

async function made(authority: Authority, request: IssueRequest): Promise<Pair> {
  const { chainPem, keyPem } = await issue(authority, request);
  return { cert: chainPem, key: keyPem };
}
