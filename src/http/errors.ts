/** Every error that HTTP answers with. `code` is stable; the remedy holds where the error names no better one. */
export const errorTable = {
  'malformed-request': { status: 400, title: 'The request is malformed', remedy: 'Check the address.' },
  'body-malformed': {
    status: 400,
    title: 'The body cannot be read',
    remedy: 'Send JSON in UTF-8, no deeper than what the route takes.',
  },
  'payload-malformed': {
    status: 400,
    title: 'The body is no payload of Alertmanager',
    remedy: 'Let a webhook receiver of Alertmanager send it, with neither `payload` nor a template of your own.',
  },
  'target-missing': {
    status: 400,
    title: 'No target is named',
    remedy: 'Ask for /probe?target=CLUSTER/SERVER, once; GET /sd lists the targets.',
  },
  'collector-unknown': {
    status: 400,
    title: 'There is no such collector',
    remedy: 'Leave collect[] out to get all of them.',
  },
  'scrape-timeout-malformed': {
    status: 400,
    title: 'The scrape timeout cannot be read',
    remedy: 'Send X-Prometheus-Scrape-Timeout-Seconds as a number of seconds above 0, or leave it out.',
  },
  'idempotency-key-malformed': {
    status: 400,
    title: 'The idempotency key cannot be used',
    remedy: 'Send an Idempotency-Key of 1 to 200 printable ASCII characters without spaces, or leave it out.',
  },
  'query-invalid': {
    status: 400,
    title: 'The query is not as it should be',
    remedy: 'GET /api/v1/openapi.json describes what may be asked.',
  },
  unauthenticated: {
    status: 401,
    title: 'Who is asking is not known',
    remedy: 'Send a user and password, a bearer token or a client certificate that the configuration names.',
  },
  forbidden: {
    status: 403,
    title: 'This role may not do that',
    remedy: 'Ask somebody who has the role, or have it given under `roles` or `tokens` of the configuration.',
  },
  'cross-origin': {
    status: 403,
    title: 'Another site sent this request',
    remedy: 'Send it from a command line, or from a page of this address.',
  },
  'second-person-needed': {
    status: 403,
    title: 'Who asked for the run may not approve it',
    remedy: 'Have another operator approve it.',
  },
  'not-found': { status: 404, title: 'There is nothing at this address', remedy: 'GET / lists what there is.' },
  'target-unknown': {
    status: 404,
    title: 'The target is not configured',
    remedy: 'GET /sd lists the targets; add a server under `clusters` of the configuration.',
  },
  'cluster-unknown': {
    status: 404,
    title: 'The cluster is not configured',
    remedy: 'GET /api/v1/clusters lists them.',
  },
  'server-unknown': {
    status: 404,
    title: 'The cluster has no such server',
    remedy: 'GET /api/v1/clusters lists them.',
  },
  'run-unknown': {
    status: 404,
    title: 'There is no such run',
    remedy: 'GET /api/v1/runs lists them, the newest first.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This address does not take that method',
    remedy: 'Use one of the methods in the Allow header.',
  },
  'reload-refused': {
    status: 409,
    title: 'The new configuration cannot be taken while running',
    remedy: 'Restart Lockstep to take it.',
  },
  'run-ended': { status: 409, title: 'The run has ended', remedy: 'Ask for a new one if it is still needed.' },
  'past-commit-point': {
    status: 409,
    title: 'The run is past its commit point and only goes forward',
    remedy: 'Wait until it has ended.',
  },
  'not-waiting-for-approval': {
    status: 409,
    title: 'The run does not wait for an approval',
    remedy: 'Look where it stands: GET /api/v1/runs/ID.',
  },
  'plan-changed': {
    status: 409,
    title: 'The plan is not the one that was approved',
    remedy: 'Look at the plan as it is now, then approve that one.',
  },
  'not-needing-human': {
    status: 409,
    title: 'The run does not need a human',
    remedy: 'Look where it stands: GET /api/v1/runs/ID.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    remedy: 'Send less at once.',
  },
  'media-type-unsupported': {
    status: 415,
    title: 'The body is not in a format that this address takes',
    remedy: 'Send `Content-Type: application/json`, and no Content-Encoding.',
  },
  'body-invalid': {
    status: 422,
    title: 'The body is not as it should be',
    remedy: 'GET /api/v1/openapi.json describes what may be sent.',
  },
  'procedure-unknown': {
    status: 422,
    title: 'There is no such procedure',
    remedy: 'GET /api/v1/procedures lists them.',
  },
  'parameters-invalid': {
    status: 422,
    title: 'The parameters are not those of the procedure',
    remedy: 'GET /api/v1/procedures lists what each takes.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The idempotency key belongs to another request',
    remedy: 'Send a new key with a new request.',
  },
  'config-invalid': {
    status: 422,
    title: 'The new configuration is wrong; the old one stays in force',
    remedy: 'Mend the faults and reload again.',
  },
  'too-many-failures': {
    status: 429,
    title: 'Too many failed logins from this address',
    remedy: 'Wait as long as Retry-After says, then try with the right credentials.',
  },
  internal: {
    status: 500,
    title: 'Lockstep failed to answer',
    remedy: 'Its log says why.',
  },
  'not-primary': {
    status: 503,
    title: 'The server is not the primary',
    remedy: 'Send writes to the server whose /role answers 200.',
  },
  stopping: { status: 503, title: 'Lockstep is stopping', remedy: 'Ask again when it has started.' },
  'too-many-streams': {
    status: 503,
    title: 'Too many event streams are open',
    remedy: 'Close some, or read GET /api/v1/runs now and then.',
  },
  'not-ready': { status: 503, title: 'Lockstep is not ready', remedy: 'Ask again in a few seconds.' },
  'not-durable': {
    status: 503,
    title: 'The alerts could not be made durable',
    remedy: 'Send them again; the log of Lockstep says what keeps them out of its journal.',
  },
  'scrape-timeout': {
    status: 504,
    title: 'The scrape took too long',
    remedy: 'Raise scrape_timeout in Prometheus, or look why the server does not answer: lockstep status.',
  },
  'journal-full': {
    status: 507,
    title: 'The journal has no space left, so nothing may start',
    remedy: "Free space on the journal's disk.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

export interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}
