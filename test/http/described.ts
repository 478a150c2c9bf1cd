import { Ajv2020 } from 'ajv/dist/2020.js';
import { allApiRoutes } from '../../src/http/api-routes.js';
import { openApiDocument } from '../../src/http/openapi.js';
import type { Answer } from './ask.js';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>>;
}
type Json = Record<string, unknown>;

export const described = JSON.parse(JSON.stringify(openApiDocument(allApiRoutes))) as Json & {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'api', ...(closed(described) as Json) });

/** Fails unless the description foresees this answer, with its status, its type, and not a field more than it has. */
export function checkDescribed(method: string, path: string, answer: Answer): void {
  const template = Object.keys(described.paths).find((each) => pattern(each).test(path.split('?')[0] ?? ''));
  const operation = template === undefined ? undefined : described.paths[template]?.[method.toLowerCase()];
  if (template === undefined || operation === undefined) return;
  const response = operation.responses[String(answer.status)];
  const what = `${method} ${path} answered ${answer.status}`;
  if (response === undefined) throw new Error(`${what}, which is not described: ${answer.text}`);
  const type = (answer.headers['content-type'] ?? '').split(';')[0] ?? '';
  if (response.content === undefined) {
    if (answer.text !== '') throw new Error(`${what} with a body`);
    return;
  }
  const status = String(answer.status);
  if (response.content[type] === undefined) throw new Error(`${what} as ${type}`);
  if (!type.endsWith('json')) return;
  const place = ['paths', template, method.toLowerCase(), 'responses', status, 'content', type, 'schema'];
  const validate = ajv.getSchema(`api#/${place.map(pointer).join('/')}`);
  if (validate === undefined) throw new Error(`${what}: no schema`);
  if (validate(JSON.parse(answer.text)) !== true) throw new Error(`${what}: ${ajv.errorsText(validate.errors)}`);
}

/** Answers may grow; here a field that is not described is a fault. Problems have members of their own. */
function closed(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => closed(each));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, closed(each, key)] as const);
  const shut = 'properties' in value && 'type' in value && !('additionalProperties' in value) && name !== 'Problem';
  return Object.fromEntries(shut ? [...entries, ['additionalProperties', false]] : entries);
}

function pattern(template: string): RegExp {
  return new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
}

/** RFC 6901, in a fragment. */
function pointer(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
