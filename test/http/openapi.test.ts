import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { errorTable } from '../../src/http/errors.js';
import { described } from './described.js';
import { openDesk } from './desk.js';

const file = path.join(import.meta.dirname, '../../docs/openapi.json');
const architecture = readFileSync(path.join(import.meta.dirname, '../../docs/architecture.md'), 'utf8');

describe('the description of the API', () => {
  it('is OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(described));
    expect(result).toMatchObject({ valid: true });
    expect(validator.version).toBe('3.1');
    // The meta-schema allows much that no generator of clients would take.
    const broken = await new Validator().validate({ ...structuredClone(described), paths: { runs: {} } });
    expect(broken.valid).toBe(false);
  });

  it('is the one in docs/, which `npm run docs` writes', () => {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(described);
  });

  it('is served to anyone', async () => {
    const { call } = await openDesk();
    expect((await call('GET', '/api/v1/openapi.json', { as: 'nobody' })).json).toEqual(described);
  });

  it('names every reference, each operation once, and a schema for every answer', () => {
    const text = JSON.stringify(described);
    const { schemas } = described['components'] as { schemas: Record<string, unknown> };
    const used = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? '');
    expect(used.filter((name) => !(name in schemas))).toEqual([]);
    expect(Object.keys(schemas).filter((name) => !used.includes(name))).toEqual([]);
    const operations = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, name]) => name);
    expect(new Set(operations).size).toBe(operations.length);
  });

  it('knows every code that HTTP answers with', () => {
    const { schemas } = described['components'] as {
      schemas: { Problem: { properties: { code: { enum: string[] } } } };
    };
    expect(schemas.Problem.properties.code.enum).toEqual(Object.keys(errorTable));
  });

  it('says what docs/architecture.md says of routes, and nothing more', () => {
    const table = architecture.slice(architecture.indexOf('| route | what | who |'));
    const said = [...table.matchAll(/`(?:GET|POST|PUT|GET,PUT|GET,POST) (\/api\/v1\/[^`]+)`/g)].map(
      ([, place]) => place,
    );
    const plain = new Set(said.flatMap((place = '') => spread(place)));
    const more = [...table.matchAll(/`(?:GET |POST )?…\/(\w+)`/g)].map(([, what = '']) => `/api/v1/runs/ID/${what}`);
    const wanted = Object.keys(described.paths).map((each) =>
      each
        .replace('{cluster}', each.includes('clusters') ? 'NAME' : 'CLUSTER')
        .replace('{server}', 'SERVER')
        .replace('{id}', 'ID'),
    );
    expect(wanted.filter((each) => !plain.has(each) && !more.includes(each))).toEqual([]);
  });
});

/** `/api/v1/pause[/CLUSTER]` is two places. */
function spread(place: string): string[] {
  const [, head = '', tail = ''] = /^([^[]*)\[([^\]]*)\]$/.exec(place) ?? [];
  return head === '' ? [place] : [head, head + tail];
}
