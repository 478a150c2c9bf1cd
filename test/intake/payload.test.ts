import { describe, expect, it } from 'vitest';
import { alertLimits, parseWebhook, payloadForm, type Webhook } from '../../src/intake/payload.js';
import { alert, payload } from './scene.js';

describe('a payload', () => {
  it('as Alertmanager 0.33 sends it gives its alerts one by one, firing and resolved', () => {
    const given = payload([
      alert({ cluster: 'shop' }),
      alert(
        { cluster: 'other' },
        { status: 'resolved', endsAt: '2026-11-28T15:05:00Z', fingerprint: 'ffffffffffffffff' },
      ),
    ]);
    expect(parsed(JSON.parse(JSON.stringify(given)))).toEqual({
      truncated: 0,
      alerts: [
        {
          status: 'firing',
          alertname: 'ReplicationStopped',
          labels: { alertname: 'ReplicationStopped', cluster: 'shop' },
          annotations: { summary: 'it stands' },
          startsAt: '2026-11-28T15:00:00.123Z',
          fingerprint: '0123456789abcdef',
        },
        expect.objectContaining({ status: 'resolved', fingerprint: 'ffffffffffffffff' }) as unknown,
      ],
    });
  });

  it('of an older or a later version may lack fields and have others', () => {
    const { alerts, version } = payload([{ ...alert({}), annotations: undefined, silenced: { by: 'nobody' } }]);
    expect(parsed({ alerts, version, routeLabels: { a: ['b'] } }).alerts).toHaveLength(1);
    expect(parsed({ alerts: [], version, truncatedAlerts: 7 })).toEqual({ alerts: [], truncated: 7 });
  });

  it.each([
    ['nothing', null],
    ['a list', []],
    ['a text', 'alerts'],
    ['no version', { alerts: [] }],
    ['of another version', { version: '5', alerts: [] }],
    ['a version as a number', { version: 4, alerts: [] }],
    ['no alerts', { version: '4' }],
    ['alerts that are no list', { version: '4', alerts: { 0: alert({}) } }],
    ['fewer than none truncated', { version: '4', alerts: [], truncatedAlerts: -1 }],
  ])('that is %s is refused', (_, given) => {
    expect(payloadForm.safeParse(given).success).toBe(false);
  });
});

describe('an alert', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index}`, 'v']));

  it.each([
    ['a text', 'ReplicationStopped', 'alert-malformed'],
    ['a list', [], 'alert-malformed'],
    ['null', null, 'alert-malformed'],
    ['of an unknown status', alert({}, { status: 'pending' }), 'alert-malformed'],
    ['without a fingerprint', alert({}, { fingerprint: undefined }), 'alert-malformed'],
    ['with another fingerprint', alert({}, { fingerprint: '../../etc/passwd' }), 'alert-malformed'],
    ['with a time that is none', alert({}, { startsAt: 'now' }), 'alert-malformed'],
    ['with a time and more', alert({}, { startsAt: '2026-11-28T15:00:00Z\n' }), 'alert-malformed'],
    ['without labels', alert({}, { labels: undefined }), 'labels-malformed'],
    ['with a list of labels', alert({}, { labels: ['alertname'] }), 'labels-malformed'],
    ['with a number as a label', alert({}, { labels: { alertname: 1 } }), 'labels-malformed'],
    [
      'with an object as a label',
      alert({}, { labels: { alertname: 'A', cluster: { toString: 'x' } } }),
      'labels-malformed',
    ],
    ['with a label of no name', alert({ '': 'x' }), 'labels-malformed'],
    ['with too many labels', alert(many(alertLimits.labels)), 'labels-too-many'],
    ['with a long label', alert({ a: 'x'.repeat(alertLimits.value + 1) }), 'label-too-long'],
    ['with a long name', alert({ ['x'.repeat(alertLimits.name + 1)]: '' }), 'label-too-long'],
    [
      'with long labels together',
      alert(Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`l${n}`, 'x'.repeat(alertLimits.value)]))),
      'label-too-long',
    ],
    ['with a number as an annotation', alert({}, { annotations: { value: 5 } }), 'annotations-malformed'],
    ['without a name', alert({}, { labels: { cluster: 'shop' } }), 'alertname-malformed'],
    ['with an empty name', alert({ alertname: '' }), 'alertname-malformed'],
    ['with a name of two lines', alert({ alertname: 'A\nB' }), 'alertname-malformed'],
    ['with a name that a terminal obeys', alert({ alertname: 'A\u001b[2J' }), 'alertname-malformed'],
    ['with a name that turns the line round', alert({ alertname: 'A\u202eB' }), 'alertname-malformed'],
    ['with half a character', alert({ alertname: 'A\ud800' }), 'alertname-malformed'],
    ['with a long name of its own', alert({ alertname: 'A'.repeat(alertLimits.alertname + 1) }), 'alertname-malformed'],
  ])('%s is rejected, and the one beside it is not', (_, given, rejection) => {
    const { alerts } = parseWebhook(payload([given, alert({ cluster: 'shop' })]));
    expect(alerts[0]).toMatchObject({ rejection });
    expect(alerts[1]).toMatchObject({ alertname: 'ReplicationStopped' });
  });

  it('may carry the names that objects have', () => {
    const text = `{"alertname":"A","__proto__":"p","constructor":"c","toString":"t","hasOwnProperty":"h"}`;
    const [given] = parseWebhook(payload([alert({}, { labels: JSON.parse(text) as unknown })])).alerts;
    if (given === undefined || 'rejection' in given) throw new Error('it was rejected');
    expect(Object.getPrototypeOf(given.labels)).toBeNull();
    expect(JSON.stringify(given.labels)).toBe(text);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it('may have any letters in its labels', () => {
    const labels = { 'größe.in/mm': '🐬', zwölf: '\u0000\u2028' };
    expect(parseWebhook(payload([alert(labels)])).alerts[0]).toMatchObject({ labels });
  });

  it('beyond the limit of a payload is rejected by itself', () => {
    const { alerts } = parseWebhook(payload(Array.from({ length: alertLimits.alerts + 2 }, () => alert({}))));
    expect(alerts).toHaveLength(alertLimits.alerts + 2);
    expect(alerts.at(-3)).toMatchObject({ status: 'firing' });
    expect(alerts.slice(-2)).toEqual([
      { rejection: 'too-many-alerts', why: 'the most is 5000' },
      { rejection: 'too-many-alerts', why: 'the most is 5000' },
    ]);
  });
});

function parsed(given: unknown): Webhook {
  return parseWebhook(payloadForm.parse(given));
}
