import { afterEach, beforeEach, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import type { DeliveryResult } from '../../src/notify/delivery.js';
import { createNotify, type Notify } from '../../src/notify/notify.js';
import { until } from '../../src/sandbox/until.js';
import { grafanaReceiver, type GrafanaReceiver } from './grafana-receiver.js';
import { ended, eventOf, recordedLog, runOf, running, Stream } from './runs.js';

const token = 'glsa_SECRET';
let scope: Scope;
let grafana: GrafanaReceiver;
let stream: Stream;
let results: DeliveryResult[];
let log: ReturnType<typeof recordedLog>;

beforeEach(async () => {
  scope = new Scope();
  grafana = await grafanaReceiver(scope, token);
  [stream, results, log] = [new Stream(), [], recordedLog()];
});
afterEach(async () => {
  await scope.end();
  expect(grafana.faults).toEqual([]);
  expect(log.lines.join('')).not.toMatch(/SECRET|127\.0\.0\.1/);
});

function notify(as = token): Notify {
  const read = () => Promise.resolve(new Secret(as));
  const receivers = [{ kind: 'grafana', url: grafana.url, token: read, tls: { caFile: undefined } }] as const;
  const counted = (_: string, result: DeliveryResult) => void results.push(result);
  const ports = { automation: stream, log: log.log, counted };
  const made = createNotify({ receivers, alertmanager: undefined }, ports, { queue: { backoff: 10 } });
  scope.defer(() => made.stop(0));
  made.start();
  return made;
}

const over = (count: number) => until(`${count} deliveries to be over`, () => results.length >= count);
const tags = ['lockstep', `run:${runOf().id}`, 'cluster:production', 'procedure:restart-replication'];

it('a run is marked from its start to its end, with its result', async () => {
  notify();
  const begun = running();
  stream.emit(eventOf('started', begun));
  await over(1);
  const text = 'restart-replication on production/db2';
  expect(grafana.kept).toEqual([{ id: 1, time: begun.startedAt, timeEnd: begun.startedAt, tags, text }]);
  const done = ended({ why: 'lag <1 s & TLS' });
  stream.emit(eventOf('ended', done));
  await over(2);
  expect(grafana.kept).toEqual([
    {
      id: 1,
      time: done.startedAt,
      timeEnd: done.endedAt,
      tags: [...tags, 'outcome:succeeded'],
      text: `${text}: succeeded. lag &lt;1 s &amp; TLS`,
    },
  ]);
});

it('a Lockstep that was restarted in between closes the mark that the one before made', async () => {
  const before = notify();
  stream.emit(eventOf('started', running({ id: 'another' })));
  stream.emit(eventOf('started', running()));
  await over(2);
  await before.stop();
  notify();
  stream.emit(eventOf('ended', ended({ outcome: 'rolled-back' })));
  await over(3);
  expect(grafana.kept.map(({ id, tags, timeEnd, time }) => [id, tags.at(-1), timeEnd > time])).toEqual([
    [1, 'procedure:restart-replication', false],
    [2, 'outcome:rolled-back', true],
  ]);
});

it('an answer that was lost makes no second mark', async () => {
  grafana.loseAnswers = 1;
  notify();
  stream.emit(eventOf('started', running()));
  await over(1);
  grafana.loseAnswers = 1;
  stream.emit(eventOf('ended', ended()));
  await over(2);
  expect(results).toEqual(['delivered', 'delivered']);
  expect(grafana.kept).toHaveLength(1);
  expect(grafana.kept[0]?.tags).toContain('outcome:succeeded');
});

it('a run whose start was never told is marked whole at its end', async () => {
  notify();
  stream.emit(eventOf('ended', ended()));
  await over(1);
  expect(grafana.kept).toMatchObject([{ time: ended().startedAt, timeEnd: ended().endedAt }]);
});

it('a run that never started is not marked', async () => {
  notify();
  stream.emit(eventOf('ended', runOf({ state: 'ended', outcome: 'expired', endedAt: 1 })));
  stream.emit(eventOf('started', running()));
  await over(1);
  expect(grafana.kept).toHaveLength(1);
});

it('a token that Grafana does not know is told, without it', async () => {
  notify('another-SECRET');
  stream.emit(eventOf('started', running()));
  await over(1);
  expect(results).toEqual(['refused']);
  expect(log.lines.join('')).toContain('status 401');
});

it('something else that answers is told', async () => {
  grafana.behave = (_, response) => void response.writeHead(200).end('<html>log in</html>');
  notify();
  stream.emit(eventOf('started', running()));
  await over(1);
  expect(results).toEqual(['refused']);
});
