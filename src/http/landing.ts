import { createHash } from 'node:crypto';
import type { Target } from './ports.js';

const style = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.5rem 0 .3rem}table{border-collapse:collapse;width:100%}
td{padding:.2rem .8rem .2rem 0;border-top:1px solid #8884}nav a{margin-right:1rem}code{font-size:.95em}`;

/** Nothing but the page's own style may load; no script, no frame, no form. */
export const contentPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The page at `/`: the clusters, their servers, and where their series are. */
export function landingPage(targets: readonly Target[]): string {
  const clusters = [...new Set(targets.map((target) => target.cluster))];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lockstep</title>
<style>${style}</style>
</head>
<body>
<h1>Lockstep</h1>
<nav><a href="/metrics">metrics</a><a href="/sd">probe targets</a><a href="/-/ready">readiness</a></nav>
${clusters.map((cluster) => section(cluster, targets)).join('\n')}
</body>
</html>
`;
}

function section(cluster: string, targets: readonly Target[]): string {
  const rows = targets.filter((target) => target.cluster === cluster).map(row);
  return `<h2>${escaped(cluster)}</h2>\n<table>\n${rows.join('\n')}\n</table>`;
}

function row({ cluster, server, address }: Target): string {
  const target = `${encodeURIComponent(cluster)}/${encodeURIComponent(server)}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `<tr><td>${escaped(server)}</td><td><code>${escaped(`${host}:${address.port}`)}</code></td><td><a href="/probe?target=${target}">probe</a></td><td><a href="/role/${target}">role</a></td></tr>`;
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
