import { expect, it } from 'vitest';
import { Redactor } from '../../src/base/redact.js';
import { Secret } from '../../src/base/secret.js';
import { toyEngines } from './bench.js';

const toyEngine = toyEngines();

it.each([
  ['a word of the names of procedures', 'replication'],
  ['a word of the names of steps', 'promote'],
  ['the name of a field', 'parameters'],
  ['all digits, as the limit of a run', '3600'],
])('works on a run whose secret is %s, and writes it nowhere else', async (_what, password) => {
  const toy = await toyEngine();
  const redactor = new Redactor();
  redactor.learn(new Secret(password));
  toy.redact = (text) => redactor.redact(text);
  const run = await toy.ended((await toy.ask()).id);
  expect(run).toMatchObject({ procedure: 'restart-replication', outcome: 'succeeded' });
  expect(run.steps.map(({ id, status }) => [id, status])).toContainEqual(['promote', 'done']);
  await toy.engine.pause(undefined, 'alice', `the password is ${password}`);
  expect(toy.engine.pauses()).toMatchObject([{ reason: 'the password is [secret]' }]);
  await toy.restart();
  expect(toy.engine.run(run.id)).toEqual(run);
});
