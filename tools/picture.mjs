// Draws what a terminal shows as an SVG picture: `lockstep status | node tools/picture.mjs > docs/images/status.svg`.
// Reads text with SGR colours on standard input; FORCE_COLOR=1 makes lockstep write them into a pipe.
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

const colours = { 31: '#f47067', 32: '#57ab5a', 33: '#daaa3f', 34: '#6cb6ff', 36: '#39c5cf' };
const [charWidth, lineHeight, padding] = [8.43, 20, 18];
const lines = readFileSync(0, 'utf8').replaceAll('\r', '').trimEnd().split('\n');
const columns = Math.max(...lines.map((line) => stripVTControlCharacters(line).length));
const width = Math.ceil(columns * charWidth + 2 * padding);
const height = lines.length * lineHeight + 2 * padding;

const rows = lines.map((line, row) => {
  let [column, style] = [0, {}];
  const spans = line.split(/(\u001b\[[0-9;]*m)/).map((part) => {
    if (part.startsWith('\u001b')) {
      style = restyled(style, part.slice(2, -1));
      return '';
    }
    const start = column;
    column += part.length;
    // Runs of spaces collapse in SVG: each run of words is placed by itself.
    return [...part.matchAll(/\S+(?: \S+)*/g)]
      .map(({ 0: words, index }) =>
        span(words, padding + (start + index) * charWidth, padding + (row + 0.75) * lineHeight, style),
      )
      .join('');
  });
  return spans.join('');
});

process.stdout
  .write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" rx="8" fill="#1c2128"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" fill="#cdd9e5" xml:space="preserve">
${rows.join('\n')}
</g>
</svg>
`);

function restyled(style, codes) {
  return codes
    .split(';')
    .map(Number)
    .reduce((now, code) => {
      if (code === 0) return {};
      if (code === 1) return { ...now, bold: true };
      if (code === 2) return { ...now, dim: true };
      if (code === 22) return { ...now, bold: false, dim: false };
      if (code === 39) return { ...now, colour: undefined };
      return { ...now, colour: colours[code] ?? now.colour };
    }, style);
}

function span(text, x, y, { bold, dim, colour }) {
  const style = [
    bold ? ' font-weight="bold"' : '',
    dim ? ' opacity="0.55"' : '',
    colour ? ` fill="${colour}"` : '',
  ].join('');
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" textLength="${(text.length * charWidth).toFixed(1)}"${style}>${escaped}</text>`;
}
