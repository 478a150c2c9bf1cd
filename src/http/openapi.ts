import { z } from 'zod';
import { route, type ApiRoute } from './api.js';
import { components } from './components.js';
import { errorTable, type ErrorCode } from './errors.js';

type Json = Record<string, unknown>;

/** Every route may answer with these. */
const everywhere: readonly ErrorCode[] = ['malformed-request', 'not-found', 'internal'];
const guarded: readonly ErrorCode[] = ['unauthenticated', 'forbidden', 'too-many-failures'];
const withBody: readonly ErrorCode[] = ['body-malformed', 'body-too-large', 'media-type-unsupported'];

/** The API as OpenAPI 3.1 describes it, made from the very routes that answer. */
export function openApiDocument(routes: readonly ApiRoute[]): Json {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Lockstep',
      version: '1',
      summary: 'Keeps MySQL and MariaDB replicas in step with their primary, over TLS.',
      description:
        'Absent fields are unknown, or are not. Times called `at`, `…At`, `until` and `since` are milliseconds since the Unix epoch. ' +
        'Routes that act do not exist where nobody can be told apart, nor without a `journal` in the configuration.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This Lockstep.' }],
    security: [{ basic: [] }, { token: [] }, { certificate: [] }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name })),
    paths: pathsOf(routes),
    components: {
      schemas: { ...schemas(), Problem: problemSchema },
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic', description: 'A user of the web_config_file.' },
        token: { type: 'http', scheme: 'bearer', description: 'One of the configured tokens.' },
        certificate: { type: 'mutualTLS', description: 'A client certificate that the configuration names.' },
      },
    },
  };
}

/** Serves it. @param routes all the others */
export function openApiRoute(routes: readonly ApiRoute[]): ApiRoute {
  let document: Json | undefined;
  const own: ApiRoute = route({
    method: 'get',
    path: '/api/v1/openapi.json',
    operation: 'describe',
    summary: 'This description',
    who: 'anyone',
    answers: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({}) } },
    handle: () => ({ body: (document ??= openApiDocument([...routes, own])) }),
  });
  return own;
}

function pathsOf(routes: readonly ApiRoute[]): Json {
  const paths: Record<string, Json> = {};
  for (const each of routes) paths[each.path] = { ...paths[each.path], [each.method]: operationOf(each) };
  return paths;
}

function operationOf(each: ApiRoute): Json {
  return {
    operationId: each.operation,
    summary: each.summary,
    description: roleWords[each.who],
    tags: [tagOf(each)],
    ...(each.who === 'anyone' ? { security: [{}] } : {}),
    parameters: [...pathParameters(each), ...queryParameters(each), ...headerParameters(each)],
    ...(each.body === undefined
      ? {}
      : { requestBody: { required: each.bodyOptional !== true, content: jsonOf(each.body) } }),
    responses: { ...answersOf(each), ...problemsOf(each) },
  };
}

const roleWords = {
  anyone: 'For anyone.',
  viewer: 'For viewers and operators.',
  operator: 'For operators.',
  alertmanager: 'For Alertmanager and operators.',
};

function tagOf({ path }: ApiRoute): string {
  return path.split('/')[3] ?? '';
}

function pathParameters({ path }: ApiRoute): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: ApiRoute): Json[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(query) as { properties?: Record<string, Json>; required?: string[] }; // prettier-ignore
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  }));
}

function headerParameters({ headers = {} }: ApiRoute): Json[] {
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }));
}

function answersOf({ answers }: ApiRoute): Json {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, type }]) => [
      status,
      { description, ...(schema === undefined ? {} : { content: jsonOf(schema, type) }) },
    ]),
  );
}

/** A status has one answer for all its problems: `code` tells them apart. */
function problemsOf(each: ApiRoute): Json {
  const codes: readonly ErrorCode[] = [
    ...everywhere,
    ...(each.who === 'anyone' ? [] : guarded),
    ...(each.who === 'operator' || each.who === 'alertmanager' ? ['cross-origin' as const] : []),
    ...(each.body === undefined ? [] : withBody),
    ...(each.body === undefined ? [] : [each.bodyFault ?? ('body-invalid' as const)]),
    ...(each.query === undefined ? [] : ['query-invalid' as const]),
    ...(each.problems ?? []),
  ];
  const statuses = [...new Set(codes.map((code) => errorTable[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const here = codes.filter((code) => errorTable[code].status === status);
      const description = here.map((code) => `\`${code}\`: ${errorTable[code].title}.`).join('\n');
      return [status, { description, content: { 'application/problem+json': { schema: refTo('Problem') } } }];
    }),
  );
}

/** RFC 9457. */
const problemSchema = {
  type: 'object',
  description: 'What went wrong, and what to do. Some problems have more members.',
  required: ['type', 'title', 'status', 'code', 'detail', 'remedy'],
  properties: {
    type: { type: 'string', description: '`urn:lockstep:problem:` and the code.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(errorTable), description: 'Stable: branch on this.' },
    detail: { type: 'string', description: 'One sentence that quotes what was given.' },
    remedy: { type: 'string', description: 'What to do next.' },
    faults: {
      type: 'array',
      description: 'Every fault of a body, or of a configuration.',
      items: { type: 'object' },
    },
  },
};

function jsonOf(schema: z.ZodType, type = 'application/json'): Json {
  const id = components.get(schema)?.id;
  return { [type]: { schema: id === undefined ? schemaOf(schema) : refTo(id) } };
}

function refTo(id: string): Json {
  return { $ref: `#/components/schemas/${id}` };
}

const uri = (id: string) => `#/components/schemas/${id}`;

/** As what comes in: what is added to an answer later breaks nobody. */
function schemas(): Json {
  const made = z.toJSONSchema(components, { uri, io: 'input' }).schemas;
  return Object.fromEntries(Object.entries(made).map(([id, schema]) => [id, bare(schema as Json)]));
}

function schemaOf(schema: z.ZodType): Json {
  return bare(z.toJSONSchema(schema, { io: 'input' }));
}

/** What belongs to the registry and not into a document of OpenAPI. */
function bare(schema: Json): Json {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !['$schema', '$id', 'id'].includes(key)));
}
