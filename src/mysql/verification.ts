import type { Certificate, Verification, VerificationReason } from '../domain/certificate.js';

/**
 * Says whether a server's certificate is accepted. The chain comes first, so that an expired certificate with a wrong
 * name is reported as expired.
 * @param chainError OpenSSL's name of what is wrong with the chain, such as `CERT_HAS_EXPIRED`; undefined when nothing is
 * @param nameError what `tls.checkServerIdentity` found; undefined when the name fits or was not asked for
 */
export function verificationOf(
  chain: readonly Certificate[],
  chainError: string | undefined,
  nameError: Error | undefined,
  where: string,
  expectedName: string,
): Verification {
  const [leaf] = chain;
  if (leaf === undefined)
    return { verified: false, reason: 'other', message: `${where} presented no certificate at all.` };
  if (chainError !== undefined) {
    const reason = chainReason(chainError);
    return { verified: false, reason, message: chainMessage(reason, chainError, chain, where) };
  }
  if (nameError !== undefined) {
    const names = leaf.names.length === 0 ? 'no name at all' : leaf.names.join(', ');
    return {
      verified: false,
      reason: 'wrong-name',
      message: `The certificate of ${where} is for ${names}, not for "${expectedName}": issue one that holds this name, or set the name to expect.`,
    };
  }
  return { verified: true, reason: 'ok', message: `The certificate of ${where} is valid.` };
}

/** Codes of OpenSSL's X509_verify_cert_error_string as Node spells them: nodejs.org/api/tls.html#x509-certificate-error-codes */
const reasons: Readonly<Record<string, VerificationReason>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown-authority',
  CERT_UNTRUSTED: 'unknown-authority',
  INVALID_CA: 'unknown-authority',
  CERT_SIGNATURE_FAILURE: 'unknown-authority',
  UNABLE_TO_GET_ISSUER_CERT: 'incomplete-chain',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'incomplete-chain',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'incomplete-chain',
  CERT_REVOKED: 'revoked',
  CA_MD_TOO_WEAK: 'weak',
  CA_KEY_TOO_SMALL: 'weak',
  EE_KEY_TOO_SMALL: 'weak',
};

function chainReason(code: string): VerificationReason {
  return reasons[code] ?? 'other';
}

function chainMessage(reason: VerificationReason, code: string, chain: readonly Certificate[], where: string): string {
  const [leaf] = chain;
  const issuer = leaf?.issuer ?? '';
  switch (reason) {
    case 'expired': {
      // Dates decide which certificate of the chain it is; the leaf by far most often.
      const first = chain.reduce((a, b) => (b.notAfter < a.notAfter ? b : a));
      return `The certificate "${first.subject}" of ${where} expired on ${day(first.notAfter)}: renew it, then reload TLS on the server.`;
    }
    case 'not-yet-valid': {
      const last = chain.reduce((a, b) => (b.notBefore > a.notBefore ? b : a));
      return `The certificate "${last.subject}" of ${where} is valid only from ${day(last.notBefore)}: check the clocks, or wait.`;
    }
    case 'self-signed':
      return `The certificate of ${where} is signed by itself: give the server one of your authority, or trust this one as the CA.`;
    case 'unknown-authority':
      return `The certificate of ${where} comes from "${issuer}", which the configured CA does not vouch for: check the CA file, and who answers there.`;
    case 'incomplete-chain':
      return `The certificate of ${where} comes from "${issuer}", which neither the server sent nor the CA file holds: have the server send its intermediates, or check the CA file.`;
    case 'revoked':
      return `The certificate of ${where} is revoked: give the server a new one.`;
    case 'weak':
      return `A key or signature in the certificate of ${where} is too weak to be accepted (${code}): issue a new one.`;
    case 'ok':
    case 'wrong-name':
    case 'other':
      return `The certificate of ${where} does not verify (${code}): check it with openssl verify.`;
  }
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC');
}
