import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMatcher } from '../../src/base/matcher.js';
import { Scope } from '../../src/base/scope.js';
import { startAlertmanager, type Program } from '../../src/sandbox/programs.js';
import { until } from '../../src/sandbox/until.js';

describe('a matcher', () => {
  it.each([
    ['alertname="A"', { alertname: 'A' }, true],
    ['alertname="A"', { alertname: 'AB' }, false],
    ['alertname = A', { alertname: 'A' }, true],
    ['cluster!="shop"', { cluster: 'other' }, true],
    ['cluster!="shop"', {}, true],
    ['cluster=""', {}, true],
    ['cluster!=""', {}, false],
    ['severity=~"warning|critical"', { severity: 'critical' }, true],
    ['severity=~"warning|critical"', { severity: 'critically' }, false],
    ['severity=~"a|ab"', { severity: 'ab' }, true],
    ['severity!~"crit.*"', { severity: 'critical' }, false],
    ['severity!~"crit.*"', {}, true],
    ['severity=~".*"', {}, true],
    ['a=~"(?i)X"', { a: 'x' }, true],
    ['__proto__=""', {}, true],
    ['constructor=""', {}, true],
    ['toString=~".+"', {}, false],
  ])('%s of %j: %s', (text, labels, expected) => {
    expect(parseMatcher(text).matches(labels as Record<string, string>)).toBe(expected);
  });

  it('sees labels that are called like what objects have', () => {
    expect(parseMatcher('__proto__="x"').matches(JSON.parse('{"__proto__":"x"}') as Record<string, string>)).toBe(true);
  });

  it.each(['', 'a', '="b"', 'a=="b"', 'a=~"("', 'a=~"(?=x)"', 'a=~"\\\\1"', 'a="b"c', 'a="b', '{a="b"}', 'a="b",c="d"', `a="${'x'.repeat(1100)}"`])(
    '%s is none',
    (text) => {
      expect(() => parseMatcher(text)).toThrow(expect.objectContaining({ code: 'matcher-invalid' }));
    },
  ); // prettier-ignore

  it('takes linear time whatever its expression', () => {
    const evil = parseMatcher('a=~"(a+)+b"');
    const began = performance.now();
    expect(evil.matches({ a: 'a'.repeat(5000) })).toBe(false);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

/** The same alerts, chosen by Alertmanager's own matchers. */
describe('as a real Alertmanager', () => {
  const scope = new Scope();
  let alertmanager: Program;
  const values = [
    '',
    'a',
    'b',
    'ab',
    'A',
    'a b',
    'a.b',
    'a\nb',
    'a"b',
    'a\\b',
    'a|b',
    'é',
    '🐬',
    '0',
    'shop-eu',
    '^a$',
  ];
  const config = 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n';

  beforeAll(async () => {
    alertmanager = await startAlertmanager(scope, { config });
    const body = values.map((v, index) => ({ labels: { alertname: `n${index}`, ...(v === '' ? {} : { v }) } }));
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(200);
    await until('the alerts to be there', async () => (await chosen('alertname=~".+"'))?.length === values.length);
  }, 60_000); // prettier-ignore
  afterAll(() => scope.end());

  /** undefined when it takes the matcher for none. */
  async function chosen(matcher: string): Promise<readonly string[] | undefined> {
    const answer = await fetch(`${alertmanager.url}/api/v2/alerts?${new URLSearchParams({ filter: matcher }).toString()}`);
    if (answer.status === 400) return undefined;
    const alerts = (await answer.json()) as readonly { readonly labels: { readonly alertname: string } }[];
    return alerts.map(({ labels }) => labels.alertname).sort();
  } // prettier-ignore

  function ours(matcher: string): readonly string[] {
    const parsed = parseMatcher(matcher);
    const having = (v: string, index: number) => parsed.matches({ alertname: `n${index}`, ...(v === '' ? {} : { v }) });
    return values.flatMap((v, index) => (having(v, index) ? [`n${index}`] : [])).sort();
  }

  const quote = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
  const atom = fc.constantFrom('a', 'b', 'ab', '.', '.*', '.+', '[ab]', '\\.', '\\|', '^', '$', '(a|b)', 'a?', '(?i)a', '(?s:.)', '\\w', '\\pL', '[^a]', '\\x61', 'é', '|'); // prettier-ignore
  const expression = fc.array(atom, { minLength: 1, maxLength: 4 }).map((atoms) => atoms.join(''));
  const matcher = fc.oneof(
    fc.tuple(fc.constantFrom('=', '!='), fc.constantFrom(...values).map(quote)),
    fc.tuple(fc.constantFrom('=', '!='), fc.constantFrom('a', 'ab', 'shop-eu', '0', '')),
    fc.tuple(fc.constantFrom('=~', '!~'), expression.map(quote)),
  ).map(([operator, value]) => `v${operator}${value}`); // prettier-ignore

  it('chooses the same alerts, and takes the same for an expression', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(matcher, async (text) => {
        const theirs = await chosen(text);
        if (theirs === undefined) expect(() => parseMatcher(text)).toThrow();
        else {
          taken += 1;
          expect({ text, chosen: ours(text) }).toEqual({ text, chosen: theirs });
        }
      }),
      { numRuns: 300 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});
