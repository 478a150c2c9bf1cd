import { DeadlineError } from '../base/deadline.js';
import { messageOf } from '../base/errors.js';
import type { Failure } from '../domain/snapshot.js';
import { UnsupportedPlugin } from './auth/plugins.js';
import { plainText } from './greeting.js';
import type { Phase } from './login-error.js';
import { refusalOf } from './refusal.js';
import { ConnectionClosed } from './socket.js';
import { type Target, whereabouts } from './target.js';
import { clientCertificateRefused, tlsFailureOf } from './tls-failure.js';

/** What is known of a login that failed, besides the error. */
export interface Circumstances {
  readonly target: Target;
  readonly phase: Phase;
  /** How long the login had lasted, milliseconds. */
  readonly elapsed: number;
  /** Whether the server said anything after its greeting. */
  readonly answered: boolean;
}

/** Puts whatever ended a login into the closed set of reasons, with a sentence that says what to do next. */
export function failureOf(error: unknown, circumstances: Circumstances): Failure {
  const { target, phase } = circumstances;
  const where = whereabouts(target.address);
  if (isTimeout(error)) return { reason: 'timeout', message: timeoutMessage(circumstances, where) };
  if (error instanceof UnsupportedPlugin) {
    return {
      reason: 'auth-plugin-unsupported',
      message: `${where} wants the account "${target.user}" to log in with the plugin "${error.plugin}", which Lockstep lacks: give the account one of caching_sha2_password, mysql_native_password, ed25519, parsec or sha256_password.`,
    };
  }
  const errno = fieldOf(error, 'errno');
  const sqlState = fieldOf(error, 'sqlState');
  // Node's errors have an errno as well, below zero; a server's comes with an SQL state.
  if (typeof errno === 'number' && errno > 0 && sqlState !== undefined)
    return refusalOf(errno, plainText(messageOf(error)), target);
  const code = fieldOf(error, 'code');
  const text = typeof code === 'string' ? code : '';
  return (
    networkFailureOf(text, target) ??
    tlsFailureOf(text, error, circumstances) ??
    lossOf(error, text, circumstances) ?? {
      reason: 'other',
      message: `The login at ${where} failed while ${doing[phase]}: ${plainText(messageOf(error))}.`,
    }
  );
}

/** Whether this is a deadline that passed, ours or a plain `AbortSignal.timeout`. */
export function isTimeout(error: unknown): boolean {
  return error instanceof DeadlineError || (error instanceof Error && error.name === 'TimeoutError');
}

export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

const doing: Readonly<Record<Phase, string>> = {
  connecting: 'connecting',
  greeting: 'waiting for the greeting',
  tls: 'negotiating TLS',
  authenticating: 'authenticating',
};

const timeoutHints: Readonly<Record<Phase, string>> = {
  connecting: 'check that the machine is up and that no firewall drops the packets',
  greeting:
    'the port took the connection and said nothing; check that it is a MySQL port and that the server is not frozen',
  tls: 'the server offered TLS and then fell silent; check the network, or whether the server is frozen',
  authenticating: 'the server took the credentials and fell silent; check whether it is frozen',
};

function timeoutMessage({ phase, elapsed }: Circumstances, where: string): string {
  return `${where} did not let us in within ${(elapsed / 1000).toFixed(1)} s; the time ran out while ${doing[phase]}: ${timeoutHints[phase]}.`;
}

/** Codes of the resolver and of connect(2). */
function networkFailureOf(code: string, { address }: Target): Failure | undefined {
  const where = whereabouts(address);
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) {
    const temporary = code === 'EAI_AGAIN';
    return {
      reason: 'unknown-host',
      message: temporary
        ? `The name "${address.host}" could not be resolved, for no name server answered: check the resolver of this machine.`
        : `The name "${address.host}" does not resolve: check the address in the configuration, or the name service.`,
    };
  }
  switch (code) {
    case 'ECONNREFUSED':
      return { reason: 'refused', message: `Nothing listens at ${where}: check the port, and that the server runs.` };
    case 'ENOENT':
      return {
        reason: 'refused',
        message: `There is no socket at ${where}: check the path, and that the server runs.`,
      };
    case 'EACCES':
    case 'EPERM':
      return {
        reason: 'unreachable',
        message: `This machine does not allow a connection to ${where} (${code}): check permissions and local firewall rules.`,
      };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
    case 'EADDRNOTAVAIL':
      return { reason: 'unreachable', message: `There is no way to ${where} (${code}): check routes and firewalls.` };
    case 'ETIMEDOUT':
      return {
        reason: 'timeout',
        message: `${where} did not answer, and the system gave up: ${timeoutHints.connecting}.`,
      };
    default:
      return undefined;
  }
}

const lossCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'PROTOCOL_CONNECTION_LOST']);

/** The server hung up. What that means depends on when. */
function lossOf(error: unknown, code: string, circumstances: Circumstances): Failure | undefined {
  if (!(error instanceof ConnectionClosed) && !lossCodes.has(code)) return undefined;
  const { target, phase, answered } = circumstances;
  const where = whereabouts(target.address);
  // With TLS 1.3 the server looks at our certificate after the handshake has ended for us; its alert may be lost with the connection.
  if (phase === 'authenticating' && target.tls?.cert !== undefined && !answered)
    return clientCertificateRefused(
      target,
      'hung up right after the TLS handshake, which is how a server refuses a client certificate',
    );
  const meaning: Readonly<Record<Phase, string>> = {
    connecting: 'closed the connection at once: check the server, and any proxy in front of it',
    greeting:
      'closed the connection without a greeting: check that it is a MySQL port, and any proxy or TCP wrapper in front of it',
    tls: 'closed the connection in the middle of the TLS handshake: look into its error log',
    authenticating: 'closed the connection in the middle of the login: look into its error log',
  };
  return { reason: 'connection-lost', message: `${where} ${meaning[phase]}.` };
}
