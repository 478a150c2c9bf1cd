/** What a certificate says, as plain data. Times are seconds since the Unix epoch. */
export interface Certificate {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  /** SHA-256 of the DER form, lower-case hex without colons. */
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly keyAlgorithm: 'rsa' | 'ec' | 'ed25519' | 'other';
  /** Size of the key (RSA modulus, EC field), undefined where the algorithm fixes it. */
  readonly keyBits: number | undefined;
  /** Subject alternative names without their type prefix: DNS names and addresses. */
  readonly names: readonly string[];
  readonly isAuthority: boolean;
}

export type CertificateRole = 'server' | 'ca' | 'client';
/** `handshake`: presented on the wire; `status`: the server's own status variables; `file`: read from disk. */
export type CertificateOrigin = 'handshake' | 'status' | 'file';

/** One certificate that was seen somewhere. `status` gives dates only, hence the optional certificate. */
export interface SeenCertificate {
  readonly role: CertificateRole;
  readonly origin: CertificateOrigin;
  /** The channel whose client certificate or CA this is; undefined for the server's own. */
  readonly channel: string | undefined;
  /** It is in a file that lies ready for the day when the server is a replica: it replicates from nobody now. Left out: no. */
  readonly ready?: true;
  readonly notBefore: number | undefined;
  readonly notAfter: number;
  readonly certificate: Certificate | undefined;
}

/** Why a certificate was not accepted: a closed set, used as a metric label. */
export const verificationReasons = [
  'ok',
  'expired',
  'not-yet-valid',
  'wrong-name',
  'unknown-authority',
  'self-signed',
  'incomplete-chain',
  'revoked',
  'weak',
  'other',
] as const;
export type VerificationReason = (typeof verificationReasons)[number];

export interface Verification {
  readonly verified: boolean;
  readonly reason: VerificationReason;
  /** One plain sentence. */
  readonly message: string;
}

/** What one login met on the wire before any password was sent. */
export interface Handshake {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** The version text of the greeting. */
  readonly greeting: string;
  readonly tlsOffered: boolean;
  /** Negotiated protocol and cipher suite, undefined when TLS was not established. */
  readonly protocol: string | undefined;
  readonly cipher: string | undefined;
  /** Leaf first, as presented, completed by the trusted authority that signed it; empty when TLS was not established. */
  readonly chain: readonly Certificate[];
  /** undefined when TLS was not established. */
  readonly verification: Verification | undefined;
}
