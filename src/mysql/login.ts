import type { Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.js';
import { raced } from '../base/deadline.js';
import { adviceOf } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import type { Handshake } from '../domain/certificate.js';
import type { Failure } from '../domain/snapshot.js';
import { authPlugins } from './auth/plugins.js';
import { type Driver, createDriver } from './driver.js';
import { failureOf, isTimeout } from './failure.js';
import type { Greeting } from './greeting.js';
import { LoginError, type Phase } from './login-error.js';
import { refusalOf } from './refusal.js';
import { connected, firstPacket, openSocket } from './socket.js';
import { type Target, whereabouts } from './target.js';
import { contextFailureOf } from './tls-failure.js';
import { beginTls, metOn, secureContextOf } from './tls.js';

/** What a login that succeeded leaves behind. Whoever takes it owns the driver and its socket. */
export interface LoggedIn {
  readonly driver: Driver;
  readonly handshake: Handshake;
  readonly threadId: number;
  /** Destroys the connection at once. */
  readonly release: () => void;
}

/** The user of a login that is not meant to succeed. */
export const nobody = 'lockstep-unverified';

/**
 * Logs in once. User and password leave this process only after the server's certificate was verified, or when the
 * target is configured without TLS. Otherwise the login goes on as a user that does not exist: to hang up instead would
 * count against our address on MariaDB, and after max_connect_errors of it the server would block verified logins too.
 *
 * @throws LoginError, or the signal's reason when that is anything but a deadline that passed
 */
export async function logIn(
  target: Target,
  signal: AbortSignal,
  clock: Clock,
  { sendsRows = false }: { /** See {@link createDriver}. */ readonly sendsRows?: boolean } = {},
): Promise<LoggedIn> {
  const login = new Login(target, signal, clock, sendsRows);
  try {
    return await raced(login.run(), signal);
  } catch (error) {
    login.release();
    if (error instanceof LoginError || (error === signal.reason && !isTimeout(error))) throw error;
    throw login.failed(error);
  }
}

class Login {
  readonly #sockets: (Socket | TLSSocket)[] = [];
  readonly #began: number;
  #phase: Phase = 'connecting';
  #answered = false;
  #handshake: Handshake | undefined;
  /** Why the login goes on as nobody, and fails whatever the server says. */
  #verdict: Failure | undefined;
  #password: Secret | undefined;

  constructor(
    readonly target: Target,
    readonly signal: AbortSignal,
    readonly clock: Clock,
    readonly sendsRows: boolean,
  ) {
    this.#began = clock.monotonic();
  }

  async run(): Promise<LoggedIn> {
    const context = this.#context();
    await this.#readPassword();
    // The wait for the password cannot be interrupted, and nobody would own a socket that is opened after the end.
    this.signal.throwIfAborted();
    const socket = openSocket(this.target.address);
    this.#sockets.push(socket);
    await connected(socket);
    this.#phase = 'greeting';
    const greeting = await this.#greeting(socket);
    const handshake = this.#meet(greeting);
    const driver = await this.#authenticate(socket, greeting.tlsOffered ? context : undefined);
    if (this.#verdict !== undefined) {
      // An anonymous account, or an impostor that lets everybody in. Leave as a client should.
      driver.end();
      throw new LoginError(this.#verdict, this.#handshake);
    }
    return {
      driver,
      handshake: this.#handshake ?? handshake,
      threadId: greeting.threadId,
      release: () => this.release(),
    };
  }

  failed(error: unknown): LoginError {
    const elapsed = this.clock.monotonic() - this.#began;
    const verdict = this.#phase === 'authenticating' ? this.#verdict : undefined;
    const circumstances = { target: this.target, phase: this.#phase, elapsed, answered: this.#answered };
    return new LoginError(verdict ?? failureOf(error, circumstances), this.#handshake, { cause: error });
  }

  release(): void {
    for (const socket of this.#sockets.toReversed()) socket.destroy();
  }

  #context(): SecureContext | undefined {
    const { target } = this;
    if (target.tls === undefined) return undefined;
    try {
      return secureContextOf(target.tls);
    } catch (cause) {
      throw new LoginError(contextFailureOf(cause, target), undefined, { cause });
    }
  }

  /** Without its secret the login goes on as nobody: what the server shows of itself is wanted all the same. */
  async #readPassword(): Promise<void> {
    try {
      this.#password = await this.target.password();
    } catch (error) {
      const message = `The password of "${this.target.user}" for ${whereabouts(this.target.address)} cannot be read: ${adviceOf(error)}`;
      this.#verdict = { reason: 'secret-unreadable', message };
    }
  }

  async #greeting(socket: Socket): Promise<Greeting> {
    const packet = await firstPacket(socket);
    if (packet.kind === 'greeting') return packet.greeting;
    if (packet.kind === 'refusal') throw new LoginError(refusalOf(packet.errno, packet.text, this.target), undefined);
    const where = whereabouts(this.target.address);
    const message = `${where} is not a MySQL or MariaDB server but ${packet.looks}: check the port.`;
    throw new LoginError({ reason: 'not-mysql', message }, undefined);
  }

  #meet({ version, tlsOffered }: Greeting): Handshake {
    if (this.target.tls !== undefined && !tlsOffered) {
      const message = `${whereabouts(this.target.address)} offers no TLS, so the password was not sent: turn TLS on there (ssl_cert, ssl_key), or look for who is in between.`;
      this.#verdict = { reason: 'tls-not-offered', message };
    }
    return (this.#handshake = {
      at: this.clock.now(),
      greeting: version,
      tlsOffered,
      protocol: undefined,
      cipher: undefined,
      chain: [],
      verification: undefined,
    });
  }

  #authenticate(socket: Socket, context: SecureContext | undefined): Promise<Driver> {
    const { target } = this;
    const driver = createDriver({
      socket,
      tls: context !== undefined,
      user: nobody,
      database: target.database,
      sendsRows: this.sendsRows,
      authPlugins: authPlugins(() => ({ nobody: this.#verdict !== undefined, password: driver.config.password ?? '' })),
    });
    return new Promise((resolve, reject) => {
      driver.on('error', reject).once('connect', () => {
        if (this.#phase === 'authenticating') resolve(driver);
        else reject(new Error('the server let us in before we asked'));
      });
      driver.startTLS = (onSecure) => {
        if (context === undefined) reject(new Error('the driver asks for TLS without being told to'));
        else this.#secure(driver, socket, context).then(() => onSecure(), reject);
      };
      if (context === undefined) this.#present(driver);
      // Paused since the greeting; mysql2 reads it again now.
      socket.resume();
    });
  }

  /** In place of mysql2's own: that one refuses a bad certificate before its dates are seen, and resumes sessions. */
  #secure(driver: Driver, socket: Socket, context: SecureContext): Promise<void> {
    this.#phase = 'tls';
    driver.stream.removeAllListeners('data');
    const secure = beginTls(socket, context, this.target);
    this.#sockets.push(secure);
    driver.stream = secure;
    secure.on('data', (bytes: Buffer) => {
      this.#answered = true;
      driver.packetParser.execute(bytes);
    });
    return new Promise((resolve, reject) => {
      secure.on('error', (error: Error) => {
        if (this.#phase === 'tls') reject(error);
        else driver._handleNetworkError(error);
      });
      secure.once('secureConnect', () => {
        this.#judge(secure);
        this.#present(driver);
        resolve();
      });
    });
  }

  #judge(secure: TLSSocket): void {
    const met = metOn(secure, this.target);
    if (this.#handshake !== undefined) this.#handshake = { ...this.#handshake, ...met };
    if (met.verification?.verified !== true)
      this.#verdict = { reason: 'tls-unverified', message: met.verification?.message ?? 'No verdict.' };
  }

  /** The one place that lets user and password out: mysql2 sends what its configuration says by now. */
  #present(driver: Driver): void {
    this.#phase = 'authenticating';
    if (this.#verdict !== undefined || this.#password === undefined) return;
    driver.config.user = this.target.user;
    driver.config.password = this.#password.reveal();
  }
}
