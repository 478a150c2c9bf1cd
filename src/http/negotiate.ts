/** Content types as Prometheus' exposition formats name them. */
export const textType = 'text/plain; version=0.0.4; charset=utf-8';
export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/**
 * Whether an Accept header asks for OpenMetrics 1.0 at least as much as for text. Wildcards count as text: only who
 * names OpenMetrics gets it. Version 0.0.1 is the same format's draft and is not served.
 */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  let open = 0;
  let text = 0;
  for (const { value, parameters, quality } of entries(accept)) {
    const version = parameters.get('version');
    if (value === 'application/openmetrics-text' && (version === undefined || version === '1.0.0'))
      open = Math.max(open, quality);
    if (value === 'text/plain' && (version === undefined || version === '0.0.4')) text = Math.max(text, quality);
  }
  return open > 0 && open >= text;
}

/** Whether an Accept-Encoding header takes gzip. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  const found = [...entries(acceptEncoding)];
  const named = found.find(({ value }) => value === 'gzip' || value === 'x-gzip');
  return ((named ?? found.find(({ value }) => value === '*'))?.quality ?? 0) > 0;
}

interface Entry {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** 0 to 1. */
  readonly quality: number;
}

function* entries(header: string | undefined): Generator<Entry> {
  for (const part of (header ?? '').split(',')) {
    const [value = '', ...rest] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const parameters = new Map(
      rest.map((piece) => {
        const [name = '', given = ''] = piece.split('=');
        return [name.trim(), given.trim().replaceAll('"', '')];
      }),
    );
    const quality = Number(parameters.get('q') ?? '1');
    if (value !== '') yield { value, parameters, quality: Number.isFinite(quality) ? Math.min(1, quality) : 0 };
  }
}
