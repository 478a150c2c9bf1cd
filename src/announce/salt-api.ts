import { LockstepError, messageOf } from '../base/errors.js';
import { exchange, type TlsMaterial } from '../base/exchange.js';
import type { Secret } from '../base/secret.js';

export interface SaltApiSettings {
  readonly kind: 'salt-api';
  readonly url: string;
  readonly user: string;
  readonly password: () => Promise<Secret>;
  /** How salt-api asks who it is: `pam`, `file`, `sharedsecret`, … */
  readonly eauth: string;
  /** Which minions, and how that is written (`glob`, `list`, `compound`, …). */
  readonly target: string;
  readonly targetType: string;
  /** The function of Salt's execution modules that brings the pillar to the minions, and its words. */
  readonly run: string;
  readonly arguments: readonly string[];
  /** So many minions must answer at least. */
  readonly atLeast: number;
  readonly tls: () => Promise<TlsMaterial>;
}

/** More than the answer of any number of minions that one function is run on, bytes. */
const largest = 16 * 1024 * 1024;

/** salt-api (rest_cherrypy or rest_tornado), as one user. It is asked anew who that is each time. */
export class SaltApi {
  constructor(readonly settings: SaltApiSettings) {}

  /** Changes nothing: asks the minions whether they are there. @throws LockstepError `salt-failed` */
  async ping(signal: AbortSignal): Promise<void> {
    const answers = await this.#run('test.ping', [], signal);
    const silent = Object.entries(answers).filter(([, answer]) => answer !== true);
    if (silent.length > 0) throw failed(`these minions do not answer: ${silent.map(([name]) => name).join(', ')}`);
  }

  /** @throws LockstepError `salt-failed` naming the minions where it did not succeed, and what they said */
  async apply(signal: AbortSignal): Promise<void> {
    const { run, arguments: words } = this.settings;
    const answers = await this.#run(run, words, signal);
    const faults = Object.entries(answers).flatMap(([minion, answer]) => {
      const fault = faultIn(answer);
      return fault === undefined ? [] : [`${minion}: ${fault}`];
    });
    if (faults.length > 0) throw failed(faults.join('; '));
  }

  async #run(fun: string, arg: readonly string[], signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const { target, targetType, atLeast } = this.settings;
    const token = await this.#login(signal);
    const answer = await this.#post('/', [{ client: 'local', tgt: target, tgt_type: targetType, fun, arg }], token, signal); // prettier-ignore
    const minions = first(answer);
    if (minions === undefined) throw failed(`${fun} was answered with nothing that can be understood`);
    const count = Object.keys(minions).length;
    if (count >= atLeast) return minions;
    throw failed(
      `${count === 0 ? 'no minion' : `only ${Object.keys(minions).join(', ')}`} answered ${fun}, and at least ${atLeast} must`,
      'See with `salt-run manage.status` which minions are there, and compare `target`.',
    );
  }

  async #login(signal: AbortSignal): Promise<string> {
    const { user, password, eauth } = this.settings;
    const given = (await password()).reveal();
    const answer = first(await this.#post('/login', { username: user, password: given, eauth }, undefined, signal));
    const token = answer?.['token'];
    if (typeof token === 'string') return token;
    throw failed(`salt-api did not let ${user} in`, 'Check `user`, its password, `eauth`, and external_auth of the master.'); // prettier-ignore
  }

  async #post(path: string, body: unknown, token: string | undefined, signal: AbortSignal): Promise<unknown> {
    const { url, tls } = this.settings;
    const { status, text } = await exchange({
      method: 'POST',
      url: `${url}${path}`,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(token === undefined ? {} : { 'x-auth-token': token }),
      },
      body: JSON.stringify(body),
      tls: await tls(),
      signal,
      limit: largest,
    }).catch((cause: unknown) => {
      if (signal.aborted) throw cause;
      throw failed(`salt-api: ${messageOf(cause)}`, undefined, cause);
    });
    if (status === 401) throw failed('salt-api refused the user or its password (401)', 'Check `user`, its password, `eauth`, and external_auth of the master.'); // prettier-ignore
    if (status === 403) throw failed('salt-api does not let this user do that (403)', 'Allow `test.ping` and the function to it in external_auth of the master.'); // prettier-ignore
    if (status !== 200) throw failed(`salt-api answered with status ${status}`, "See salt-api's log.");
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw failed('salt-api answered with something else than JSON', 'Check `url`.', cause);
    }
  }
}

/** What is wrong with what one minion answered; undefined when nothing is. A run of states tells of each of them. */
function faultIn(answer: unknown): string | undefined {
  if (answer === false) return 'it did not answer';
  if (typeof answer === 'string') return answer === '' ? undefined : answer.slice(0, 200);
  if (Array.isArray(answer)) return answer.map(String).join(' ').slice(0, 200);
  if (!isMapping(answer)) return undefined;
  const states = Object.values(answer).filter(isMapping);
  const wrong = states.find(({ result }) => result === false);
  if (wrong === undefined) return undefined;
  const { comment } = wrong;
  return typeof comment === 'string' && comment !== '' ? comment.slice(0, 200) : 'a state failed';
}

/** `{"return": [what we want]}` */
function first(answer: unknown): Readonly<Record<string, unknown>> | undefined {
  const list = isMapping(answer) ? answer['return'] : undefined;
  const [one] = Array.isArray(list) ? (list as unknown[]) : [];
  return isMapping(one) ? one : undefined;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function failed(message: string, remedy?: string, cause?: unknown): LockstepError {
  return new LockstepError('salt-failed', message, remedy, { cause });
}
