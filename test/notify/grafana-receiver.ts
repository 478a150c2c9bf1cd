import type { Scope } from '../../src/base/scope.js';
import { listen, type Behaviour, type Listener, type Received } from './listener.js';

/** As Grafana keeps it. */
export interface Kept {
  readonly id: number;
  time: number;
  timeEnd: number;
  tags: string[];
  text: string;
}

export interface GrafanaReceiver extends Listener {
  readonly kept: Kept[];
  /** What was asked of it that its documentation does not know. */
  readonly faults: string[];
  /** Keeps what it is sent, but its answer is lost, for as many requests. */
  loseAnswers: number;
}

/**
 * Stands in for Grafana, which Debian does not package: it takes the requests that the documentation of Grafana's HTTP
 * API names under "Annotations", with the fields, types and answers given there, and says no to all else.
 */
export async function grafanaReceiver(scope: Scope, token: string): Promise<GrafanaReceiver> {
  const kept: Kept[] = [];
  const faults: string[] = [];
  /** What is answered: a status and a body. A text is why the request is none that is documented. */
  const answerTo = (received: Received): readonly [status: number, body: unknown] | string => {
    if (received.headers.authorization !== `Bearer ${token}`) return [401, { message: 'Invalid API key' }];
    const { pathname, searchParams } = new URL(received.path, 'http://grafana');
    const [, number] = /^\/api\/annotations\/(\d+)$/.exec(pathname) ?? [];
    if (received.method === 'GET' && pathname === '/api/annotations') {
      const unknown = [...searchParams.keys()].filter((name) => !parameters.includes(name));
      if (unknown.length > 0) return `unknown parameter ${unknown.join()}`;
      const tags = searchParams.getAll('tags');
      const found = kept.filter((one) => tags.every((tag) => one.tags.includes(tag)));
      return [200, found.slice(0, Number(searchParams.get('limit') ?? 100)).map(listed)];
    }
    const given = bodyOf(received);
    if (typeof given === 'string') return given;
    if (received.method === 'POST' && pathname === '/api/annotations') {
      const { time = Date.now(), timeEnd = time, tags = [], text = '' } = given;
      if (text === '') return 'text field should not be empty';
      kept.push({ id: kept.length + 1, time, timeEnd, tags, text });
      return [200, { message: 'Annotation added', id: kept.length }];
    }
    if (received.method === 'PATCH' && number !== undefined) {
      const one = kept.find(({ id }) => id === Number(number));
      if (one === undefined) return [404, { message: 'Annotation not found' }];
      Object.assign(one, given);
      return [200, { message: 'Annotation patched' }];
    }
    return 'unknown route';
  };
  const behave: Behaviour = (received, response) => {
    const answer = answerTo(received);
    if (typeof answer === 'string') faults.push(`${received.method} ${received.path}: ${answer}`);
    const [status, body] = typeof answer === 'string' ? [400, { message: answer }] : answer;
    if (receiver.loseAnswers > 0 && received.method !== 'GET') {
      receiver.loseAnswers -= 1;
      response.destroy();
    } else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const listener = await listen(scope, behave);
  const receiver: GrafanaReceiver = Object.assign(listener, { kept, faults, loseAnswers: 0 });
  return receiver;
}

const parameters = [
  ...['from', 'to', 'limit', 'alertId', 'dashboardId', 'dashboardUID'],
  ...['panelId', 'userId', 'type', 'tags', 'matchAny'],
];

type Given = Partial<Omit<Kept, 'id'>>;

/** The fields that are documented, or why it is refused. */
function bodyOf({ headers, body }: Received): Given | string {
  if (headers['content-type'] !== 'application/json') return 'bad request data';
  const given = JSON.parse(body) as Record<string, unknown>;
  const known = ['dashboardUID', 'panelId', 'time', 'timeEnd', 'tags', 'text'];
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length > 0) return `unknown field ${unknown.join()}`;
  const { time, timeEnd, tags, text } = given;
  for (const number of [time, timeEnd])
    if (number !== undefined && !(Number.isSafeInteger(number) && Number(number) > 1e12))
      return 'not epoch milliseconds';
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'))) return 'bad tags';
  // Of its table: 100 characters for either side of a tag's colon, 500 for all by default.
  if (Array.isArray(tags) && JSON.stringify(tags).length > 500) return 'tags length exceeds the maximum allowed';
  if (text !== undefined && typeof text !== 'string') return 'bad text';
  return given;
}

function listed(one: Kept): unknown {
  const rest = { alertId: 0, alertName: '', dashboardId: 0, dashboardUID: null, panelId: 0, userId: 1, newState: '', prevState: '' }; // prettier-ignore
  return { ...one, ...rest, login: 'sa-1-lockstep', email: '', avatarUrl: '', data: {}, created: one.time, updated: one.time }; // prettier-ignore
}
