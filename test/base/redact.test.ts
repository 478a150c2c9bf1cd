import { expect, it } from 'vitest';
import { Redactor } from '../../src/base/redact.js';
import { Secret } from '../../src/base/secret.js';
import { written } from '../../src/dialects/written.js';
import { sql } from '../../src/domain/action.js';

it('takes a secret out whatever road it took into a text', () => {
  const redactor = new Redactor();
  const secret = redactor.learn(new Secret(`it's "quo\\ted"`));
  const statement = written(sql`SET PASSWORD = ${{ secret: 'replication' }}`, {
    secrets: { replication: secret },
    notes: {},
  });
  const texts = [
    secret.reveal(),
    JSON.stringify({ a: secret.reveal() }),
    statement.reveal(),
    JSON.stringify(statement.reveal()),
  ];
  for (const text of texts) {
    const clean = redactor.redact(`before ${text} after`);
    expect(clean).toContain('[secret]');
    expect(clean).not.toMatch(/quo/);
  }
});

it('keeps a journal record whole JSON', () => {
  const redactor = new Redactor();
  redactor.learn(new Secret('p"ass'));
  expect(JSON.parse(redactor.redact(JSON.stringify({ why: 'said p"ass, twice p"ass' })))).toEqual({
    why: 'said [secret], twice [secret]',
  });
});

it('leaves very short ones alone, which would take innocent words with them', () => {
  const redactor = new Redactor();
  redactor.learn(new Secret('on'));
  expect(redactor.redact('read_only is on')).toBe('read_only is on');
});
